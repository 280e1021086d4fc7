import Foundation

/// A walk over the page headers of an Ogg file (RFC 3533) that finds its links and what is missing.
///
/// A chained file, such as a recorded web radio stream or two files joined by `cat`, consists of consecutive links.
/// Each link begins with the first pages of its streams; if it has several streams, such as video and audio, they are
/// interleaved.
struct OggPages {
    /// The codec of a stream, according to its first bytes.
    enum Codec { case vorbis, opus, flac, speex, other }

    struct Stream {
        let codec: Codec
        /// The number of granules per second.
        let rate: Int
        let channels: Int
        fileprivate(set) var sequence: UInt32
        /// Granule positions: sample frames for Vorbis and FLAC, sample frames at 48 kHz for Opus.
        fileprivate(set) var firstGranule: Int64?
        fileprivate(set) var lastGranule: Int64?
        fileprivate(set) var hasEnded = false
    }

    struct Link {
        fileprivate(set) var range: Range<Int>
        fileprivate(set) var streams: [UInt32: Stream]

        /// The only audio stream; nil if there are several or none.
        var audio: Stream? {
            let found = streams.values.filter { $0.codec != .other }
            return found.count == 1 ? found[0] : nil
        }

        /// The length of its audio in seconds, according to the granule positions.
        var seconds: Double {
            guard let audio, audio.rate > 0, let last = audio.lastGranule else { return 0 }
            return Double(max(0, last)) / Double(audio.rate)
        }
    }

    private(set) var links: [Link] = []
    private(set) var damage: String?
    /// The seconds of audio before the damage.
    private(set) var secondsBefore = 0.0

    init(_ bytes: FileBytes) {
        var place = 0
        var isBehindHeads = false
        while place < bytes.size {
            guard let page = Page(bytes, place) else {
                let next = Self.mark(bytes, place + 1)
                // Bytes after the end of all streams may be a tag; bytes before a page mean that a page was lost.
                if next < bytes.size || !hasEnded {
                    note("bytes \(place) to \(next) belong to no Ogg page")
                }
                place = next
                continue
            }
            guard page.end <= bytes.size else {
                note("cut short: its last page is incomplete")
                break
            }
            if !page.isSound {
                note("the Ogg page at byte \(place) has a wrong checksum")
                // Its length may be what is wrong.
                place = Self.mark(bytes, place + 1)
                continue
            }
            if page.isFirst {
                if links.isEmpty || isBehindHeads {
                    links.append(Link(range: place..<place, streams: [:]))
                    isBehindHeads = false
                }
                links[links.count - 1].streams[page.serial] = Self.stream(bytes, page)
            } else {
                isBehindHeads = true
            }
            if !links.isEmpty {
                add(page)
                links[links.count - 1].range = links[links.count - 1].range.lowerBound..<page.end
            }
            place = page.end
        }
        if !hasEnded { note("cut short: its last page is not marked as the end") }
    }

    private mutating func add(_ page: Page) {
        let link = links.count - 1
        guard var stream = links[link].streams[page.serial] else {
            return note("the Ogg page at byte \(page.start) belongs to a stream that never began")
        }
        let isAudio = stream.codec != .other
        if !page.isFirst {
            // Programs that rewrite the comments leave gaps in the numbers of the header pages, but no audio is lost
            // there.
            if isAudio, stream.firstGranule != nil, page.sequence != stream.sequence &+ 1 {
                note("found Ogg page \(page.sequence) at byte \(page.start), expected \(stream.sequence &+ 1)")
            }
            stream.sequence = page.sequence
        }
        if page.granule > 0 {
            if stream.firstGranule == nil { stream.firstGranule = page.granule }
            stream.lastGranule = page.granule
        }
        if page.isLast { stream.hasEnded = true }
        links[link].streams[page.serial] = stream
    }

    /// Whether all audio streams of the last link are marked as ended; without audio, whether any stream is.
    private var hasEnded: Bool {
        guard let last = links.last else { return false }
        let audio = last.streams.values.filter { $0.codec != .other }
        return audio.isEmpty ? last.streams.values.contains { $0.hasEnded } : audio.allSatisfy { $0.hasEnded }
    }

    /// Records a fault if it is the first.
    private mutating func note(_ reason: String) {
        guard damage == nil else { return }
        damage = reason
        secondsBefore = links.reduce(0) { $0 + $1.seconds }
    }

    /// Returns the place of the next page's letters; the file's end if there are none.
    private static func mark(_ bytes: FileBytes, _ start: Int) -> Int {
        var place = start
        while place < bytes.size {
            let rest = bytes.view(place, 4)
            guard rest.count >= 4 else { break }
            guard let found = memchr(rest.baseAddress!, 0x4F, rest.count - 3) else {
                place += rest.count - 3
                continue
            }
            place += UnsafeRawPointer(found) - rest.baseAddress!
            if bytes.has("OggS", at: place) { return place }
            place += 1
        }
        return bytes.size
    }

    private static func stream(_ bytes: FileBytes, _ page: Page) -> Stream {
        let start = page.body
        func stream(_ codec: Codec, _ rate: Int?, _ channels: Int?) -> Stream {
            Stream(codec: codec, rate: rate ?? 0, channels: channels ?? 0, sequence: page.sequence)
        }
        if bytes.has("\u{1}vorbis", at: start) {
            return stream(.vorbis, bytes.number(start + 12, 4), bytes.number(start + 11, 1))
        }
        if bytes.has("OpusHead", at: start) { return stream(.opus, 48000, bytes.number(start + 9, 1)) }
        if bytes.has("\u{7F}FLAC", at: start) {
            let packed = bytes.number(start + 27, 4, bigEndian: true)
            return stream(.flac, packed.map { $0 >> 12 }, packed.map { ($0 >> 9 & 7) + 1 })
        }
        if bytes.has("Speex   ", at: start) {
            return stream(.speex, bytes.number(start + 36, 4), bytes.number(start + 48, 4))
        }
        return stream(.other, 0, 0)
    }

    private struct Page {
        let start: Int
        /// The places where its packets begin and end.
        let body: Int
        let end: Int
        let serial: UInt32
        let sequence: UInt32
        /// -1 if no packet ends on the page.
        let granule: Int64
        let isFirst: Bool
        let isLast: Bool
        /// Whether the checksum of the page is correct.
        let isSound: Bool

        init?(_ bytes: FileBytes, _ place: Int) {
            let head = bytes.view(place, 65_307)
            guard head.count >= 27, bytes.has("OggS", at: place), head[4] == 0 else { return nil }
            start = place
            let segments = Int(head[26])
            body = place + 27 + segments
            guard head.count >= 27 + segments else {
                (end, serial, sequence, granule, isFirst, isLast, isSound) = (Int.max, 0, 0, 0, false, false, false)
                return
            }
            let length = 27 + segments + head[27..<27 + segments].reduce(0) { $0 + Int($1) }
            end = place + length
            isFirst = head[5] & 2 != 0
            isLast = head[5] & 4 != 0
            granule = Int64(littleEndian: head.loadUnaligned(fromByteOffset: 6, as: Int64.self))
            serial = UInt32(littleEndian: head.loadUnaligned(fromByteOffset: 14, as: UInt32.self))
            sequence = UInt32(littleEndian: head.loadUnaligned(fromByteOffset: 18, as: UInt32.self))
            let told = UInt32(littleEndian: head.loadUnaligned(fromByteOffset: 22, as: UInt32.self))
            isSound = head.count >= length && OggChecksum.of(head, length) == told
        }
    }
}

/// The checksum of an Ogg page: CRC-32 with the polynomial 0x04C11DB7, highest bit first, initial value 0.
enum OggChecksum {
    /// Row k holds the remainder of each byte followed by k zero bytes, so that eight bytes are processed at a time.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte) << 24
            for _ in 0..<8 { crc = crc << 1 ^ (crc >> 31 == 1 ? 0x04C1_1DB7 : 0) }
            table[byte] = crc
        }
        for row in 1..<8 {
            for byte in 0..<256 {
                let before = table[(row - 1) * 256 + byte]
                table[row * 256 + byte] = before << 8 ^ table[Int(before >> 24)]
            }
        }
        return table
    }()

    /// Returns the checksum of the first `length` bytes of a page, with the four bytes of its own checksum taken as
    /// zeros.
    static func of(_ page: UnsafeRawBufferPointer, _ length: Int) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var crc: UInt32 = 0
            func add(_ byte: UInt8) { crc = crc << 8 ^ table[Int(crc >> 24 ^ UInt32(byte))] }
            for place in 0..<22 { add(page[place]) }
            for _ in 22..<26 { add(0) }
            var place = 26
            while place + 8 <= length {
                let word = UInt64(bigEndian: page.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                let bits = word ^ UInt64(crc) << 32
                crc = 0
                for row in 0..<8 { crc ^= table[row * 256 + Int(truncatingIfNeeded: bits >> UInt64(8 * row) & 0xFF)] }
                place += 8
            }
            while place < length {
                add(page[place])
                place += 1
            }
            return crc
        }
    }
}
