import Foundation

/// A model's class names as the ledger keeps them: a JSON array.
package enum ClassList {
    package static func encode(_ classes: [String]) -> String {
        (try? JSONEncoder().encode(classes)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    package static func decode(_ text: String) -> [String] {
        (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? []
    }
}
