import Errors

/// One parameter of a stage: its key, the values it accepts and its default.
package struct ParameterDefinition: Sendable {
    /// What a parameter's text must be.
    package enum Kind: Sendable {
        case choice([String])
        case number(ClosedRange<Double>)
        case integer(ClosedRange<Int>)
        /// One word, or a whole number.
        case integerOr(String, ClosedRange<Int>)
        /// A path; what counts is the file's content, not its name.
        case file
    }

    /// Its name in the pipeline file.
    package let key: String
    package let kind: Kind
    /// nil: the parameter must be given, unless it is optional.
    package let fallback: String?
    /// True if it may be left out; it is then not among a node's parameters.
    package let isOptional: Bool
    package let help: String
    /// False for a parameter that changes only speed, never a result: it stays out of the fingerprint. Also false if its
    /// value does not say what it means; the stage kind then resolves it, and the result is in the fingerprint.
    package let affectsResult: Bool
    /// True for a parameter that is younger than the caches: its default stays out of the fingerprint, so that results
    /// from before it existed are still valid.
    package let omitsDefault: Bool
    /// The failure classes that a different value may turn into success; nil: all of them.
    package let decidesFailures: [FailureClass]?

    package init(
        _ key: String, _ kind: Kind, default fallback: String?, optional: Bool = false, affectsResult: Bool = true,
        omitsDefault: Bool = false, decidesFailures: [FailureClass]? = nil, help: String
    ) {
        self.key = key
        self.kind = kind
        self.fallback = fallback
        isOptional = optional
        self.affectsResult = affectsResult
        self.omitsDefault = omitsDefault
        self.decidesFailures = decidesFailures
        self.help = help
    }

    /// Whether a value other than the default makes a fault of a file acceptable. Such a value changes nothing for files
    /// without that fault, which would have failed otherwise.
    package var acceptsFaults: Bool { decidesFailures.map { !$0.isEmpty } ?? false }

    /// What a value must look like, for messages.
    package var expectation: String {
        switch kind {
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .integerOr(let word, let range):
            "\(word) or a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .file: "a path"
        }
    }

    /// The value in its one canonical spelling, or nil if it is not valid.
    package func canonical(_ text: String) -> String? {
        switch kind {
        case .choice(let names): names.contains(text) ? text : nil
        case .number(let range):
            Double(text).flatMap { range.contains($0) ? String($0) : nil }
        case .integer(let range):
            Int(text).flatMap { range.contains($0) ? String($0) : nil }
        case .integerOr(let word, let range):
            text == word ? word : Int(text).flatMap { range.contains($0) ? String($0) : nil }
        case .file: text.isEmpty ? nil : text
        }
    }
}
