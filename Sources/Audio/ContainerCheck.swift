/// Compares the location of the samples according to a chunked container or a header with the length of the file.
struct ContainerCheck {
    /// What is missing at the end; nil if nothing is.
    private(set) var damage: Damage?
    /// The bytes of the samples, as far as the file goes; nil if no chunk with samples was found.
    private(set) var samples: Range<Int>?
    /// The code of a WAV file's sample format; 0 for other files.
    private(set) var formatTag = 0
    /// Corrections of wrong or unknown lengths of the samples that libsndfile would trust: the place of each length,
    /// and the correct bytes.
    private(set) var corrections: [(at: Int, bytes: [UInt8])] = []

    /// The maximum number of chunks to look through for the one with the samples.
    private static let mostChunks = 10_000
    /// The format codes of MPEG audio: layers I and II, layer III.
    private static let mpegTags = [0x50, 0x55]
    /// Lengths that programs (SoX, arecord, FFmpeg and others) write before the length is known and cannot correct in a
    /// pipe, some rounded down to whole frames. The samples then extend to the file's end.
    private static let placeholders = [0x7FFF_F000, 0x7FFF_FF00, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]

    /// Reads the container; nil if the file is not a container of a known kind.
    init?(_ bytes: FileBytes) {
        switch true {
        case bytes.has("RIFF", at: 0), bytes.has("RF64", at: 0): walk(bytes, "data", bigEndian: false)
        case bytes.has("RIFX", at: 0): walk(bytes, "data", bigEndian: true)
        case bytes.has("riff", at: 0): walkWave64(bytes)
        case bytes.has("FORM", at: 0):
            if bytes.has("AIFF", at: 8) || bytes.has("AIFC", at: 8) {
                walk(bytes, "SSND", bigEndian: true)
            } else if bytes.has("8SVX", at: 8) || bytes.has("16SV", at: 8) {
                walk(bytes, "BODY", bigEndian: true)
            } else {
                return nil
            }
        case bytes.has("caff", at: 0): walkCAF(bytes)
        case bytes.has(".snd", at: 0): headed(bytes, by: 4, 8, bigEndian: true)
        case bytes.has("dns.", at: 0): headed(bytes, by: 4, 8, bigEndian: false)
        case bytes.has("NIST_1A\n", at: 0): readSphere(bytes)
        case bytes.has("Creative Voice File\u{1A}", at: 0): walkVoice(bytes)
        case bytes.has("ALawSoundFile**", at: 0):
            if let length = bytes.number(18, 4, bigEndian: true) { judge(bytes, 32, length) }
        case bytes.has("2BIT", at: 0): readAVR(bytes)
        default: return nil
        }
    }

    /// Reads a header with the place and the byte count of the samples at these places, as in Sun's and NeXT's format.
    private mutating func headed(_ bytes: FileBytes, by start: Int, _ length: Int, bigEndian: Bool) {
        guard let start = bytes.number(start, 4, bigEndian: bigEndian),
            let length = bytes.number(length, 4, bigEndian: bigEndian)
        else { return noSamples(bytes) }
        if length != 0xFFFF_FFFF { judge(bytes, start, length) }
    }

    /// Reads a NIST SPHERE header: text whose length is given in its second line, with one field per line: name, type,
    /// value.
    private mutating func readSphere(_ bytes: FileBytes) {
        let head = String(decoding: bytes.view(0, 4096).prefix(4096), as: UTF8.self).split(separator: "\n")
        var fields: [Substring: Int] = [:]
        for line in head.dropFirst(2) {
            if line == "end_head" { break }
            let words = line.split(separator: " ")
            if words.count == 3, words[1] == "-i", let value = Int(words[2]), value >= 0 { fields[words[0]] = value }
        }
        guard head.count > 1, let start = Int(head[1].filter { $0 != " " }), let count = fields["sample_count"] else {
            return
        }
        let (size, overflow) = count.multipliedReportingOverflow(
            by: min(64, fields["sample_n_bytes"] ?? 1) * min(1024, fields["channel_count"] ?? 1))
        if !overflow, size < Int.max / 2, start < Int.max / 2 { judge(bytes, start, size) }
    }

    /// Walks a Creative Voice file: blocks with a type and a length of three bytes, up to a block of type 0 or the
    /// file's end.
    private mutating func walkVoice(_ bytes: FileBytes) {
        guard var place = bytes.number(20, 2) else { return noSamples(bytes) }
        for _ in 0..<Self.mostChunks {
            guard let type = bytes.number(place, 1), type != 0, let length = bytes.number(place + 1, 3) else { return }
            judge(bytes, place + 4, length)
            if damage != nil { return }
            place += 4 + length
        }
    }

    /// Reads the header of an Audio Visual Research file: 128 bytes, including the number of frames.
    private mutating func readAVR(_ bytes: FileBytes) {
        guard let stereo = bytes.number(12, 2, bigEndian: true), let bits = bytes.number(14, 2, bigEndian: true),
            let frames = bytes.number(26, 4, bigEndian: true)
        else { return noSamples(bytes) }
        judge(bytes, 128, frames * (stereo == 0 ? 1 : 2) * (bits == 16 ? 2 : 1))
    }

    var isMPEG: Bool { Self.mpegTags.contains(formatTag) }

    /// Walks the chunks of a RIFF, RF64 or IFF file up to the one with the samples.
    private mutating func walk(_ bytes: FileBytes, _ dataTag: StaticString, bigEndian: Bool) {
        var place = 12
        var block = 1
        /// The length of the samples in an RF64 file, which does not fit into the data chunk's own field, and its
        /// place.
        var wide: (length: Int, at: Int)?
        for _ in 0..<Self.mostChunks {
            guard let length = bytes.number(place + 4, 4, bigEndian: bigEndian) else { return noSamples(bytes) }
            if bytes.has("ds64", at: place) {
                wide = bytes.number(place + 16, 8).map { ($0, place + 16) }
            } else if dataTag.utf8Start[0] == 0x64, bytes.has("fmt ", at: place) {
                formatTag = bytes.number(place + 8, 2, bigEndian: bigEndian) ?? 0
                block = max(1, bytes.number(place + 20, 2, bigEndian: bigEndian) ?? 1)
            } else if bytes.has(dataTag, at: place) {
                return judge(bytes, place, length, wide, block, bigEndian)
            }
            place += 8 + length + (length & 1)
        }
    }

    private mutating func judge(
        _ bytes: FileBytes, _ place: Int, _ length: Int, _ wide: (length: Int, at: Int)?, _ block: Int,
        _ bigEndian: Bool
    ) {
        let start = place + 8
        let left = bytes.size - start
        if length == 0xFFFF_FFFF, let wide, wide.length > 0 { return judge(bytes, start, wide.length) }
        if length > left, Self.placeholders.contains(where: { $0 >= length && $0 - length < block }) {
            samples = start..<bytes.size
        } else if length == 0, left > 0, !bigEndian, !isEndedByChunks(bytes, start) {
            samples = start..<bytes.size
            correct(place + 4, min(left, 0xFFFF_FFFE), 4)
        } else {
            judge(bytes, start, length)
            if let wide, wide.length != length { correct(wide.at, length, 8) }
        }
    }

    private mutating func correct(_ place: Int, _ length: Int, _ count: Int) {
        corrections.append((place, (0..<count).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }))
    }

    private mutating func judge(_ bytes: FileBytes, _ start: Int, _ length: Int) {
        // A header may give any place as the start of its samples.
        guard start <= bytes.size else { return noSamples(bytes) }
        samples = start..<min(start + length, bytes.size)
        if start + length > bytes.size {
            damage = Damage(
                reason:
                    "cut short: samples should go on to byte \(start + length), the file ends at byte \(bytes.size)",
                frames: nil)
        }
    }

    /// Whether only complete chunks follow, so that a length of zero is intended.
    private func isEndedByChunks(_ bytes: FileBytes, _ start: Int) -> Bool {
        var place = start
        for _ in 0..<Self.mostChunks {
            if place >= bytes.size { return true }
            let name = bytes.view(place, 4).prefix(4)
            guard name.count == 4, name.allSatisfy({ (0x20..<0x7F).contains($0) }),
                let length = bytes.number(place + 4, 4), place + 8 + length <= bytes.size
            else { return false }
            place += 8 + length + (length & 1)
        }
        return false
    }

    /// Walks the chunks of a Sony Wave64 file: names of 16 bytes, lengths that include the chunk's own header, padding
    /// to 8 bytes.
    private mutating func walkWave64(_ bytes: FileBytes) {
        var place = 40
        for _ in 0..<Self.mostChunks {
            guard let length = bytes.number(place + 16, 8) else { return noSamples(bytes) }
            guard length >= 24 else { return }
            if bytes.has("data", at: place) { return judge(bytes, place + 24, length - 24) }
            place = min(place + (length + 7) / 8 * 8, bytes.size)
        }
    }

    /// Walks the chunks of a Core Audio file; a length of -1 extends to the file's end.
    private mutating func walkCAF(_ bytes: FileBytes) {
        var place = 8
        for _ in 0..<Self.mostChunks {
            guard let length = bytes.number(place + 4, 8, bigEndian: true) else { return noSamples(bytes) }
            if bytes.has("data", at: place) {
                if length == Int.max / 4 {
                    samples = place + 12..<max(place + 12, bytes.size)
                    return
                }
                return judge(bytes, place + 12, length)
            }
            place = min(place + 12 + length, bytes.size)
        }
    }

    private mutating func noSamples(_ bytes: FileBytes) {
        damage = Damage(reason: "cut short: the file ends at byte \(bytes.size), before any samples", frames: nil)
    }
}
