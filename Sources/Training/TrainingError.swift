/// Why a training or an evaluation cannot begin, or had to end.
package struct TrainingError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// A manifest, a model or a checkpoint does not fit.
        case badInput
        case usage
        /// A file could not be written.
        case inputOutput
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
