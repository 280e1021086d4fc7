/// One clip of the synthetic corpus, before it is written.
package struct SynthClip: Sendable, Equatable {
    /// The file's name without its extension: digits, as on Freesound.
    package var name: String
    package var split: String
    package var sounds: [SynthSound]
    package var seconds: Double
    package var rate: Int
    package var channels: Int
    /// The clip's own random stream.
    var stream: Int
}
