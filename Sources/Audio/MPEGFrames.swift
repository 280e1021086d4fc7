import Foundation

/// A walk over the frames of an MPEG audio stream by their headers alone: nothing is decoded.
///
/// Tags are stepped over wherever they stand: ID3v1 and its extension, ID3v2, APEv2, Lyrics3. What stands between is
/// told as it is; what of it is a fault, `MPEGSummary` decides.
struct MPEGFrames {
    enum Item {
        /// A whole frame.
        case frame(at: Int, length: Int, MPEGHeader)
        /// Bytes of neither a frame nor a tag.
        case foreign(Range<Int>)
        /// A frame that the stream ends in.
        case cut(at: Int, length: Int)
    }

    /// Of free-format frames; encoders go no further.
    private static let longestFree = 8192

    private let bytes: FileBytes
    /// Ends before the tags at the end.
    let range: Range<Int>
    private var place: Int
    private var last: MPEGHeader?
    /// Bytes of a free-format frame without its padding.
    private var freeLength: Int?

    init(_ bytes: FileBytes, _ range: Range<Int>) {
        self.bytes = bytes
        let end = Self.beforeTags(bytes, range)
        self.range = range.lowerBound..<end
        place = range.lowerBound
    }

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
            while place < range.upperBound {
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
            // A tag may stand where the foreign bytes seemed to go on: what is before it is told first.
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

    /// Whether what looks like a header is one: two more of its kind follow at their places, or the stream's end does.
    ///
    /// A pattern of 11 bits and some is found by chance once in a few thousand bytes, three in their places never.
    ///
    /// - Parameter isExpected: the place is the stream's start, or what is before it ends there: one more is enough.
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

    /// Bytes of the tag that begins there.
    private func tag(_ place: Int) -> Int? { Self.tag(bytes, place, range.upperBound) }

    static func tag(_ bytes: FileBytes, _ place: Int, _ end: Int) -> Int? {
        let head = bytes.view(place, 32)
        guard head.count >= 4, place + 4 <= end else { return nil }
        switch head[0] {
        case 0x49:  // "ID3"
            guard let length = id3(bytes, place) else { return nil }
            // Whoever counted wrongly: the frames are looked for behind the head.
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
            // Lyrics3 is 5,100 bytes at most in its first version; the second says its length at its end only.
            for stop in place + 11..<max(place + 11, min(end, place + 120_000)) {
                if bytes.has("LYRICS200", at: stop) || bytes.has("LYRICSEND", at: stop) { return stop + 9 - place }
            }
            return nil
        default: return nil
        }
    }

    /// Bytes of an ID3v2 tag with its head and footer; nil where there is none.
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

    /// Where the tags at the end begin.
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

/// What a walk over a whole MPEG stream finds.
///
/// The rule of what is a fault. Accepted: tags anywhere, an ID3 tag between two joined files too; anything before the
/// first frame; after the last one, zeros of up to 64 KiB, and other bytes that are too few for a frame. A fault: a last
/// frame that is cut; bytes between two frames that belong to no tag, for a frame was lost there (a walk that has
/// lost its place looks the same whether bytes were put in or taken out); after the last frame, more bytes than
/// a frame has; a count in the first frame that is larger than that of the frames. Of a count that is too large
/// by one, the encoder counted its own frame, unless bytes are missing too. A count that is too small is no fault:
/// joined files have it.
struct MPEGSummary {
    private(set) var first: MPEGHeader?
    private(set) var info: MPEGInfo?
    /// MPEG frames with sound.
    private(set) var count = 0
    /// Sample frames of all of them.
    private(set) var frames: Int64 = 0
    private(set) var mostChannels = 1
    private(set) var damage: Damage?
    /// Frames where the rate changes: what is behind is not heard.
    private(set) var rateChange: Int64?
    /// Whether anything but tags was found.
    private(set) var isNothingButTags = true

    /// Zeros at the end that are taken for padding.
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
                    note("bytes \(gap.lowerBound) to \(gap.upperBound) are of no MPEG frame")
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

    private mutating func judge(_ rest: Range<Int>, _ bytes: FileBytes, _ lastLength: Int) {
        let head = bytes.view(rest.lowerBound, 4)
        let isHead = rest.count < 4 && head[0] == 0xFF && (rest.count == 1 || head[1] & 0xE0 == 0xE0)
        if isHead { return note("cut short: it ends in an MPEG frame's header at byte \(rest.lowerBound)") }
        if rest.count < lastLength { return }
        var place = rest.lowerBound
        while place < rest.upperBound, bytes.view(place, 1).first == 0 { place += 1 }
        if rest.upperBound - place < lastLength, rest.count <= Self.mostZeros { return }
        note("its last \(rest.count) bytes, from byte \(rest.lowerBound) on, are of no MPEG frame")
    }

    /// Keeps the first fault.
    private mutating func note(_ reason: String) {
        if damage == nil { damage = Damage(reason: reason, frames: frames) }
    }
}
