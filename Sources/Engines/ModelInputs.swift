/// The inputs that a model reads for each chunk.
package struct ModelInputs: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The chunk's samples.
    package static let wave = ModelInputs(rawValue: 1)
    /// The chunk's patch of mel frames.
    package static let mel = ModelInputs(rawValue: 2)
}
