import Wording
import YAML

/// A mapping of a model card. Its keys are taken one by one; what is left at the end is not known.
struct CardFields {
    private let path: String
    /// The key that the mapping is the value of; nil for the card itself.
    private let owner: String?
    let line: Int?
    private var entries: [(key: String, node: YAMLNode, line: Int?)] = []
    private var known: [String] = []

    /// - Throws: `ModelError.line` if the value is not a mapping, or a key is not text.
    init(_ node: YAMLNode, path: String, owner: String? = nil, line: Int? = nil) throws {
        self.path = path
        self.owner = owner
        self.line = line ?? node.line
        guard case .mapping(let mapping) = node.content else {
            throw Self.error(
                path, self.line,
                "\(owner.map { "'\($0)'" } ?? "the card") is not a mapping, expected 'key: value' lines")
        }
        for entry in mapping {
            guard let key = entry.key.scalar else {
                throw Self.error(path, entry.key.line, "a key that is not text, expected a word")
            }
            entries.append((key, entry.value, entry.key.line))
        }
    }

    /// An error in a line of the card; a line that is not known is the first.
    static func error(_ path: String, _ line: Int?, _ reason: String) -> ModelError {
        .line(path: path, line: line ?? 1, reason: reason)
    }

    func error(_ line: Int?, _ reason: String) -> ModelError { Self.error(path, line ?? self.line, reason) }

    /// The line of a key that has not been taken; nil if it does not stand there.
    func line(of key: String) -> Int? { entries.first { $0.key == key }?.line }

    /// Takes the value of a key, and the key's line; nil if the key does not stand there.
    mutating func take(_ key: String) -> (node: YAMLNode, line: Int?)? {
        known.append(key)
        guard let place = entries.firstIndex(where: { $0.key == key }) else { return nil }
        let entry = entries.remove(at: place)
        return (entry.node, entry.line)
    }

    /// Takes the text of a key, with the key's line; nil if the key does not stand there.
    ///
    /// - Throws: `ModelError.line` if it is not a single value, or an empty one.
    mutating func text(_ key: String) throws -> (value: String, line: Int?)? {
        guard let (node, line) = take(key) else { return nil }
        guard let text = node.scalar, !text.isEmpty else {
            throw error(line, "'\(key)' is not a single value, expected text")
        }
        return (text, line)
    }

    /// Takes the text of a key that must be there.
    ///
    /// - Throws: `ModelError.line` if it is not.
    mutating func required(_ key: String, _ expected: String) throws -> (value: String, line: Int?) {
        guard let found = try text(key) else { throw missing(key, expected) }
        return found
    }

    /// The error for a key that is not there, or that is misspelt.
    func missing(_ key: String, _ expected: String) -> ModelError {
        if let other = entries.first(where: { NearestName.find($0.key, in: [key]) != nil }) {
            return error(
                other.line,
                "unknown key '\(other.key)'\(owner.map { " of '\($0)'" } ?? "") (is '\(key)' meant?), expected '\(key)': "
                    + expected)
        }
        return error(line, "\(owner.map { "'\($0)'" } ?? "the card") has no '\(key)', expected \(expected)")
    }

    /// Takes a number of a key; nil if the key does not stand there.
    ///
    /// - Parameter isZeroAllowed: whether it may be 0, or so small that it is 0 in single precision.
    /// - Throws: `ModelError.line` if it is not a number of the range.
    mutating func number(_ key: String, _ range: ClosedRange<Double>, isZeroAllowed: Bool = true) throws -> Double? {
        guard let found = try text(key) else { return nil }
        guard let value = Double(found.value), range.contains(value) else {
            throw error(
                found.line,
                "'\(key)' is '\(found.value)', expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        guard isZeroAllowed || Float(value) != 0 else {
            throw error(found.line, "'\(key)' is '\(found.value)', expected a number that is not 0 in single precision")
        }
        return value
    }

    /// Takes a whole number of a key; nil if the key does not stand there.
    ///
    /// - Throws: `ModelError.line` if it is not a whole number of the range.
    mutating func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let found = try text(key) else { return nil }
        guard let value = Int(found.value), range.contains(value) else {
            throw error(
                found.line,
                "'\(key)' is '\(found.value)', expected a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return value
    }

    /// Takes a word of a key; nil if the key does not stand there.
    ///
    /// - Throws: `ModelError.line` if it is none of the words of the type.
    mutating func word<Word: RawRepresentable & CaseIterable>(_ key: String, _: Word.Type) throws -> Word?
    where Word.RawValue == String {
        guard let found = try text(key) else { return nil }
        guard let word = Word(rawValue: found.value) else {
            throw wrong(found, key, Word.allCases.map(\.rawValue))
        }
        return word
    }

    /// The words that say which name was meant; empty if none is near.
    func near(_ word: String, _ names: [String]) -> String {
        NearestName.find(word, in: names).map { " (is '\($0)' meant?)" } ?? ""
    }

    /// The error for a text that is none of the words expected.
    func wrong(_ found: (value: String, line: Int?), _ key: String, _ words: [String]) -> ModelError {
        error(
            found.line,
            "'\(key)' is '\(found.value)'\(near(found.value, words)), expected \(words.count > 1 ? "one of " : "")"
                + words.joined(separator: ", "))
    }

    /// Ends the reading of the mapping.
    ///
    /// - Throws: `ModelError.line` for the first key that nothing has taken.
    func finish() throws {
        guard let left = entries.first else { return }
        throw error(
            left.line,
            "unknown key '\(left.key)'\(owner.map { " of '\($0)'" } ?? "")\(near(left.key, known)), expected one of "
                + known.joined(separator: ", "))
    }
}
