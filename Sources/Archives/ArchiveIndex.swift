import Files

/// Why a member that an archive lists is not read.
package enum MemberRefusal: Sendable, Hashable, CustomStringConvertible {
    case escapes
    case encrypted
    /// A compression method of zip, by its number.
    case method(Int)
    case sparse
    case link
    case split
    /// A device, a pipe or a kind that is not known.
    case special

    private static let methods: [Int: String] = [
        1: "Shrink", 6: "Implode", 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 94: "MP3", 95: "XZ",
        97: "WavPack", 98: "PPMd", 99: "AES encryption",
    ]

    package var description: String {
        switch self {
        case .escapes: "its name is absolute or has '..'"
        case .encrypted: "it is encrypted"
        case .method(let number):
            "it is compressed by \(Self.methods[number] ?? "method \(number)"), expected stored or Deflate"
        case .sparse: "it is a sparse file"
        case .link: "it is a link"
        case .split: "it goes on in another volume"
        case .special: "it is not a regular file"
        }
    }
}

/// A member of an archive, as the archive lists it.
package struct ArchiveEntry: Sendable {
    /// How a member's bytes are kept.
    package enum Content: Sendable, Equatable {
        case stored
        case deflated
        case refused(MemberRefusal)
    }

    /// The bytes of the name, without empty and `.` components.
    package let name: [UInt8]
    package let content: Content
    /// The size in bytes when unpacked, as the archive states it.
    package let size: Int
    /// The size in bytes in the archive.
    let packed: Int
    /// Where the member's bytes begin in a tar; where its local header begins in a zip.
    package let offset: Int
    /// The CRC-32 that a zip states.
    let checksum: UInt32?
}

/// What an archive lists, in memory: about 60 bytes and the name of each member.
package final class ArchiveIndex: Sendable {
    /// The two kinds of archives.
    package enum Form: String, Sendable { case zip, tar }

    /// What makes the end of the list unknown.
    package struct Damage: Sendable, Equatable {
        package let reason: String
        /// Where in the archive.
        package let byte: Int
    }

    package let form: Form
    /// What ended the list before the archive's end; nil if it is whole.
    package let damage: Damage?
    /// Members that a later one of the same name replaces, as it would when they are unpacked.
    package let replaced: Int
    private let names: [UInt8]
    private let rows: [Row]
    /// Open addressing by the name's hash: the row, or -1.
    private let table: [Int32]

    /// A member in a fixed number of bytes.
    private struct Row {
        var nameStart: Int
        var nameLength: Int32
        var checksum: UInt32
        var offset: Int
        var packed: Int
        var size: Int
        var content: ArchiveEntry.Content
        var isReplaced = false
    }

    /// Gathers members in the archive's order.
    struct Builder {
        private var names: [UInt8] = []
        private var rows: [Row] = []
        private var table: [Int32] = []
        private var replaced = 0

        /// How many there are so far.
        var count: Int { rows.count }

        /// Adds a member; a later one replaces an earlier one of the same name.
        mutating func add(_ entry: ArchiveEntry) {
            if 2 * (rows.count + 1) > table.count { grow() }
            let row = Row(
                nameStart: names.count, nameLength: Int32(clamping: entry.name.count), checksum: entry.checksum ?? 0,
                offset: entry.offset, packed: entry.packed, size: entry.size, content: entry.content)
            names += entry.name
            rows.append(row)
            let slot = slot(of: rows.count - 1)
            if table[slot] >= 0 {
                rows[Int(table[slot])].isReplaced = true
                replaced += 1
            }
            table[slot] = Int32(rows.count - 1)
        }

        /// The member added last under a name.
        func entry(named name: [UInt8]) -> ArchiveEntry? {
            guard !table.isEmpty else { return nil }
            let found = table[ArchiveIndex.slot(name[...], table, rows, names)]
            return found < 0 ? nil : ArchiveIndex.entry(rows[Int(found)], names, hasChecksum: false)
        }

        func finish(_ form: Form, damage: Damage? = nil) -> ArchiveIndex {
            ArchiveIndex(form, damage, replaced, names, rows, table)
        }

        private func slot(of row: Int) -> Int {
            let start = rows[row].nameStart
            return ArchiveIndex.slot(names[start..<start + Int(rows[row].nameLength)], table, rows, names)
        }

        private mutating func grow() {
            table = [Int32](repeating: -1, count: max(16, 2 * table.count))
            for row in rows.indices where !rows[row].isReplaced { table[slot(of: row)] = Int32(row) }
        }
    }

    private init(
        _ form: Form, _ damage: Damage?, _ replaced: Int, _ names: [UInt8], _ rows: [Row], _ table: [Int32]
    ) {
        self.form = form
        self.damage = damage
        self.replaced = replaced
        self.names = names
        self.rows = rows
        self.table = table
    }

    /// The number of members listed, also those that are replaced.
    package var count: Int { rows.count }

    /// A member by its place in the archive's order; nil if a later member replaces it.
    package func entry(_ place: Int) -> ArchiveEntry? {
        rows[place].isReplaced ? nil : Self.entry(rows[place], names, hasChecksum: form == .zip)
    }

    /// The member of a name; nil if there is none.
    package func entry(named name: [UInt8]) -> ArchiveEntry? {
        guard !table.isEmpty else { return nil }
        let row = table[Self.slot(name[...], table, rows, names)]
        return row < 0 ? nil : Self.entry(rows[Int(row)], names, hasChecksum: form == .zip)
    }

    /// The bytes of memory that it takes, about.
    var memory: Int { names.count + rows.count * MemoryLayout<Row>.stride + table.count * 4 + 256 }

    private static func entry(_ row: Row, _ names: [UInt8], hasChecksum: Bool) -> ArchiveEntry {
        ArchiveEntry(
            name: Array(names[row.nameStart..<row.nameStart + Int(row.nameLength)]), content: row.content,
            size: row.size, packed: row.packed, offset: row.offset, checksum: hasChecksum ? row.checksum : nil)
    }

    /// The slot that holds a name, or the free one where it belongs. The table is never full.
    private static func slot(
        _ name: ArraySlice<UInt8>, _ table: [Int32], _ rows: [Row], _ names: [UInt8]
    ) -> Int {
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
        while table[place] >= 0 {
            let row = rows[Int(table[place])]
            if Int(row.nameLength) == name.count,
                names[row.nameStart..<row.nameStart + name.count].elementsEqual(name)
            {
                break
            }
            place = (place + 1) & mask
        }
        return place
    }
}
