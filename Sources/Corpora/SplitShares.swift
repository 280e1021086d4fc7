import Errors

/// The splits of a collection by name, each with its share of the clips: `train=0.8,val=0.1,eval=0.1`.
package struct SplitShares: Sendable, Equatable {
    /// A split and its share of the clips.
    package struct Split: Sendable, Equatable {
        package let name: String
        /// The share, above 0 and at most 1.
        package let share: Double
    }

    /// How far from 1 the sum may be: three equal shares may be written as 0.333.
    private static let tolerance = 0.002

    /// The splits in the order in which they were written.
    package let splits: [Split]

    /// Parses the text of `--split`.
    ///
    /// - Throws: `SettingError` if the text has another form, a name is empty or occurs twice, a share is not a number
    ///   above 0 and at most 1, or the shares do not add up to 1.
    package init(_ text: String) throws {
        func wrong(_ found: String) -> SettingError {
            SettingError(
                name: "--split", found: found,
                expected: "names with shares that add up to 1, such as train=0.8,val=0.1,eval=0.1")
        }
        var splits: [Split] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = part.lastIndex(of: "=") else { throw wrong("'\(part)'") }
            let name = LabelText.trimmed(part[..<equals])
            let number = LabelText.trimmed(part[part.index(after: equals)...])
            if name.isEmpty { throw wrong("a share without a name, '\(part)'") }
            if splits.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) { throw wrong("'\(name)' twice") }
            guard let share = Double(number), share > 0, share <= 1 else { throw wrong("'\(number)' for '\(name)'") }
            splits.append(Split(name: name, share: share))
        }
        let sum = splits.reduce(0) { $0 + $1.share }
        guard abs(sum - 1) <= Self.tolerance else { throw wrong("shares that add up to \(Self.short(sum))") }
        self.splits = splits
    }

    /// A number with at most four decimals.
    private static func short(_ value: Double) -> String {
        let parts = Int((value * 10_000).rounded())
        var text = String(parts / 10_000) + "." + String(parts % 10_000 + 10_000).dropFirst()
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
