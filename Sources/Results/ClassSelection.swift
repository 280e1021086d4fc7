import Corpora
import Errors

/// The classes for which labels or events are wanted.
package struct ClassSelection: Sendable, Equatable {
    /// Indices of the chosen classes, ascending.
    package let places: [Int]

    /// - Parameters:
    ///   - only: names; none for all classes.
    ///   - not: names of classes to leave out.
    /// - Throws: `SettingError` for a name that is not a class, with the closest matches, or if no class is left.
    package init(only: [String], not: [String], classes: ClassNames) throws {
        func places(_ names: [String], _ option: String) throws -> [Int] {
            try names.map { name in
                guard let place = classes.place(of: name) else {
                    throw SettingError(
                        name: option, found: "class '\(name)'", expected: classes.expected(name))
                }
                return place
            }
        }
        let wanted = try Set(only.isEmpty ? Array(classes.names.indices) : places(only, "--class"))
        let left = try wanted.subtracting(places(not, "--not-class")).sorted()
        guard !left.isEmpty else {
            throw SettingError(
                name: "--not-class", found: "every class that was chosen", expected: "at least one class left")
        }
        self.places = left
    }
}
