import CZlib

/// A zip archive put together byte by byte, so that a test can make what programs do not.
package struct MadeZip {
    /// One member; what is stated of it may differ from what is so.
    package struct Member {
        package var name: [UInt8]
        package var bytes: [UInt8]
        package var isDeflated = false
        /// Sizes and checksum stand behind the bytes, and zeros in the local header.
        package var hasDescriptor = false
        /// Sizes and place stand in the 64-bit extra field.
        package var isLarge = false
        package var flags = 0
        package var method: Int?
        package var statedSize: Int?
        package var statedPacked: Int?
        package var statedChecksum: UInt32?
        /// The name in the local header, if another.
        package var localName: [UInt8]?
        /// The mode of a Unix file system; nil for an archive of another system.
        package var mode: Int?

        package init(_ name: String, _ bytes: [UInt8], deflated: Bool = false) {
            self.init(Array(name.utf8), bytes, deflated: deflated)
        }

        package init(_ name: [UInt8], _ bytes: [UInt8], deflated: Bool = false) {
            (self.name, self.bytes, isDeflated) = (name, bytes, deflated)
        }
    }

    package var members: [Member]
    package var comment: [UInt8] = []
    /// Foreign bytes before the archive, which its offsets do not count.
    package var prefix: [UInt8] = []
    /// Whether the 64-bit record of the directory is written.
    package var isLarge = false

    package init(_ members: [Member]) { self.members = members }

    /// The whole archive.
    package var data: [UInt8] {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let packed = member.isDeflated ? Self.deflated(member.bytes) : member.bytes
            let sum = member.statedChecksum ?? Self.checksum(member.bytes)
            let size = member.statedSize ?? member.bytes.count
            let stated = member.statedPacked ?? packed.count
            let flags = member.flags | (member.hasDescriptor ? 8 : 0)
            let method = member.method ?? (member.isDeflated ? 8 : 0)
            let start = out.count
            let localName = member.localName ?? member.name
            var common = Self.number(45, 2) + Self.number(flags, 2) + Self.number(method, 2)
            common += Self.number(0x6000, 2) + Self.number(0x5A21, 2)
            out += Self.number(0x0403_4B50, 4) + common
            out +=
                member.hasDescriptor
                ? [UInt8](repeating: 0, count: 12)
                : Self.number(Int(sum), 4)
                    + (member.isLarge
                        ? [UInt8](repeating: 0xFF, count: 8) : Self.number(stated, 4) + Self.number(size, 4))
            let localExtra =
                member.isLarge
                ? Self.number(1, 2) + Self.number(16, 2) + Self.number(size, 8) + Self.number(stated, 8) : []
            out += Self.number(localName.count, 2) + Self.number(localExtra.count, 2) + localName + localExtra + packed
            if member.hasDescriptor {
                let width = member.isLarge ? 8 : 4
                out += Self.number(0x0807_4B50, 4) + Self.number(Int(sum), 4)
                out += Self.number(stated, width) + Self.number(size, width)
            }
            let extra =
                member.isLarge
                ? Self.number(1, 2) + Self.number(24, 2) + Self.number(size, 8) + Self.number(stated, 8)
                    + Self.number(start, 8) : []
            directory += Self.number(0x0201_4B50, 4) + Self.number(member.mode == nil ? 45 : 3 << 8 | 45, 2) + common
            directory += Self.number(Int(sum), 4)
            directory +=
                member.isLarge ? [UInt8](repeating: 0xFF, count: 8) : Self.number(stated, 4) + Self.number(size, 4)
            directory += Self.number(member.name.count, 2) + Self.number(extra.count, 2) + Self.number(0, 6)
            directory += Self.number((member.mode ?? 0) << 16, 4)
            directory += (member.isLarge ? [UInt8](repeating: 0xFF, count: 4) : Self.number(start, 4))
            directory += member.name + extra
        }
        let start = out.count
        out += directory
        if isLarge {
            let record = out.count
            out += Self.number(0x0606_4B50, 4) + Self.number(44, 8) + Self.number(45, 2) + Self.number(45, 2)
            out += Self.number(0, 8) + Self.number(members.count, 8) + Self.number(members.count, 8)
            out += Self.number(directory.count, 8) + Self.number(start, 8)
            out += Self.number(0x0706_4B50, 4) + Self.number(0, 4) + Self.number(record, 8) + Self.number(1, 4)
        }
        out += Self.number(0x0605_4B50, 4) + Self.number(0, 4)
        out += isLarge ? [UInt8](repeating: 0xFF, count: 12) : []
        if !isLarge {
            out += Self.number(members.count, 2) + Self.number(members.count, 2) + Self.number(directory.count, 4)
            out += Self.number(start, 4)
        }
        return prefix + out + Self.number(comment.count, 2) + comment
    }

    /// The lowest bytes of a number, the lowest first.
    package static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 < 8 ? value >> (8 * $0) : 0) }
    }

    /// zlib's CRC-32.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(bytes.count)))
    }

    /// Raw Deflate data of zlib's best compression.
    package static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
                == Z_OK
        else { return [] }
        defer { deflateEnd(&stream) }
        var input = bytes
        var out = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 16)
        let count = input.withUnsafeMutableBufferPointer { source in
            out.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                deflate(&stream, Z_FINISH)
                return target.count - Int(stream.avail_out)
            }
        }
        return Array(out[..<count])
    }
}
