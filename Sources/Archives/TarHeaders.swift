import Errors
import Files

/// Reads the headers of a tar archive, one after the other: ustar, GNU and pax, and the older form without a signature.
struct TarHeaders {
    private static let block = 512
    /// Bytes of a long name or of a member's pax records; more is damage.
    private static let mostMetadata = 1 << 20
    /// More members than that are refused: their index would not fit.
    private static let mostMembers = 20_000_000

    private let file: ArchiveFile
    private var builder = ArchiveIndex.Builder()
    private var place = 0
    /// Headers are mostly near one another, so a stretch of the file is read at a time.
    private var window: [UInt8] = []
    private var windowStart = 0

    // What headers before a member's own say of it.
    private var longName: [UInt8]?
    private var longLink: [UInt8]?
    private var records = Records()
    private var globals = Records()

    /// What pax records say of a member.
    private struct Records {
        var path: [UInt8]?
        var link: [UInt8]?
        var size: Int?
        var isSparse = false
        var isBroken = false
    }

    /// A header's fields.
    private struct Header {
        let bytes: ArraySlice<UInt8>

        var type: UInt8 { bytes[bytes.startIndex + 156] }
        var size: Int? { TarHeaders.number(field(124, 12)) }
        var link: [UInt8] { TarHeaders.text(field(157, 100)) }
        private var isPOSIX: Bool { field(257, 6).elementsEqual(Array("ustar\0".utf8)) }

        var name: [UInt8] {
            let name = TarHeaders.text(field(0, 100))
            let prefix = isPOSIX ? TarHeaders.text(field(345, 155)) : []
            return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
        }

        func field(_ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
            bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + count)]
        }

        /// Whether the header's checksum is that of its bytes; old programs added them up as signed numbers.
        var isSound: Bool {
            guard let stated = TarHeaders.number(field(148, 8)) else { return false }
            var (unsigned, signed) = (0, 0)
            for (offset, byte) in bytes.enumerated() {
                let byte = (148..<156).contains(offset) ? UInt8(ascii: " ") : byte
                unsigned += Int(byte)
                signed += Int(Int8(bitPattern: byte))
            }
            return stated == unsigned || stated == signed
        }
    }

    /// The index of a tar archive; nil if the file does not begin like one.
    ///
    /// - Throws: `ArchiveError` if reading fails or there are too many members.
    static func index(of file: ArchiveFile) throws(ArchiveError) -> ArchiveIndex? {
        var headers = TarHeaders(file: file)
        guard let first = try headers.next(), first.bytes.contains(where: { $0 != 0 }) ? first.isSound : false else {
            return nil
        }
        let damage = try headers.walk()
        return headers.builder.finish(.tar, damage: damage)
    }

    private init(file: ArchiveFile) { self.file = file }

    /// The block at the place; nil at the file's end.
    private mutating func next() throws(ArchiveError) -> Header? {
        if place < windowStart || place + Self.block > windowStart + window.count {
            // A small stretch: behind a large member, one header is all that is of use.
            window = try file.bytes(at: place, 16 * Self.block)
            windowStart = place
        }
        let offset = place - windowStart
        guard offset + Self.block <= window.count else { return nil }
        return Header(bytes: window[offset..<offset + Self.block])
    }

    /// Walks the headers from the first to the end mark.
    ///
    /// - Returns: what ended the walk before.
    private mutating func walk() throws(ArchiveError) -> ArchiveIndex.Damage? {
        while true {
            guard let header = try next() else {
                // Some programs write no end mark.
                if place == file.size, longName == nil, records.path == nil { return nil }
                return damage("the archive ends inside a header")
            }
            if header.bytes.allSatisfy({ $0 == 0 }) { return nil }
            guard header.isSound else { return damage("found a header with a wrong checksum") }
            guard let own = header.size else { return damage("found a header without a size") }
            let data = place + Self.block
            let isMetadata = "LKxgX".utf8.contains(header.type)
            let size = isMetadata ? own : records.size ?? globals.size ?? own
            let (padded, overflow) = size.addingReportingOverflow(Self.block - 1)
            guard size >= 0, !overflow, padded / Self.block * Self.block <= Int.max / 2 else {
                return damage("found a member of \(size) bytes")
            }
            if isMetadata {
                guard size <= Self.mostMetadata, data + size <= file.size else {
                    return damage("found \(size) bytes of a member's name or records")
                }
                let bytes = try file.bytes(at: data, size)
                guard bytes.count == size else { return damage("the archive ends inside a member's name") }
                take(header.type, bytes)
                if records.isBroken || globals.isBroken { return damage("found pax records that are not well formed") }
            } else {
                if let found = try member(header, data, size) { return found }
                (longName, longLink, records) = (nil, nil, Records())
            }
            // Links and the like have no data, whatever their size says.
            let hasData = isMetadata || !"123456".utf8.contains(header.type)
            place = data + (hasData ? padded / Self.block * Self.block : 0)
            // A last member without its padding is whole.
            if place > file.size, data + size <= file.size { return nil }
            if place > file.size { return damage("the archive ends inside the last member") }
        }
    }

    private func damage(_ reason: String) -> ArchiveIndex.Damage { .init(reason: reason, byte: place) }

    /// Takes what a header of metadata says of the next member, or of all that follow.
    private mutating func take(_ type: UInt8, _ bytes: [UInt8]) {
        switch type {
        case UInt8(ascii: "L"): longName = Self.text(bytes[...])
        case UInt8(ascii: "K"): longLink = Self.text(bytes[...])
        case UInt8(ascii: "g"): Self.read(bytes, into: &globals)
        default: Self.read(bytes, into: &records)
        }
    }

    /// Lists a member.
    ///
    /// - Returns: damage that ends the list.
    private mutating func member(_ header: Header, _ data: Int, _ size: Int) throws(ArchiveError)
        -> ArchiveIndex.Damage?
    {
        let raw = records.path ?? longName ?? globals.path ?? header.name
        // In the form without a signature, only the name tells a folder.
        if header.type == UInt8(ascii: "5") || header.type == UInt8(ascii: "D") || raw.last == UInt8(ascii: "/") {
            return nil
        }
        let name = MemberName.plain(raw[...])
        if name.isEmpty { return nil }
        guard builder.count < Self.mostMembers else {
            throw ArchiveError(.unsupported, path: file.path, "found more than \(Self.mostMembers) members")
        }
        func add(_ content: ArchiveEntry.Content, _ offset: Int, _ size: Int) {
            builder.add(
                ArchiveEntry(name: name, content: content, size: size, packed: size, offset: offset, checksum: nil))
        }
        if MemberName.escapes(raw) {
            add(.refused(.escapes), data, size)
        } else if records.isSparse || globals.isSparse || header.type == UInt8(ascii: "S") {
            add(.refused(.sparse), data, size)
        } else {
            switch header.type {
            case UInt8(ascii: "0"), 0, UInt8(ascii: "7"): add(.stored, data, size)
            case UInt8(ascii: "1"):
                // A second name of an earlier member.
                let target = MemberName.plain((records.link ?? longLink ?? header.link)[...])
                if let found = builder.entry(named: target), found.content == .stored {
                    add(.stored, found.offset, found.size)
                } else {
                    add(.refused(.link), data, 0)
                }
            case UInt8(ascii: "2"): add(.refused(.link), data, 0)
            case UInt8(ascii: "M"): add(.refused(.split), data, size)
            default: add(.refused(.special), data, 0)
            }
        }
        return nil
    }

    /// Reads pax records, `LENGTH KEY=VALUE\n` each.
    private static func read(_ bytes: [UInt8], into records: inout Records) {
        var rest = bytes[...]
        while let first = rest.first, first != 0 {
            guard let blank = rest.firstIndex(of: UInt8(ascii: " ")), blank - rest.startIndex <= 10,
                let length = Int(String(decoding: rest[..<blank], as: UTF8.self)),
                length > blank - rest.startIndex + 1, length <= rest.count
            else {
                records.isBroken = true
                return
            }
            let record = rest[(blank + 1)..<(rest.startIndex + length - 1)]
            rest = rest[(rest.startIndex + length)...]
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                records.isBroken = true
                return
            }
            let value = Array(record[(equals + 1)...])
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": records.path = value.isEmpty ? nil : value
            case "linkpath": records.link = value.isEmpty ? nil : value
            case "size":
                guard let size = Int(String(decoding: value, as: UTF8.self)), size >= 0 else {
                    records.isBroken = true
                    return
                }
                records.size = size
            case let key where key.hasPrefix("GNU.sparse."): records.isSparse = true
            default: break
            }
        }
    }

    /// A field's bytes up to its first zero.
    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// A number in octal digits with blanks around it, or in GNU's binary form; nil if it is neither, or negative.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if let first = field.first, first & 0x80 != 0 {
            // The highest bit of the first byte marks the form, the next would be the sign.
            guard first & 0x40 == 0 else { return nil }
            var value = Int(first & 0x3F)
            for byte in field.dropFirst() {
                guard value <= Int.max >> 9 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        // Some programs leave the size of a folder empty.
        if digits.isEmpty, field.allSatisfy({ $0 == 0 || $0 == 0x20 }) { return 0 }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
