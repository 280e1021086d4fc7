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
    private static let isReady = mpg123_init() == MPG123_OK.rawValue

    let rate: Int
    private(set) var channels: Int
    let mostChannels: Int
    let damage: Damage?
    private(set) var fault: String?
    private let bytes: FileBytes
    private let handle: OpaquePointer
    private let summary: MPEGSummary
    private var walk: MPEGFrames
    /// The samples of one frame, and the range of those not yet returned.
    private let samples: UnsafeMutableBufferPointer<Float>
    private var ready = 0..<0
    /// The number of sample frames that libmpg123 has returned.
    private var decoded: Int64 = 0
    /// The sample frames of the stream that are sound, without the delay and padding of the encoder.
    private let kept: Range<Int64>
    private var isOver = false

    /// - Parameter summary: the summary of the same range, which contains at least one frame.
    /// - Throws: `AudioError` if libmpg123 cannot be started.
    init(_ bytes: FileBytes, _ range: Range<Int>, _ summary: MPEGSummary, _ first: MPEGHeader, path: String)
        throws(AudioError)
    {
        var code: Int32 = 0
        guard Self.isReady, let handle = mpg123_new(nil, &code) else {
            var error = AudioError(.unreadable, path: path, "libmpg123 cannot start: code \(code)")
            if code == MPG123_OUT_OF_MEM.rawValue { error.systemCode = AudioError.shortages.last }
            throw error
        }
        self.handle = handle
        self.bytes = bytes
        self.summary = summary
        walk = MPEGFrames(bytes, range)
        rate = first.rate
        channels = first.channels
        mostChannels = summary.mostChannels
        damage = summary.damage
        samples = .allocate(capacity: 4 * 1152 * 2)
        var start: Int64 = 0
        var end = summary.frames
        if let info = summary.info, let delay = info.delay, let padding = info.padding {
            let (first, last) = (Int64(delay + Self.decoderDelay), summary.frames - Int64(padding - Self.decoderDelay))
            // Numbers that leave less than nothing are wrong: it is better to keep some padding than to lose sound.
            if first <= end { start = first }
            if info.frames == summary.count, last >= start { end = min(end, last) }
        }
        kept = start..<end
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

    var declaredFrames: Int64? { Int64(kept.count) }

    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        fault = nil
        while ready.isEmpty {
            if isOver || !decodeNext() { return 0 }
        }
        let frames = min(ready.count / channels, frames)
        let count = frames * channels
        buffer.update(from: samples.baseAddress! + ready.lowerBound, count: count)
        ready = (ready.lowerBound + count)..<ready.upperBound
        return frames
    }

    func shortfall(heard: Int64) -> String? {
        if decoded < summary.frames {
            return "libmpg123 returned \(decoded) of the \(summary.frames) frames that its MPEG frames hold"
        }
        return nil
    }

    /// Feeds frames until one yields samples; returns false at the end.
    private func decodeNext() -> Bool {
        while case .some(let item) = walk.next() {
            guard case .frame(let at, let length, let header) = item else { continue }
            let view = bytes.view(at, length)
            guard view.count >= length else { break }
            let frame = UnsafeRawBufferPointer(rebasing: view.prefix(length))
            if header.rate != rate || header.layer != summary.first?.layer { break }
            if MPEGInfo(frame, header) != nil { continue }
            if decode(frame, header) { return true }
        }
        isOver = true
        return false
    }

    private func decode(_ frame: UnsafeRawBufferPointer, _ header: MPEGHeader) -> Bool {
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
        return !ready.isEmpty
    }
}
