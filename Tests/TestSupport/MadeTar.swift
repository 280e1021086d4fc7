/// A tar archive put together header by header.
package struct MadeTar {
    /// How names that do not fit are written.
    package enum Form: CaseIterable, Sendable { case old, ustar, gnu, pax }

    private let form: Form
    private var out: [UInt8] = []

    package init(_ form: Form = .ustar) { self.form = form }

    /// The whole archive with its end mark.
    package var data: [UInt8] { out + [UInt8](repeating: 0, count: 1024) }

    /// The archive without an end mark.
    package var unended: [UInt8] { out }

    /// Adds a member.
    ///
    /// - Parameters:
    ///   - type: as in a header; `0` is a file.
    ///   - link: the name that a link leads to.
    ///   - records: further pax records, of any form.
    package mutating func add(
        _ name: [UInt8], _ bytes: [UInt8], type: Character = "0", link: [UInt8] = [],
        records: [(key: String, value: [UInt8])] = [], isBinary: Bool = false
    ) {
        var records = records
        var (short, prefix) = (name, [UInt8]())
        if name.count > 100 {
            short = Array(name.prefix(100))
            switch form {
            case .old: break
            case .gnu:
                let long = name + [0]
                out += header(Array("././@LongLink".utf8), [], long.count, "L", []) + Self.padded(long)
            case .pax: records.append(("path", name))
            case .ustar:
                if let cut = name.indices.last(where: { name[$0] == 0x2F && name.count - $0 - 1 <= 100 && $0 <= 155 }) {
                    prefix = Array(name[..<cut])
                    short = Array(name[(cut + 1)...])
                }
            }
        }
        if !records.isEmpty {
            let text = records.flatMap { Self.record($0.key, $0.value) }
            out += header(Array("pax".utf8), [], text.count, "x", []) + Self.padded(text)
        }
        out += header(short, prefix, bytes.count, type, link, isBinary: isBinary) + Self.padded(bytes)
    }

    /// Adds a member of a name that is text.
    package mutating func add(_ name: String, _ bytes: [UInt8], type: Character = "0", link: String = "") {
        add(Array(name.utf8), bytes, type: type, link: Array(link.utf8))
    }

    /// A pax record, whose length counts its own digits.
    package static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [0x20] + Array(key.utf8) + [0x3D] + value + [0x0A]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    private func header(
        _ name: [UInt8], _ prefix: [UInt8], _ size: Int, _ type: Character, _ link: [UInt8], isBinary: Bool = false
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: [UInt8], _ at: Int) { for (place, byte) in bytes.enumerated() { block[at + place] = byte } }
        func octal(_ value: Int, _ digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
        }
        put(name, 0)
        put(octal(0o644, 7), 100)
        put(octal(0, 7), 108)
        put(octal(0, 7), 116)
        if isBinary {
            put([0x80], 124)
            for place in 0..<8 { block[135 - place] = UInt8(truncatingIfNeeded: size >> (8 * place)) }
        } else {
            put(octal(size, 11), 124)
        }
        put(octal(1_700_000_000, 11), 136)
        block[156] = form == .old && type == "0" ? 0 : type.asciiValue ?? 0
        put(Array(link.prefix(100)), 157)
        if form != .old { put(Array((form == .gnu ? "ustar  \0" : "ustar\u{0}00").utf8), 257) }
        put(prefix, 345)
        put([UInt8](repeating: 0x20, count: 8), 148)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + [0, 0x20], 148)
        return block
    }
}
