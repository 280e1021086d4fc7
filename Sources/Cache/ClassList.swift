import Foundation

/// A model's class names as the ledger keeps them: a JSON array.
package enum ClassList {
    /// The names as one text for the ledger.
    package static func encode(_ classes: [String]) -> String {
        (try? JSONEncoder().encode(classes)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    /// The names out of the ledger's text.
    package static func decode(_ text: String) -> [String] {
        (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? []
    }
}
