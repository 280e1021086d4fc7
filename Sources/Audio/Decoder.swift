/// One codec: interleaved samples, and what it knows of the whole.
protocol Decoder: AnyObject {
    /// Sample frames per second.
    var rate: Int { get }
    /// Of the samples that `read` last gave. A stream may go from one to two within a file.
    var channels: Int { get }
    var mostChannels: Int { get }
    /// What the file promises or its frames add up to; nil: not known.
    var declaredFrames: Int64? { get }
    /// What the file's own structure says is missing or damaged, found before anything is decoded; nil: nothing.
    var damage: Damage? { get }

    /// - Parameter buffer: holds so many frames of `mostChannels`; they lie as close as `channels` are.
    /// - Returns: sample frames, 0 at the end.
    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int

    /// As the other `read`, with every bit of samples that float32 does not hold: 32-bit integers and float64.
    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int

    /// The narrowest format that holds every sample of the file as it is decoded.
    var sampleFormat: SampleFormat { get }

    /// Goes to a frame, from which the next read gives the very samples that reading from the start would give.
    ///
    /// - Returns: false where the codec cannot, or not to the sample; it is then where it was.
    func seek(to frame: Int64) -> Bool

    /// What went wrong in the last read; nil: nothing.
    var fault: String? { get }

    /// What is missing after the last read; nil if everything in the file has been decoded.
    ///
    /// - Parameter heard: sample frames read so far.
    func shortfall(heard: Int64) -> String?
}

/// What holds of codecs that decode to float32 from the start on.
extension Decoder {
    var sampleFormat: SampleFormat { .float32 }
    func seek(to frame: Int64) -> Bool { false }

    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int {
        // The floats go into the buffer's upper half and are widened from its start on: none is overwritten before its turn.
        let room = frames * mostChannels
        return buffer.withMemoryRebound(to: Float.self, capacity: 2 * room) { floats in
            let count = read(into: floats + room, frames: frames)
            let samples = max(0, count) * channels
            for index in 0..<samples {
                let value = Double(floats[room + index])
                UnsafeMutableRawPointer(floats).storeBytes(of: value, toByteOffset: 8 * index, as: Double.self)
            }
            return count
        }
    }
}

/// Where a file is damaged or cut.
struct Damage {
    /// What was found and expected, with its byte.
    let reason: String
    /// Sample frames before it, where known.
    let frames: Int64?

    /// The reason, and how much can be heard before the place.
    func description(rate: Int) -> String {
        guard let frames else { return reason }
        return "\(reason); whole up to \(Self.length(frames, rate))"
    }

    /// "frame 44100 (1.0 s)".
    static func length(_ frames: Int64, _ rate: Int) -> String {
        "frame \(frames) (\((Double(frames) / Double(max(1, rate)) * 100).rounded() / 100) s)"
    }
}
