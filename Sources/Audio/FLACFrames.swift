import Foundation

/// Information from the frame headers of a FLAC stream (RFC 9639), without decoding any frame.
///
/// A FLAC frame does not state its length: it ends where the next one begins. So the stream is searched for the bits of
/// a header, and a match counts if its CRC-8 is correct and its number follows the previous one. A jump in the numbers
/// is a gap if two consecutive headers agree on it; a single header may be a coincidence.
struct FLACSummary {
    /// The sample rate in Hz and the number of channels, from STREAMINFO.
    private(set) var rate = 0
    private(set) var channels = 0
    /// The number of sample frames from STREAMINFO; 0 if it is not known.
    private(set) var total: Int64 = 0
    /// The place of the byte whose lower four bits are the start of the total; the next four bytes are the rest.
    private(set) var totalAt = 0
    /// The number of sample frames that the headers add up to; nil if no frame was found.
    private(set) var frames: Int64?
    private(set) var damage: Damage?

    private struct Header {
        let at: Int
        let length: Int
        let isVariable: Bool
        let block: Int
        /// 0 for the rate of STREAMINFO.
        let rate: Int
        let channels: Int
        let number: Int

        var next: Int { isVariable ? number + block : number + 1 }

        func follows(_ other: Header) -> Bool { isVariable == other.isVariable && number == other.next }
    }

    /// The number of channels according to STREAMINFO; nil if the file is not FLAC or begins with another block.
    ///
    /// - Parameter start: the place of the letters "fLaC".
    static func channels(_ bytes: FileBytes, _ start: Int) -> Int? {
        guard bytes.has("fLaC", at: start), let head = bytes.number(start + 4, 4, bigEndian: true),
            head >> 24 & 0x7F == 0, let packed = bytes.number(start + 18, 4, bigEndian: true)
        else { return nil }
        return (packed >> 9 & 7) + 1
    }

    /// - Parameter start: the place of the letters "fLaC".
    init?(_ bytes: FileBytes, _ start: Int) {
        guard bytes.has("fLaC", at: start) else { return nil }
        var place = start + 4
        while true {
            guard let head = bytes.number(place, 4, bigEndian: true) else { return }
            if head >> 24 & 0x7F == 0, let packed = bytes.number(place + 14, 4, bigEndian: true) {
                rate = packed >> 12
                channels = (packed >> 9 & 7) + 1
                totalAt = place + 17
                total = Int64(bytes.number(totalAt, 5, bigEndian: true) ?? 0) & 0xF_FFFF_FFFF
            }
            place += 4 + head & 0xFF_FFFF
            if head >> 31 == 1 { break }
        }
        walk(bytes, place)
    }

    private mutating func walk(_ bytes: FileBytes, _ start: Int) {
        var last: Header?
        var strange: Header?
        var sum: Int64 = 0
        var place = start
        while place < bytes.size {
            let rest = bytes.view(place, 2)
            guard rest.count >= 2, let found = memchr(rest.baseAddress!, 0xFF, rest.count - 1) else {
                place += max(1, rest.count - 1)
                continue
            }
            let offset = UnsafeRawPointer(found) - rest.baseAddress!
            place += offset
            guard rest[offset + 1] & 0xFE == 0xF8, let header = Self.header(bytes.view(place, 16), place) else {
                place += 1
                continue
            }
            if let before = last, !header.follows(before) {
                if let first = strange, header.follows(first) {
                    note(
                        "found FLAC frame \(first.number) at byte \(first.at), expected \(before.next)", sum)
                    sum += Int64(first.block)
                } else {
                    strange = header
                    place += 1
                    continue
                }
            }
            strange = nil
            let heardRate = header.rate == 0 ? rate : header.rate
            if heardRate != rate || header.channels != channels {
                note(
                    "the FLAC frame at byte \(place) has \(header.channels) channels at \(heardRate) Hz, expected "
                        + "\(channels) at \(rate) Hz", sum)
            }
            last = header
            sum += Int64(header.block)
            place += header.length
        }
        if let first = strange, let before = last, Self.isWhole(bytes, first.at) {
            note("found FLAC frame \(first.number) at byte \(first.at), expected \(before.next)", sum)
        }
        if last != nil { frames = sum }
    }

    /// Records a fault if it is the first.
    private mutating func note(_ reason: String, _ frames: Int64) {
        if damage == nil { damage = Damage(reason: reason, frames: frames) }
    }

    private static func header(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Header? {
        guard bytes.count >= 6 else { return nil }
        let blockCode = Int(bytes[2] >> 4)
        let rateCode = Int(bytes[2] & 15)
        let channelCode = Int(bytes[3] >> 4)
        guard blockCode != 0, rateCode != 15, channelCode < 11, bytes[3] >> 1 & 7 != 3, bytes[3] & 1 == 0 else {
            return nil
        }
        // The number, encoded as UTF-8 extended to 36 bits.
        let first = bytes[4]
        let more = first < 0x80 ? 0 : (~first).leadingZeroBitCount - 1
        guard more != 0 || first < 0x80, more <= 6 else { return nil }
        var place = 5 + more
        guard bytes.count >= place + 5 else { return nil }
        var number = more == 0 ? Int(first) : Int(first) & (0x3F >> more)
        for byte in bytes[5..<place] {
            guard byte & 0xC0 == 0x80 else { return nil }
            number = number << 6 | Int(byte & 0x3F)
        }
        func take(_ count: Int) -> Int {
            defer { place += count }
            return bytes[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
        }
        let block =
            switch blockCode {
            case 1: 192
            case 2...5: 576 << (blockCode - 2)
            case 6: take(1) + 1
            case 7: take(2) + 1
            default: 256 << (blockCode - 8)
            }
        let rate =
            switch rateCode {
            case 0: 0
            case 12: take(1) * 1000
            case 13: take(2)
            case 14: take(2) * 10
            default: [88_200, 176_400, 192_000, 8000, 16000, 22_050, 24000, 32000, 44_100, 48000, 96000][rateCode - 1]
            }
        guard checksum(bytes[..<place]) == bytes[place] else { return nil }
        return Header(
            at: at, length: place + 1, isVariable: bytes[1] & 1 == 1, block: block, rate: rate,
            channels: channelCode < 8 ? channelCode + 1 : 2, number: number)
    }

    /// CRC-8 with the polynomial x^8 + x^2 + x + 1.
    private static func checksum(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt8 {
        var crc: UInt8 = 0
        for byte in bytes {
            crc ^= byte
            for _ in 0..<8 { crc = crc << 1 ^ (crc & 0x80 != 0 ? 0x07 : 0) }
        }
        return crc
    }

    /// Whether the bytes from there to the file's end are a single frame, according to its CRC-16.
    private static func isWhole(_ bytes: FileBytes, _ start: Int) -> Bool {
        guard bytes.size - start <= 131_072 else { return false }
        var crc: UInt16 = 0
        for byte in bytes.view(start, bytes.size - start) {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc << 1 ^ (crc & 0x8000 != 0 ? 0x8005 : 0) }
        }
        return crc == 0
    }
}
