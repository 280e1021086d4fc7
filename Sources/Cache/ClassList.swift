import Foundation

/// A model's class names in the form that the ledger stores: a JSON array.
package enum ClassList {
    /// Encodes the names as one text for the ledger.
    package static func encode(_ classes: [String]) -> String {
        (try? JSONEncoder().encode(classes)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    /// Decodes the names from the ledger's text.
    package static func decode(_ text: String) -> [String] {
        (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? []
    }
}
