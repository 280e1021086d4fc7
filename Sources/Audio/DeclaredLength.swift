import Foundation

/// The length of a recording as its header, the index of its container, or the last page of an Ogg file gives it. Nothing else
/// of the file is read, so that the lengths of a million files can be found in minutes.
///
/// For dividing work only: whether a header tells the truth is seen when the recording is decoded. What cannot be true for
/// a file of that size counts as not known.
package enum DeclaredLength {
    /// Bytes read at the start of a file: the headers of nearly all files are shorter.
    private static let headBytes = 4096
    /// Bytes read at the end of an Ogg file: more than its largest page.
    private static let tailBytes = 1 << 16
    /// The most bytes that FFmpeg may read of a file for its header and its index.
    private static let mostHeader = 1 << 26
    /// The fewest bytes that a second of sound takes: FLAC of silence, or speech in Opus with its pauses left out.
    private static let fewestBytes = 20.0
    /// The most bytes that a second of compressed sound takes, and of any sound.
    private static let (mostCompressed, mostBytes) = (1.6e6, 1e8)

    /// The recording's length in seconds; nil if the file cannot be read, its format gives no length where this looks for
    /// it, or the length is impossible for the file's size.
    ///
    /// - Parameter bytes: the path's bytes, for names that are not UTF-8.
    package static func seconds(_ path: String, bytes: [UInt8]) -> Double? {
        let raw = bytes.map(CChar.init(bitPattern:)) + [0]
        guard let file = try? FileBytes(raw, path: path, window: headBytes) else { return nil }
        guard let (seconds, most) = length(file), seconds > 0, seconds.isFinite else { return nil }
        let rate = Double(file.size) / seconds
        return rate >= fewestBytes && rate <= most ? seconds : nil
    }

    /// The length in seconds, and the most bytes that a second of such a file can have.
    private static func length(_ file: FileBytes) -> (seconds: Double, mostBytes: Double)? {
        if file.has("WAVE", at: 8) {
            if file.has("RIFF", at: 0) || file.has("RF64", at: 0) || file.has("BW64", at: 0) {
                return wave(file, bigEndian: false).map { ($0, mostBytes) }
            }
            if file.has("RIFX", at: 0) { return wave(file, bigEndian: true).map { ($0, mostBytes) } }
        }
        if file.has("FORM", at: 0), file.has("AIFF", at: 8) || file.has("AIFC", at: 8) {
            return aiff(file).map { ($0, mostBytes) }
        }
        if file.has("OggS", at: 0) {
            return ogg(file).map { ($0, mostCompressed) } ?? stated(file).map { ($0, mostBytes) }
        }
        if let media = ISOMedia(file) { return media.soundSeconds.map { ($0, mostBytes) } }
        var start = 0
        while start < file.size, let tag = MPEGFrames.id3(file, start) { start += tag }
        if file.has("fLaC", at: start) { return flac(file, start) }
        return mpeg(file, start).map { ($0, mostCompressed) } ?? stated(file).map { ($0, mostBytes) }
    }

    /// From the header of any other container, of films too; nil where FFmpeg is not installed.
    private static func stated(_ file: FileBytes) -> Double? {
        guard case .success(let library) = FFmpegLibrary.shared else { return nil }
        return FFmpegFile.statedSeconds(library, file, mostBytes: mostHeader)
    }

    /// From the format's bytes per second and the data that is there, which may be less or more than the header says.
    private static func wave(_ file: FileBytes, bigEndian: Bool) -> Double? {
        var place = 12
        var bytesPerSecond = 0
        // A file has few chunks before its data; a damaged one may seem to have very many.
        for _ in 0..<64 {
            guard let length = file.number(place + 4, 4, bigEndian: bigEndian) else { return nil }
            if file.has("fmt ", at: place) {
                bytesPerSecond = file.number(place + 16, 4, bigEndian: bigEndian) ?? 0
                let rate = file.number(place + 12, 4, bigEndian: bigEndian) ?? 0
                let block = file.number(place + 20, 2, bigEndian: bigEndian) ?? 0
                // In linear formats (1 and 3), what samples take decides, because writers neglect the other number.
                if let kind = file.number(place + 8, 2, bigEndian: bigEndian), kind == 1 || kind == 3 {
                    bytesPerSecond = rate * block
                }
            } else if file.has("data", at: place) {
                let present = file.size - place - 8
                let isOpen = length == 0 || length >= 0xFFFF_FF00
                guard bytesPerSecond > 0, present > 0 else { return nil }
                return Double(isOpen ? present : min(length, present)) / Double(bytesPerSecond)
            }
            place += 8 + length + length & 1
        }
        return nil
    }

    private static func aiff(_ file: FileBytes) -> Double? {
        var place = 12
        for _ in 0..<64 {
            guard let length = file.number(place + 4, 4, bigEndian: true) else { return nil }
            if file.has("COMM", at: place) {
                guard let frames = file.number(place + 10, 4, bigEndian: true),
                    let exponent = file.number(place + 16, 2, bigEndian: true),
                    let mantissa = file.number(place + 18, 4, bigEndian: true)
                else { return nil }
                // An 80-bit float: the value is mantissa / 2^31 * 2^(exponent - 16383), with 32 of 64 bits taken.
                let rate = Double(mantissa) * pow(2, Double(exponent & 0x7FFF) - 16383 - 31)
                return rate > 0 ? Double(frames) / rate : nil
            }
            place += 8 + length + length & 1
        }
        return nil
    }

    private static func flac(_ file: FileBytes, _ start: Int) -> (Double, Double)? {
        guard let head = file.number(start + 4, 4, bigEndian: true), head >> 24 & 0x7F == 0,
            let packed = file.number(start + 18, 4, bigEndian: true),
            let total = file.number(start + 21, 5, bigEndian: true)
        else { return nil }
        let (rate, channels) = (packed >> 12, (packed >> 9 & 7) + 1)
        let bits = (packed >> 4 & 31) + 1
        guard rate > 0 else { return nil }
        // Samples that did not get smaller are stored as they are; tags and pictures may add something.
        return (Double(total & 0xF_FFFF_FFFF) / Double(rate), Double(rate * channels * bits) / 8 * 4)
    }

    private static func ogg(_ file: FileBytes) -> Double? {
        guard let segments = file.number(26, 1) else { return nil }
        let body = 27 + segments
        let rate: Int
        if file.has("\u{1}vorbis", at: body) {
            rate = file.number(body + 12, 4) ?? 0
        } else if file.has("OpusHead", at: body) {
            rate = 48_000
        } else if file.has("\u{7F}FLAC", at: body) {
            rate = (file.number(body + 27, 4, bigEndian: true) ?? 0) >> 12
        } else if file.has("Speex   ", at: body) {
            rate = file.number(body + 36, 4) ?? 0
        } else {
            return nil
        }
        let length = min(tailBytes, file.size)
        let tail = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = buffer.baseAddress.map { file.read(into: $0, at: file.size - length, length) } ?? 0
        }
        let mark = Array("OggS".utf8)
        // The last page on which a packet ends.
        for place in stride(from: tail.count - 27, through: 0, by: -1) where tail[place] == mark[0] {
            guard tail[place..<place + 4].elementsEqual(mark) else { continue }
            let granule = tail[place + 6..<place + 14].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if granule == .max { continue }
            return rate > 0 ? Double(Int64(bitPattern: granule)) / Double(rate) : nil
        }
        return nil
    }

    /// From the first frame's count of frames, or else as if all frames were as long as the first.
    private static func mpeg(_ file: FileBytes, _ start: Int) -> Double? {
        let view = file.view(start, min(headBytes, max(0, file.size - start)))
        guard let header = MPEGHeader(view), !header.isFree, header.length > 4 else { return nil }
        let first = UnsafeRawBufferPointer(rebasing: view.prefix(header.length))
        let framesPerSecond = Double(header.rate) / Double(header.frames)
        if let info = MPEGInfo(first, header), let frames = info.frames, frames > 0 {
            return Double(frames) / framesPerSecond
        }
        return Double(file.size - start) / Double(header.length) / framesPerSecond
    }
}
