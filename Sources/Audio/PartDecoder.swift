import Errors

/// Decodes a part of what another decoder decodes: exactly the samples that decoding all of it gives there.
///
/// It seeks if the other decoder can reach the very sample; if not, what comes before the part is decoded and dropped.
final class PartDecoder: Decoder {
    /// The number of sample frames decoded at a time where a channel is picked, or frames are dropped.
    private static let block = 8192

    let rate: Int
    let mostChannels: Int
    let declaredFrames: Int64?
    let damage: Damage?
    /// The first frame of the part, counted in the recording.
    let first: Int64
    private let end: Int64?
    private let part: RecordingPart
    private let whole: any Decoder
    /// The samples of all channels; empty if neither a channel is picked nor anything dropped.
    private let scratch: UnsafeMutableBufferPointer<Double>
    /// The frame of the recording that is read next.
    private var place: Int64 = 0
    /// Whether the recording ended before the part's start.
    private(set) var isPastEnd = false

    /// Moves to the part's start if the decoder can seek there.
    ///
    /// - Throws: `AudioError` if the recording does not have the channel, or is known to end before the part begins.
    init(_ whole: any Decoder, _ part: RecordingPart, path: String) throws(AudioError) {
        self.whole = whole
        self.part = part
        rate = whole.rate
        guard (1...1 << 30).contains(rate) else { throw AudioError(.invalid, path: path, "found \(rate) Hz") }
        first = part.firstFrame(rate: rate)
        end = part.endFrame(rate: rate)
        let channels = whole.mostChannels
        if let channel = part.channel, channel > channels {
            throw AudioError(
                .invalid, path: path,
                "found \(channels) \(channels == 1 ? "channel" : "channels"), expected at least \(channel), of which "
                    + "the last is the clip")
        }
        mostChannels = part.channel == nil ? channels : 1
        if let end, end <= first {
            throw AudioError(.empty, path: path, "the part '\(part.text)' holds no sample at \(rate) Hz", offset: first)
        }
        let length = whole.declaredFrames
        declaredFrames = length.map { [first, end] in max(0, min(end ?? .max, $0) - first) }
        // Damage behind the part is not the part's.
        damage = whole.damage.flatMap { [end] damage in
            if let frames = damage.frames, let end, end <= frames { nil } else { damage }
        }
        scratch = .allocate(capacity: Self.block * max(1, min(channels, 1024)))
        if let length, first >= length, whole.damage == nil {
            throw AudioError(.invalid, path: path, Self.pastEnd(part, length, rate), offset: length)
        }
        if first > 0, whole.seek(to: first) { place = first }
    }

    deinit { scratch.deallocate() }

    var channels: Int { part.channel == nil ? whole.channels : 1 }
    var sampleFormat: SampleFormat { whole.sampleFormat }
    var fault: String? { whole.fault }

    /// The number of frames that have to be decoded and dropped before the part begins.
    var framesBefore: Int64 { max(0, first - place) }

    /// Decodes and drops what comes before the part.
    ///
    /// - Parameter most: the maximum number of frames.
    /// - Returns: false if the part begins here, or the recording ended before.
    func approach(most: Int64 = .max) -> Bool {
        var left = most
        while place < first, !isPastEnd, left > 0 {
            let wanted = Int(min(Int64(Self.block), first - place, left))
            let count = whole.read(into: scratch.baseAddress!, frames: wanted)
            if count <= 0 {
                isPastEnd = true
                return false
            }
            place += Int64(count)
            left -= Int64(count)
            // The caller must see the fault before another read clears it.
            if whole.fault != nil { break }
        }
        return place < first && !isPastEnd
    }

    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        guard let wanted = wanted(frames) else { return 0 }
        guard let channel = part.channel else { return pass(whole.read(into: buffer, frames: wanted)) }
        return scratch.withMemoryRebound(to: Float.self) { floats in
            pick(channel, wanted) {
                whole.read(into: floats.baseAddress!, frames: $0)
            } put: {
                buffer[$0] = floats[$1]
            }
        }
    }

    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int {
        guard let wanted = wanted(frames) else { return 0 }
        guard let channel = part.channel else { return pass(whole.read(into: buffer, frames: wanted)) }
        return pick(channel, wanted) {
            whole.read(into: scratch.baseAddress!, frames: $0)
        } put: {
            buffer[$0] = scratch[$1]
        }
    }

    /// The number of frames to read, at most those left of the part; nil at its end.
    private func wanted(_ frames: Int) -> Int? {
        while approach() { if whole.fault != nil { return nil } }
        let left = end.map { $0 - place } ?? .max
        return isPastEnd || left <= 0 ? nil : Int(min(Int64(frames), left))
    }

    private func pass(_ count: Int) -> Int {
        place += Int64(max(0, count))
        return count
    }

    /// Reads through the scratch buffer and keeps one channel.
    ///
    /// - Parameters:
    ///   - read: fills the scratch buffer with at most so many frames.
    ///   - put: copies to a place of the output from a place of the scratch buffer.
    private func pick(_ channel: Int, _ wanted: Int, read: (Int) -> Int, put: (Int, Int) -> Void) -> Int {
        var done = 0
        while done < wanted {
            let count = read(min(Self.block, wanted - done))
            guard count > 0 else { break }
            // A stream may change from two channels to one within a file: the one is then both.
            let own = whole.channels
            for frame in 0..<count { put(done + frame, frame * own + min(channel, own) - 1) }
            done += count
            place += Int64(count)
            if whole.fault != nil { break }
        }
        return done
    }

    func seek(to frame: Int64) -> Bool {
        guard frame >= 0, whole.seek(to: first + frame) else { return false }
        place = first + frame
        isPastEnd = false
        return true
    }

    func shortfall(heard: Int64) -> String? {
        if let end, place >= end { return nil }
        if let found = whole.shortfall(heard: place) { return found }
        guard let end, place >= first else { return nil }
        return "ends at \(Damage.length(place, rate)), the part goes on to \(Damage.length(end, rate))"
    }

    /// Says that the recording ended before the part began.
    var pastEnd: String { Self.pastEnd(part, place, rate) }

    private static func pastEnd(_ part: RecordingPart, _ frames: Int64, _ rate: Int) -> String {
        let seconds = (Double(frames) / Double(rate) * 1000).rounded() / 1000
        return "found \(seconds) s, expected more than \(RecordingPart.decimal(part.start)) s, where the part begins"
    }
}
