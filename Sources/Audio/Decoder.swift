/// A decoder of one file: interleaved samples, and information about the whole file.
protocol Decoder: AnyObject {
    /// The sample rate, in Hz.
    var rate: Int { get }
    /// The number of channels of the last samples read. A stream may change between one and two within a file.
    var channels: Int { get }
    var mostChannels: Int { get }
    /// The number of frames that the file states or its frames add up to; nil if it is not known.
    var declaredFrames: Int64? { get }
    /// Missing or damaged parts that the file's structure reveals before decoding; nil if there are none.
    var damage: Damage? { get }

    /// Reads the next samples.
    ///
    /// - Parameter buffer: has space for this many frames of `mostChannels`; frames are written with `channels` samples
    ///   each, without gaps.
    /// - Returns: the number of sample frames, 0 at the end.
    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int

    /// Reads like the other `read`, but keeps the precision that float32 lacks for 32-bit integers and float64.
    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int

    /// The narrowest format that holds every sample of the file as decoded.
    var sampleFormat: SampleFormat { get }

    /// Seeks to a frame, so that the next read gives exactly the samples that reading from the start would give.
    ///
    /// - Returns: false if the codec cannot do so, or not to the exact sample; the position is then unchanged.
    func seek(to frame: Int64) -> Bool

    /// The error of the last read; nil if there was none.
    var fault: String? { get }

    /// Describes what is missing after the last read; nil if everything in the file has been decoded.
    ///
    /// - Parameter heard: the number of sample frames read so far.
    func shortfall(heard: Int64) -> String?
}

/// Defaults for codecs that decode to float32 and cannot seek.
extension Decoder {
    var sampleFormat: SampleFormat { .float32 }
    func seek(to frame: Int64) -> Bool { false }

    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int {
        // The floats are read into the upper half of the buffer and widened from its start, so none is overwritten
        // before it has been read.
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

/// The place where a file is damaged or cut.
struct Damage {
    /// What was found and what was expected, with the byte.
    let reason: String
    /// The number of sample frames before the damage, if known.
    let frames: Int64?

    /// Returns the reason, and how much of the audio before the damage is intact.
    func description(rate: Int) -> String {
        guard let frames else { return reason }
        return "\(reason); whole up to \(Self.length(frames, rate))"
    }

    /// Formats a place, such as "frame 44100 (1.0 s)".
    static func length(_ frames: Int64, _ rate: Int) -> String {
        "frame \(frames) (\((Double(frames) / Double(max(1, rate)) * 100).rounded() / 100) s)"
    }
}
