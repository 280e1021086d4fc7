import Foundation

/// A walk over the frames of an MPEG audio stream by their headers alone; nothing is decoded.
///
/// Tags are skipped wherever they are: ID3v1 and its extension, ID3v2, APEv2, Lyrics3. Any other bytes are reported as
/// foreign; `MPEGSummary` decides which of them are a fault.
struct MPEGFrames {
    enum Item {
        /// A complete frame.
        case frame(at: Int, length: Int, MPEGHeader)
        /// Bytes that belong to neither a frame nor a tag.
        case foreign(Range<Int>)
        /// A frame cut off by the end of the stream.
        case cut(at: Int, length: Int)
    }

    /// The maximum length of free-format frames; encoders do not exceed it.
    private static let longestFree = 8192

    private let bytes: FileBytes
    /// The range of the stream, without the tags at the end.
    let range: Range<Int>
    private var place: Int
    private var last: MPEGHeader?
    /// The length in bytes of a free-format frame without its padding.
    private var freeLength: Int?
    /// The number of foreign bytes after which they are reported without a look at what follows them.
    private let mostForeign: Int

    /// - Parameter mostForeign: a little more than this of foreign bytes is reported as it is, even if more of them follow.
    init(_ bytes: FileBytes, _ range: Range<Int>, mostForeign: Int = .max) {
        self.bytes = bytes
        self.mostForeign = mostForeign
        let end = Self.beforeTags(bytes, range)
        self.range = range.lowerBound..<end
        place = range.lowerBound
    }

    /// Moves to a place where a walk found a frame of the stream, once `next` has given the first frame.
    mutating func move(to frame: Int) { place = frame }

    mutating func next() -> Item? {
        while place < range.upperBound {
            if let header = header(place), let length = length(of: header, at: place),
                last.map({ header.continues($0) }) == true
                    || isConfirmed(header, at: place, length, isExpected: true)
            {
                return take(header, length)
            }
            if let length = tag(place) {
                place = min(place + length, range.upperBound)
                continue
            }
            let start = place
            place += 1
            while place < range.upperBound, place - start <= mostForeign {
                let rest = bytes.view(place, 1)
                let count = min(rest.count, range.upperBound - place)
                guard count > 0, let found = memchr(rest.baseAddress!, 0xFF, count) else {
                    place = count > 0 ? place + count : range.upperBound
                    continue
                }
                place += UnsafeRawPointer(found) - rest.baseAddress!
                if let header = header(place), let length = length(of: header, at: place),
                    isConfirmed(header, at: place, length, isExpected: false)
                {
                    break
                }
                place += 1
            }
            // There may be a tag among the foreign bytes: the bytes before it are reported first.
            if let tagged = firstTag(start..<place) { place = tagged }
            return place > start ? .foreign(start..<place) : nil
        }
        return nil
    }

    private mutating func take(_ header: MPEGHeader, _ length: Int) -> Item {
        let start = place
        if header.isFree { freeLength = length - header.length }
        guard start + length <= range.upperBound else {
            place = range.upperBound
            return .cut(at: start, length: length)
        }
        last = header
        place += length
        return .frame(at: start, length: length, header)
    }

    private func header(_ place: Int) -> MPEGHeader? {
        guard place + 4 <= range.upperBound else { return nil }
        return MPEGHeader(bytes.view(place, 4))
    }

    private func length(of header: MPEGHeader, at start: Int) -> Int? {
        guard header.isFree else { return header.length >= 24 ? header.length : nil }
        if let freeLength { return freeLength + header.length }
        for place in stride(from: start + 24, to: min(start + Self.longestFree, range.upperBound - 4), by: 1) {
            if let next = self.header(place), next.continues(header), next.channels == header.channels {
                return place - start
            }
        }
        return nil
    }

    /// Whether what looks like a header is one: two more of the same kind follow where expected, or the stream ends
    /// there.
    ///
    /// A pattern of a little more than 11 bits occurs by chance once in a few thousand bytes, but practically never
    /// three times at the expected places.
    ///
    /// - Parameter isExpected: whether a frame is expected there: at the stream's start, or where the preceding item
    ///   ends. One more header is then enough.
    private func isConfirmed(_ header: MPEGHeader, at start: Int, _ length: Int, isExpected: Bool) -> Bool {
        var place = start + length
        for turn in 0..<2 {
            if place == range.upperBound || tag(place) != nil { return true }
            guard let next = self.header(place), next.continues(header) else { return false }
            guard !next.isFree else { return true }
            if place + next.length > range.upperBound { return turn > 0 || isExpected }
            place += next.length
        }
        return true
    }

    /// The length in bytes of the tag that begins there.
    private func tag(_ place: Int) -> Int? { Self.tag(bytes, place, range.upperBound) }

    static func tag(_ bytes: FileBytes, _ place: Int, _ end: Int) -> Int? {
        let head = bytes.view(place, 32)
        guard head.count >= 4, place + 4 <= end else { return nil }
        switch head[0] {
        case 0x49:  // "ID3"
            guard let length = id3(bytes, place) else { return nil }
            // If the length is wrong, frames are searched for right after the tag's header.
            return place + length <= end ? length : 10
        case 0x54:
            if bytes.has("TAG+", at: place) { return 227 }
            return bytes.has("TAG", at: place) && end - place >= 128 ? 128 : nil
        case 0x41:
            guard bytes.has("APETAGEX", at: place), let length = bytes.number(place + 12, 4) else { return nil }
            let isHeader = head.count >= 24 && head[23] & 0x20 != 0
            return place + 32 + length <= end ? (isHeader ? 32 + length : 32) : 32
        case 0x4C:
            guard bytes.has("LYRICSBEGIN", at: place) else { return nil }
            // A Lyrics3 tag of version 1 has at most 5,100 bytes; version 2 gives its length only at its end.
            for stop in place + 11..<max(place + 11, min(end, place + 120_000)) {
                if bytes.has("LYRICS200", at: stop) || bytes.has("LYRICSEND", at: stop) { return stop + 9 - place }
            }
            return nil
        default: return nil
        }
    }

    /// Returns the length in bytes of an ID3v2 tag with its header and footer; nil if there is no tag.
    static func id3(_ bytes: FileBytes, _ place: Int) -> Int? {
        let head = bytes.view(place, 10)
        guard head.count >= 10, bytes.has("ID3", at: place), head[3] < 0xFF, head[4] < 0xFF else { return nil }
        let digits = head[6..<10]
        guard digits.allSatisfy({ $0 < 0x80 }) else { return nil }
        return 10 + digits.reduce(0) { $0 << 7 | Int($1) } + (head[5] & 0x10 != 0 ? 10 : 0)
    }

    private func firstTag(_ range: Range<Int>) -> Int? {
        for place in range.dropFirst() {
            switch bytes.view(place, 32).first {
            case 0x49, 0x54, 0x41, 0x4C: if tag(place) ?? 0 > 10 { return place }
            default: continue
            }
        }
        return nil
    }

    /// Returns the place where the tags at the end begin.
    private static func beforeTags(_ bytes: FileBytes, _ range: Range<Int>) -> Int {
        var end = range.upperBound
        while true {
            let before = end
            if end - 128 >= range.lowerBound, bytes.has("TAG", at: end - 128) { end -= 128 }
            if end - 227 >= range.lowerBound, bytes.has("TAG+", at: end - 227) { end -= 227 }
            if end - 32 >= range.lowerBound, bytes.has("APETAGEX", at: end - 32),
                let length = bytes.number(end - 20, 4)
            {
                let start = end - max(length, 32) - (bytes.view(end - 9, 1).first ?? 0 >= 0x80 ? 32 : 0)
                end = start >= range.lowerBound ? start : end - 32
            }
            if end - 15 >= range.lowerBound, bytes.has("LYRICS200", at: end - 9) {
                let length = bytes.view(end - 15, 6).prefix(6).reduce(0) { $0 * 10 + Int($1 & 15) } + 15
                if end - length >= range.lowerBound, bytes.has("LYRICSBEGIN", at: end - length) { end -= length }
            }
            if end - 10 >= range.lowerBound, bytes.has("3DI", at: end - 10) {
                let length = bytes.view(end - 4, 4).prefix(4).reduce(0) { $0 << 7 | Int($1 & 0x7F) } + 20
                if end - length >= range.lowerBound, bytes.has("ID3", at: end - length) { end -= length }
            }
            if end == before { return end }
        }
    }
}

/// The result of a walk over a whole MPEG stream.
///
/// Accepted without a fault: tags anywhere, including an ID3 tag between two joined files; anything before the first
/// frame; after the last frame, up to 64 KiB of zeros, and other bytes if they are too few for a frame. A fault: a cut
/// last frame; bytes between two frames that belong to no tag, because a frame was lost there (bytes inserted and bytes
/// removed look the same to a walk that has lost its place); more bytes after the last frame than a frame has; a count
/// in the first frame that is larger than the number of frames. A count that is too large by one is accepted unless
/// bytes are missing too, since some encoders count their own information frame. A count that is too small is not a
/// fault: joined files have it.
struct MPEGSummary {
    private(set) var first: MPEGHeader?
    private(set) var info: MPEGInfo?
    /// The number of MPEG frames with sound.
    private(set) var count = 0
    /// The number of sample frames in all of them.
    private(set) var frames: Int64 = 0
    private(set) var mostChannels = 1
    private(set) var damage: Damage?
    /// The number of sample frames before the rate or layer changes; what follows is not decoded.
    private(set) var rateChange: Int64?
    /// Whether nothing but tags was found.
    private(set) var isNothingButTags = true
    /// The byte at which every so many of the counted frames begins, the first of them included.
    private(set) var places: [Int] = []
    /// How many frames lie from one of `places` to the next.
    private(set) var spacing = 128

    /// The maximum number of places; beyond it, every other one is dropped.
    private static let mostPlaces = 8192

    /// The maximum number of bytes at the end that are accepted as padding.
    private static let mostZeros = 65_536

    init(_ bytes: FileBytes, _ range: Range<Int>) {
        var walk = MPEGFrames(bytes, range)
        var infoAt = 0
        var end = range.lowerBound
        var lastLength = 0
        var gap: Range<Int>?
        while let item = walk.next() {
            isNothingButTags = false
            switch item {
            case .frame(let at, let length, let header):
                if let gap, first != nil {
                    note("bytes \(gap.lowerBound) to \(gap.upperBound) belong to no MPEG frame")
                }
                gap = nil
                let found = MPEGInfo(UnsafeRawBufferPointer(rebasing: bytes.view(at, length).prefix(length)), header)
                end = at + length
                lastLength = length
                if first == nil {
                    first = header
                    info = found
                    infoAt = at
                }
                guard let first else { continue }
                if header.rate != first.rate || header.layer != first.layer {
                    if rateChange == nil {
                        note(
                            "at byte \(at) it goes from \(first.rate) Hz, layer \(first.layer), to \(header.rate) Hz, "
                                + "layer \(header.layer)")
                        rateChange = frames
                    }
                    continue
                }
                mostChannels = max(mostChannels, header.channels)
                guard found == nil, rateChange == nil else { continue }
                if count % spacing == 0 { add(at) }
                count += 1
                frames += Int64(header.frames)
            case .foreign(let range):
                gap = (gap?.lowerBound ?? range.lowerBound)..<range.upperBound
            case .cut(let at, let length):
                gap = nil
                note(
                    "cut short: the MPEG frame at byte \(at) should go on to byte \(at + length), the stream ends at byte "
                        + "\(walk.range.upperBound)")
            }
        }
        guard first != nil else { return }
        if let gap { judge(gap, bytes, lastLength) }
        if let promised = info?.frames, promised > count {
            let isWhole = promised == count + 1 && (info?.bytes).map { infoAt + $0 <= end } ?? true
            if !isWhole { note("cut short: its first frame promises \(promised) MPEG frames, it has \(count)") }
        }
    }

    private mutating func add(_ place: Int) {
        if places.count == Self.mostPlaces {
            places = places.indices.filter { $0 % 2 == 0 }.map { places[$0] }
            spacing *= 2
            // The number of places is even, so the next one is at the new spacing.
        }
        places.append(place)
    }

    private mutating func judge(_ rest: Range<Int>, _ bytes: FileBytes, _ lastLength: Int) {
        let head = bytes.view(rest.lowerBound, 4)
        let isHead = rest.count < 4 && head[0] == 0xFF && (rest.count == 1 || head[1] & 0xE0 == 0xE0)
        if isHead { return note("cut short: it ends in an MPEG frame's header at byte \(rest.lowerBound)") }
        if rest.count < lastLength { return }
        var place = rest.lowerBound
        while place < rest.upperBound, bytes.view(place, 1).first == 0 { place += 1 }
        if rest.upperBound - place < lastLength, rest.count <= Self.mostZeros { return }
        note("its last \(rest.count) bytes, from byte \(rest.lowerBound) on, belong to no MPEG frame")
    }

    /// Records a fault if it is the first.
    private mutating func note(_ reason: String) {
        if damage == nil { damage = Damage(reason: reason, frames: frames) }
    }
}
