import Errors

/// What recorders write into a WAV file about a recording besides its samples: texts as they are in the file, which say
/// when, where and by what it was made.
package struct RecorderTags: Sendable, Equatable {
    /// The originator's name, the date (`yyyy-mm-dd`) and the time of day (`hh:mm:ss`) of a `bext` chunk: EBU Tech 3285,
    /// "Broadcast Wave Format". Without a zone.
    package struct Broadcast: Sendable, Equatable {
        package let originator: String
        package let date: String
        package let time: String
    }

    /// nil if the file has no such chunk.
    package private(set) var broadcast: Broadcast?
    /// The text of a `guan` chunk, lines `Key: value`: GUANO Metadata Specification 1.0; nil if the file has none.
    package private(set) var guano: String?
    /// The comment `ICMT` of a list `INFO`; nil if the file has none.
    package private(set) var comment: String?
    /// Whether a chunk with one of these goes on behind the file's end.
    package private(set) var isCut = false

    /// The most chunks that are looked through.
    private static let mostChunks = 10_000
    /// The most bytes of a text that are read.
    private static let longest = 1 << 16
    /// Bytes of a `bext` chunk up to the end of its time.
    private static let broadcastSize = 338
    /// Lengths that programs write before they know the samples' own: what follows cannot be found.
    private static let unknown: Set<Int> = [0x7FFF_FFFF, 0xFFFF_FFFF]

    /// No texts.
    private init() {}

    /// Reads a file's tags: chunk by chunk, without its samples.
    ///
    /// - Parameters:
    ///   - path: for messages.
    ///   - bytes: those of the path.
    /// - Returns: nil if the file is no WAV file (RIFF or RF64).
    /// - Throws: `AudioError` if the file cannot be read or is empty.
    package static func read(_ path: String, bytes name: [UInt8]) throws(AudioError) -> RecorderTags? {
        let bytes = try FileBytes(name.map(CChar.init(bitPattern:)) + [0], path: path)
        let head = part(of: bytes, 0, 12)
        guard head.count == 12, ["RIFF", "RF64"].contains(text(head[..<4])), text(head[8...]) == "WAVE" else {
            if bytes.fault != nil { throw failed(bytes, path) }
            return nil
        }
        var tags = RecorderTags()
        tags.walk(bytes)
        if bytes.fault != nil { throw failed(bytes, path) }
        return tags
    }

    private static func failed(_ bytes: FileBytes, _ path: String) -> AudioError {
        AudioError(.unreadable, path: path, "reading its header failed")
    }

    /// Walks the chunks of the whole file: GUANO and comments often stand behind the samples.
    private mutating func walk(_ bytes: FileBytes) {
        var place = 12
        var wide: Int?
        for _ in 0..<Self.mostChunks {
            let head = Self.part(of: bytes, place, 8)
            guard head.count == 8 else { return }
            var length = Self.number(head[4...])
            let start = place + 8
            switch Self.text(head[..<4]) {
            case "ds64": wide = Self.number(Self.part(of: bytes, start + 8, 8))
            case "data":
                if length == 0xFFFF_FFFF, let wide { length = wide }
                if Self.unknown.contains(length) { return }
            case "bext":
                let found = Self.part(of: bytes, start, min(length, Self.broadcastSize))
                if found.count == Self.broadcastSize {
                    broadcast = Broadcast(
                        originator: Self.field(found[256..<288]), date: Self.field(found[320..<330]),
                        time: Self.field(found[330..<338]))
                } else {
                    isCut = true
                }
            case "guan":
                let found = Self.part(of: bytes, start, min(length, Self.longest))
                if found.count < min(length, Self.longest) { isCut = true }
                guano = Self.field(found[...])
            case "LIST":
                let found = Self.part(of: bytes, start, min(length, Self.longest))
                if found.count < min(length, Self.longest) { isCut = true }
                readList(found)
            default: break
            }
            let (next, overflow) = start.addingReportingOverflow(length + (length & 1))
            if overflow || next <= place { return }
            place = next
        }
    }

    /// Finds the comment in a list `INFO`.
    private mutating func readList(_ list: [UInt8]) {
        guard list.count >= 4, Self.text(list[..<4]) == "INFO" else { return }
        var place = 4
        while place + 8 <= list.count {
            let length = Self.number(list[(place + 4)..<(place + 8)])
            let end = min(list.count, place + 8 + length)
            if Self.text(list[place..<place + 4]) == "ICMT" { comment = Self.field(list[(place + 8)..<end]) }
            place += 8 + length + (length & 1)
        }
    }

    private static func part(of bytes: FileBytes, _ place: Int, _ count: Int) -> [UInt8] {
        guard place >= 0, place < bytes.size, count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, held in
            held = buffer.baseAddress.map { bytes.read(into: $0, at: place, count) } ?? 0
        }
    }

    /// A number of up to eight bytes, the lowest first, limited so that adding a place to it cannot overflow.
    private static func number(_ bytes: some Collection<UInt8>) -> Int {
        let value = bytes.reversed().reduce(into: UInt64(0)) { $0 = $0 << 8 | UInt64($1) }
        return Int(min(value, UInt64(Int.max / 4)))
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// A text up to the zero that ends it.
    private static func field(_ bytes: ArraySlice<UInt8>) -> String { text(bytes.prefix { $0 != 0 }) }
}
