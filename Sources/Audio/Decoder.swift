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

    /// What went wrong in the last read; nil: nothing.
    var fault: String? { get }

    /// What is missing after the last read; nil: all that the file holds has been heard.
    ///
    /// - Parameter heard: sample frames that were read.
    func shortfall(heard: Int64) -> String?
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
