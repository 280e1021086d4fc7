import Errors
import Files
import Glibc

/// Whether a file is audio, and whether Earmark can read it: judged by its name, or else by its first bytes.
package enum AudioKind: Equatable, Sendable {
    /// A format that the decoder reads. `byContents` if this shows in the contents but not in the name.
    case readable(byContents: Bool)
    /// Audio, or video that may have sound, in a format that the decoder does not read.
    case foreign
    /// Not known to be audio.
    case other

    /// Endings, in lower case, of formats that libsndfile, and libmpg123 for MPEG audio, read: those that nothing else
    /// uses, and those of formats whose first bytes have no signature (gsm, vox, htk, sd2).
    package static let readableEndings: Set<String> = [
        "wav", "wave", "bwf", "rf64", "w64", "wavex", "flac", "ogg", "oga", "opus", "mp3", "mp2", "mp1", "mpa", "mpga",
        "aif", "aiff", "aifc", "au", "snd", "caf", "8svx", "svx", "nist", "sph", "voc", "ircam", "sf", "paf", "fap",
        "pvf", "xi", "sds", "sd2", "avr", "wve", "gsm", "vox", "htk",
    ]

    /// Endings of formats that FFmpeg's libraries read, films among them: whether a film has sound shows when it is
    /// decoded.
    package static let mediaEndings: Set<String> = [
        "m4a", "m4b", "m4r", "mp4", "m4v", "mov", "3gp", "3g2", "aac", "adts", "wma", "wmv", "asf", "amr", "awb",
        "webm",
        "weba", "mka", "mkv", "avi", "ape", "wv", "mpc", "mpp", "dsf", "dff", "tta", "tak", "spx", "ra", "rm", "ac3",
        "eac3", "ec3", "dts", "mlp", "thd", "qcp", "shn", "mpg", "mpeg", "m2ts", "mts", "flv", "ogv",
    ]

    /// Endings of formats that no library here reads: OptimFROG, and what is sold encrypted.
    package static let foreignEndings: Set<String> = ["m4p", "ofr", "ofs", "aa", "aax"]

    /// Number of bytes that `of(head:)` examines: the longest MPEG frame and the header of the next.
    package static let headSize = 4096

    /// The kind that a name indicates; nil if it indicates none.
    package static func of(name: String) -> AudioKind? {
        let ending = ending(of: name)
        return readableEndings.contains(ending) || mediaEndings.contains(ending)
            ? .readable(byContents: false) : foreignEndings.contains(ending) ? .foreign : nil
    }

    /// A name's ending in lower case, without the dot; empty if it has none.
    package static func ending(of name: String) -> String {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.utf8.startIndex else { return "" }
        return String(name.utf8[name.utf8.index(after: dot)...]).map { $0.lowercased() } ?? ""
    }

    /// The kind of a file, judged by its name, or else by its first bytes. A name of a readable format is believed, so
    /// that a damaged file is listed and its fault recorded when it is decoded; a name of a foreign format is checked
    /// against the contents.
    ///
    /// - Throws: `FileError` if the file cannot be read.
    package static func of(path: String, name: String) throws -> AudioKind {
        try of(name: name) { try head(path) }
    }

    /// The same for a file whose first `headSize` bytes `head` reads.
    ///
    /// - Throws: what `head` throws.
    package static func of(name: String, head: () throws -> [UInt8]) rethrows -> AudioKind {
        let named = of(name: name)
        if case .readable = named { return .readable(byContents: false) }
        let head = try head()
        // A tag may precede any format, so it does not contradict the name.
        if let named, head.starts(with: "ID3".utf8) { return named }
        let found = of(head: head)
        return found == .other ? named ?? .other : found
    }

    /// The kind that a file's first bytes indicate.
    package static func of(head: [UInt8]) -> AudioKind {
        let bytes = Head(bytes: head)
        if isReadable(bytes) || isMedia(bytes) { return .readable(byContents: true) }
        return isForeign(bytes) ? .foreign : .other
    }

    private static func isReadable(_ head: Head) -> Bool {
        if head.has("RIFF"), head.has("WAVE", at: 8) { return true }
        if head.has("RIFX"), head.has("WAVE", at: 8) { return true }
        if head.has("RF64"), head.has("WAVE", at: 8) { return true }
        if head.has("riff\u{2E}\u{91}", latin: true), head.has("wave", at: 24) { return true }
        if head.has("FORM") { return ["AIFF", "AIFC", "8SVX", "16SV"].contains { head.has($0, at: 8) } }
        if head.has("OggS") {
            let codecs = [[1] + Array("vorbis".utf8), Array("OpusHead".utf8), [0x7F] + Array("FLAC".utf8)]
            return codecs.contains { head.holds($0, before: 512) }
        }
        let marks = [
            "fLaC", "ID3", "caff\u{0}\u{1}", ".snd", "dns.", "NIST_1A\n", "Creative Voice File\u{1A}", "2BIT", " paf",
            "fap ",
            "PVF1\n", "Extended Instrument: ", "ALawSoundFile**",
        ]
        if marks.contains(where: { head.has($0) }) { return true }
        // IRCAM, recognized by its first word in either byte order.
        if head[0] == 0x64, head[1] == 0xA3, head[2] <= 4, head[3] == 0 { return true }
        if head[0] == 0, head[1] <= 4, head[2] == 0xA3, head[3] == 0x64 { return true }
        // A MIDI sample dump.
        if head[0] == 0xF0, head[1] == 0x7E, head[3] == 0x01, head.bytes.count > 21 { return true }
        // MATLAB files may hold anything; those with sound in the form that the decoder knows name its rate.
        if head.has("samplerate", at: 20) { return true }
        if head.has("MATLAB 5.0 MAT-file"), head.holds(Array("samplerate".utf8), before: 512) { return true }
        return isMPEG(head)
    }

    /// Whether the file is OptimFROG or AAC with the header ADIF, or is sold encrypted (an Audible book in an ISO base media file).
    private static func isForeign(_ head: Head) -> Bool {
        head.has("OFR ") || head.has("ADIF")
            || head.has("ftyp", at: 4) && ["aax ", "aaxc", "M4P "].contains { head.has($0, at: 8) }
    }

    /// Whether the file is one that FFmpeg's libraries read.
    private static func isMedia(_ head: Head) -> Bool {
        if isForeign(head) { return false }
        // ISO base media: a picture (HEIC, AVIF) has the same box.
        if head.has("ftyp", at: 4) {
            return !["heic", "heix", "mif1", "msf1", "avif", "avis", "jxl "].contains { head.has($0, at: 8) }
        }
        if head.has("RIFF") { return head.has("AVI ", at: 8) || head.has("QLCM", at: 8) }
        if head.has("OggS") { return true }
        let marks = [
            "#!AMR", "MAC ", "wvpk", "MPCK", "MP+", "DSD ", "FRM8", "TTA1", "TTA2", "tBaK", ".RMF",
            ".ra\u{FD}",
            "FLV\u{1}", "ajkg",
        ]
        if marks.contains(where: { head.has($0, latin: true) }) { return true }
        let numbers: [[UInt8]] = [
            [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11],  // ASF: WMA, WMV
            [0x1A, 0x45, 0xDF, 0xA3],  // Matroska, WebM
            [0x7F, 0xFE, 0x80, 0x01], [0x00, 0x00, 0x01, 0xBA],  // DTS; MPEG programme stream
        ]
        // An MPEG transport stream: packets of 188 bytes, with four bytes before each on a camcorder's disc.
        let isTransport = [(0, 188), (4, 192)].contains { start, step in
            (0..<4).allSatisfy { head[start + $0 * step] == 0x47 }
        }
        return isTransport || numbers.contains { head.bytes.starts(with: $0) } || isADTS(head)
    }

    /// Whether the file begins with two consecutive frames of MPEG audio, layer I to III. A single header has only
    /// eleven fixed bits, which may be there by chance: the byte order mark of UTF-16 text has them.
    private static func isMPEG(_ head: Head) -> Bool {
        guard let length = frameLength(head, at: 0), length >= 24 else { return false }
        guard frameLength(head, at: length) != nil else { return false }
        // Version, layer and sample rate are the same in both.
        return head[1] & 0xFE == head[length + 1] & 0xFE && head[2] & 0x0C == head[length + 2] & 0x0C
    }

    /// Length in bytes of the frame whose header is at `place`; nil if there is no header, or it does not give the
    /// length.
    private static func frameLength(_ head: Head, at place: Int) -> Int? {
        guard place + 4 <= head.bytes.count, head[place] == 0xFF, head[place + 1] & 0xE0 == 0xE0 else { return nil }
        let (version, layer) = (Int(head[place + 1] >> 3 & 3), 4 - Int(head[place + 1] >> 1 & 3))
        let (rate, frequency) = (Int(head[place + 2] >> 4), Int(head[place + 2] >> 2 & 3))
        guard version != 1, layer != 4, (1...14).contains(rate), frequency != 3 else { return nil }
        let isFirst = version == 3
        let kilobits: [Int] =
            switch (isFirst, layer) {
            case (true, 1): [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448]
            case (true, 2): [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384]
            case (true, _): [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
            case (false, 1): [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256]
            case (false, _): [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
            }
        let hertz = [44_100, 48_000, 32_000][frequency] / (isFirst ? 1 : version == 2 ? 2 : 4)
        let padding = Int(head[place + 2] >> 1 & 1)
        let bits = kilobits[rate - 1] * 1000
        if layer == 1 { return (12 * bits / hertz + padding) * 4 }
        return (layer == 3 && !isFirst ? 72 : 144) * bits / hertz + padding
    }

    /// Whether the file begins with two frames of an AAC stream (ADTS).
    private static func isADTS(_ head: Head) -> Bool {
        func starts(_ place: Int) -> Bool { head[place] == 0xFF && head[place + 1] & 0xF6 == 0xF0 }
        let length = Int(head[3] & 3) << 11 | Int(head[4]) << 3 | Int(head[5] >> 5)
        return starts(0) && length > 7 && starts(length)
    }

    private static func head(_ path: String) throws -> [UInt8] {
        // A file that has become a pipe since it was listed must not block.
        let file = FileSystem.withBytes(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard file >= 0 else { throw unreadable(path) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: headSize)
        let got = read(file, &bytes, headSize)
        guard got >= 0 else { throw unreadable(path) }
        return Array(bytes[..<got])
    }

    private static func unreadable(_ path: String) -> FileError {
        FileError(path: path, "cannot read", code: errno, category: .badInput)
    }

    /// A file's first bytes, followed by zeros.
    private struct Head {
        let bytes: [UInt8]

        subscript(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

        /// Whether a signature is at a place. If `latin`, its characters are bytes rather than UTF-8.
        func has(_ mark: String, at place: Int = 0, latin: Bool = false) -> Bool {
            let wanted = latin ? mark.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } : Array(mark.utf8)
            return place <= bytes.count && bytes[place...].starts(with: wanted)
        }

        func holds(_ mark: [UInt8], before end: Int) -> Bool {
            let limit = min(end, bytes.count) - mark.count
            return limit >= 0 && (0...limit).contains { bytes[$0...].starts(with: mark) }
        }
    }
}
