/// What a container of chunks, or a header, says of where its samples are, held against the file's length.
struct ContainerCheck {
    /// What is missing at the end; nil: nothing.
    private(set) var damage: Damage?
    /// The bytes of the samples, as far as the file goes; nil where no chunk with samples was found.
    private(set) var samples: Range<Int>?
    /// The code of a WAV file's sample format; 0 elsewhere.
    private(set) var formatTag = 0
    /// Lengths of the samples that are wrong or not known, and that libsndfile would take at their word: the place of
    /// each, and the right one's bytes.
    private(set) var corrections: [(at: Int, bytes: [UInt8])] = []

    /// How many chunks are walked over before the one with the samples.
    private static let mostChunks = 10_000
    /// Format codes of MPEG audio: layers I and II, layer III.
    private static let mpegTags = [0x50, 0x55]
    /// Lengths that programs write before they know better and into a pipe cannot mend (SoX, arecord, FFmpeg and others),
    /// some rounded down to whole frames. The samples then go on to the file's end.
    private static let placeholders = [0x7FFF_F000, 0x7FFF_FF00, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]

    /// nil: the file is no container of this kind.
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

    /// A header that tells where its samples begin and how many bytes they are, at these places: Sun and NeXT's.
    private mutating func headed(_ bytes: FileBytes, by start: Int, _ length: Int, bigEndian: Bool) {
        guard let start = bytes.number(start, 4, bigEndian: bigEndian),
            let length = bytes.number(length, 4, bigEndian: bigEndian)
        else { return noSamples(bytes) }
        if length != 0xFFFF_FFFF { judge(bytes, start, length) }
    }

    /// NIST SPHERE: a text of so many bytes as its second line says, with a field a line: name, type, value.
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

    /// Creative Voice: blocks of a type and a length of three bytes, until one of type 0 or the file's end.
    private mutating func walkVoice(_ bytes: FileBytes) {
        guard var place = bytes.number(20, 2) else { return noSamples(bytes) }
        for _ in 0..<Self.mostChunks {
            guard let type = bytes.number(place, 1), type != 0, let length = bytes.number(place + 1, 3) else { return }
            judge(bytes, place + 4, length)
            if damage != nil { return }
            place += 4 + length
        }
    }

    /// Audio Visual Research: the number of frames stands in its header of 128 bytes.
    private mutating func readAVR(_ bytes: FileBytes) {
        guard let stereo = bytes.number(12, 2, bigEndian: true), let bits = bytes.number(14, 2, bigEndian: true),
            let frames = bytes.number(26, 4, bigEndian: true)
        else { return noSamples(bytes) }
        judge(bytes, 128, frames * (stereo == 0 ? 1 : 2) * (bits == 16 ? 2 : 1))
    }

    var isMPEG: Bool { Self.mpegTags.contains(formatTag) }

    /// Walks the chunks of a RIFF, an RF64 or an IFF file to the one with the samples.
    private mutating func walk(_ bytes: FileBytes, _ dataTag: StaticString, bigEndian: Bool) {
        var place = 12
        var block = 1
        /// The length of the samples in an RF64 file, whose own chunk has no room for it, and where it stands.
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
        // A header may say that its samples begin anywhere.
        guard start <= bytes.size else { return noSamples(bytes) }
        samples = start..<min(start + length, bytes.size)
        if start + length > bytes.size {
            damage = Damage(
                reason:
                    "cut short: samples should go on to byte \(start + length), the file ends at byte \(bytes.size)",
                frames: nil)
        }
    }

    /// Whether nothing but whole chunks follows: then a length of zero is meant.
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

    /// Walks the chunks of a Sony Wave64 file: 16 bytes of name, a length that counts its own head, 8-byte steps.
    private mutating func walkWave64(_ bytes: FileBytes) {
        var place = 40
        for _ in 0..<Self.mostChunks {
            guard let length = bytes.number(place + 16, 8) else { return noSamples(bytes) }
            guard length >= 24 else { return }
            if bytes.has("data", at: place) { return judge(bytes, place + 24, length - 24) }
            place = min(place + (length + 7) / 8 * 8, bytes.size)
        }
    }

    /// Walks the chunks of a Core Audio file; a length of -1 goes on to the file's end.
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
