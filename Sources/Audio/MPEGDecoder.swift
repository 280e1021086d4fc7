import Errors
import CMpg123

/// Decodes MPEG-1, MPEG-2 and MPEG-2.5 audio of all three layers with libmpg123.
///
/// libmpg123 receives single frames from `MPEGFrames`, never the file. So tags, a guessed length or its own search for
/// the next header cannot change how much is decoded, and a frame that yields no samples is noticed. libsndfile, which
/// uses the same library, guesses the length of a file without a Xing header, stops there, and lets libmpg123 print to
/// standard error.
final class MPEGDecoder: Decoder {
    /// The number of samples that libmpg123 adds to an encoder's delay: the delay of the decoder's own filter bank.
    private static let decoderDelay = 529
    /// The MPEG frames decoded and dropped after a seek. A frame's data may begin up to 511 bytes before it, which at the
    /// lowest bit rate of MPEG-1 are eight frames; the filter banks remember two more.
    private static let leadFrames = 32
    /// Decoding must begin at a multiple of so many frames: libmpg123 adds up the products of its filter bank in an
    /// order that comes again after a few frames.
    private static let cycle = 8

    let rate: Int
    let mostChannels: Int
    let damage: Damage?
    private(set) var fault: String?
    private let bytes: FileBytes
    private let range: Range<Int>
    private let first: MPEGHeader
    private let summary: MPEGSummary
    private var stream: MPEGStream
    private var walk: MPEGFrames
    /// The sample frames of the stream that are sound, without the delay and padding of the encoder.
    private let kept: Range<Int64>
    private var isOver = false

    /// - Parameter summary: the summary of the same range, which contains at least one frame.
    /// - Throws: `AudioError` if libmpg123 cannot be started.
    init(_ bytes: FileBytes, _ range: Range<Int>, _ summary: MPEGSummary, _ first: MPEGHeader, path: String)
        throws(AudioError)
    {
        switch MPEGStream.open(channels: first.channels) {
        case .success(let opened): stream = opened
        case .failure(let refusal):
            var error = AudioError(.unreadable, path: path, "libmpg123 cannot start: code \(refusal.code)")
            if refusal.code == MPG123_OUT_OF_MEM.rawValue { error.systemCode = AudioError.shortages.last }
            throw error
        }
        self.bytes = bytes
        self.range = range
        self.summary = summary
        self.first = first
        walk = MPEGFrames(bytes, range)
        rate = first.rate
        mostChannels = summary.mostChannels
        damage = summary.damage
        var start: Int64 = 0
        var end = summary.frames
        if let info = summary.info, let delay = info.delay, let padding = info.padding {
            let (first, last) = (Int64(delay + Self.decoderDelay), summary.frames - Int64(padding - Self.decoderDelay))
            // Numbers that leave less than nothing are wrong: it is better to keep some padding than to lose sound.
            if first <= end { start = first }
            if info.frames == summary.count, last >= start { end = min(end, last) }
        }
        kept = start..<end
        stream.kept = kept
    }

    var channels: Int { stream.channels }
    var declaredFrames: Int64? { Int64(kept.count) }

    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        fault = nil
        while stream.isEmpty {
            if isOver || !decodeNext() { return 0 }
        }
        return stream.take(frames, into: buffer)
    }

    /// Decodes a few frames before the wanted one, so that libmpg123 is in the state that decoding from the start would
    /// have left it in, and gives the same bits.
    ///
    /// Only in layer III of MPEG-1. In MPEG-2, a frame whose data begins before the first one fed leaves libmpg123's
    /// filter bank elsewhere in its cycle, and last bits differ from then on; layers I and II were not tried.
    func seek(to frame: Int64) -> Bool {
        guard damage == nil, first.layer == 3, first.version == .one, frame >= 0, frame < Int64(kept.count)
        else { return false }
        let target = kept.lowerBound + frame
        // All frames of a stream have the same length, or they would not belong to one.
        let length = Int64(first.frames)
        let number = max(0, (Int(target / length) - Self.leadFrames) / Self.cycle * Self.cycle)
        guard summary.places.indices.contains(number / summary.spacing),
            case .success(let other) = MPEGStream.open(channels: first.channels)
        else { return false }
        var ahead = MPEGFrames(bytes, range)
        guard Self.nextFrame(&ahead) != nil else { return false }
        ahead.move(to: summary.places[number / summary.spacing])
        var index = number / summary.spacing * summary.spacing
        while index < number {
            guard let next = Self.nextFrame(&ahead), isSound(next) else { return false }
            index += 1
        }
        other.kept = target..<kept.upperBound
        other.decoded = Int64(number) * length
        while other.isEmpty {
            let before = other.decoded
            guard let next = Self.nextFrame(&ahead), isSound(next), let view = view(next),
                other.decode(view, next.header) == nil, other.decoded == before + length
            else { return false }
        }
        (stream, walk, isOver, fault) = (other, ahead, false, nil)
        return true
    }

    func shortfall(heard: Int64) -> String? {
        if stream.decoded < summary.frames {
            return "libmpg123 returned \(stream.decoded) of the \(summary.frames) frames that its MPEG frames hold"
        }
        return nil
    }

    /// A frame of the walk.
    private typealias Frame = (at: Int, length: Int, header: MPEGHeader)

    private static func nextFrame(_ walk: inout MPEGFrames) -> Frame? {
        while let item = walk.next() {
            if case .frame(let at, let length, let header) = item { return (at, length, header) }
        }
        return nil
    }

    /// The bytes of a frame; nil if the file has become shorter.
    private func view(_ frame: Frame) -> UnsafeRawBufferPointer? {
        let view = bytes.view(frame.at, frame.length)
        return view.count >= frame.length ? UnsafeRawBufferPointer(rebasing: view.prefix(frame.length)) : nil
    }

    /// Whether a frame is one of the stream's that holds sound.
    private func isSound(_ frame: Frame) -> Bool {
        guard frame.header.rate == rate, frame.header.layer == first.layer, let view = view(frame) else { return false }
        return MPEGInfo(view, frame.header) == nil
    }

    /// Feeds frames until one yields samples; returns false at the end.
    private func decodeNext() -> Bool {
        while let next = Self.nextFrame(&walk) {
            guard let frame = view(next) else { break }
            if next.header.rate != rate || next.header.layer != first.layer { break }
            if MPEGInfo(frame, next.header) != nil { continue }
            if let found = stream.decode(frame, next.header) { fault = found }
            if !stream.isEmpty { return true }
        }
        isOver = true
        return false
    }
}

/// A handle of libmpg123 that decodes frame by frame.
private final class MPEGStream {
    /// libmpg123's error code if it does not start.
    struct Refusal: Error { let code: Int32 }

    private static let isReady = mpg123_init() == MPG123_OK.rawValue

    /// The number of channels of the last frame.
    private(set) var channels: Int
    /// The sample frames of the stream that are returned.
    var kept: Range<Int64> = 0..<0
    /// The number of sample frames of the stream up to the end of the last frame decoded.
    var decoded: Int64 = 0
    private let handle: OpaquePointer
    /// The samples of one frame, and the range of those not yet returned.
    private let samples: UnsafeMutableBufferPointer<Float>
    private var ready = 0..<0

    static func open(channels: Int) -> Result<MPEGStream, Refusal> {
        var code: Int32 = 0
        guard isReady, let handle = mpg123_new(nil, &code) else { return .failure(Refusal(code: code)) }
        return .success(MPEGStream(handle, channels))
    }

    private init(_ handle: OpaquePointer, _ channels: Int) {
        self.handle = handle
        self.channels = channels
        samples = .allocate(capacity: 4 * 1152 * 2)
        let on =
            MPG123_QUIET.rawValue | MPG123_FORCE_FLOAT.rawValue | MPG123_NO_READAHEAD.rawValue
            | MPG123_IGNORE_INFOFRAME.rawValue | MPG123_SKIP_ID3V2.rawValue
        let off = MPG123_GAPLESS.rawValue | MPG123_AUTO_RESAMPLE.rawValue
        mpg123_param(handle, MPG123_ADD_FLAGS, Int(on), 0)
        mpg123_param(handle, MPG123_REMOVE_FLAGS, Int(off), 0)
        mpg123_open_feed(handle)
    }

    deinit {
        mpg123_delete(handle)
        samples.deallocate()
    }

    /// Whether all samples of the last frame have been returned.
    var isEmpty: Bool { ready.isEmpty }

    /// Copies the next samples of the last frame and returns the number of sample frames.
    func take(_ frames: Int, into buffer: UnsafeMutablePointer<Float>) -> Int {
        let frames = min(ready.count / channels, frames)
        let count = frames * channels
        buffer.update(from: samples.baseAddress! + ready.lowerBound, count: count)
        ready = (ready.lowerBound + count)..<ready.upperBound
        return frames
    }

    /// Decodes a frame and returns the error; nil if there was none.
    func decode(_ frame: UnsafeRawBufferPointer, _ header: MPEGHeader) -> String? {
        var fault: String?
        var input = frame.bindMemory(to: UInt8.self)
        var filled = 0
        for _ in 0..<8 {
            var done = 0
            let room = (samples.count - filled) * MemoryLayout<Float>.size
            let code = mpg123_decode(
                handle, input.baseAddress, input.count, UnsafeMutableRawPointer(samples.baseAddress! + filled), room,
                &done)
            input = UnsafeBufferPointer(start: nil, count: 0)
            filled += done / MemoryLayout<Float>.size
            if code == MPG123_NEED_MORE.rawValue { break }
            if code == MPG123_NEW_FORMAT.rawValue || code == MPG123_OK.rawValue { continue }
            fault = "libmpg123: " + String(cString: mpg123_strerror(handle))
            break
        }
        channels = header.channels
        let count = Int64(filled / channels)
        let first = decoded
        decoded += count
        let start = min(max(kept.lowerBound - first, 0), count)
        let end = min(max(kept.upperBound - first, start), count)
        ready = Int(start) * channels..<Int(end) * channels
        return fault
    }
}
