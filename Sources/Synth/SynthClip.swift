/// One clip of the made-up corpus, before it is written.
package struct SynthClip: Sendable, Equatable {
    /// The file's name without its ending: digits, as Freesound has it.
    package var name: String
    package var split: String
    package var sounds: [SynthSound]
    package var seconds: Double
    package var rate: Int
    package var channels: Int
    /// Its own stream of chance.
    var stream: Int
}
