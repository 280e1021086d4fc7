/// A setting whose value is out of range, no matter who set it.
package struct SettingError: EarmarkError, Equatable {
    package let name: String
    package let found: String
    package let expected: String

    package init(name: String, found: String, expected: String) {
        self.name = name
        self.found = found
        self.expected = expected
    }

    package var category: ErrorCategory { .usage }
    package var place: ErrorPlace? { ErrorPlace(name) }
    package var message: String { "found \(found), expected \(expected)" }
}
