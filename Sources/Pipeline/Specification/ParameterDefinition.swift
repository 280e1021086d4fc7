/// One parameter of a stage: its key, what values it takes and its default.
package struct ParameterDefinition: Sendable {
    /// What a parameter's text must be.
    package enum Kind: Sendable {
        case choice([String])
        case number(ClosedRange<Double>)
        case integer(ClosedRange<Int>)
        /// A path; its content, not its name, is what counts.
        case file
    }

    /// Its name in the pipeline file.
    package let key: String
    package let kind: Kind
    /// nil: the parameter must be given, unless it is optional.
    package let fallback: String?
    /// True where it may be left out; then it is not among a node's parameters.
    package let isOptional: Bool
    package let help: String
    /// False for what changes speed only, never a result: it stays out of the fingerprint.
    package let affectsResult: Bool
    /// The failure classes that another value may turn into success; nil: all of them.
    package let decidesFailures: [String]?

    package init(
        _ key: String, _ kind: Kind, default fallback: String?, optional: Bool = false, affectsResult: Bool = true,
        decidesFailures: [String]? = nil, help: String
    ) {
        self.key = key
        self.kind = kind
        self.fallback = fallback
        isOptional = optional
        self.affectsResult = affectsResult
        self.decidesFailures = decidesFailures
        self.help = help
    }

    /// What a value must look like, for messages.
    package var expectation: String {
        switch kind {
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .file: "a path"
        }
    }

    /// The value in its one canonical spelling, or nil where it does not fit.
    package func canonical(_ text: String) -> String? {
        switch kind {
        case .choice(let names): names.contains(text) ? text : nil
        case .number(let range):
            Double(text).flatMap { range.contains($0) ? String($0) : nil }
        case .integer(let range):
            Int(text).flatMap { range.contains($0) ? String($0) : nil }
        case .file: text.isEmpty ? nil : text
        }
    }
}
