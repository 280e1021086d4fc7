import Errors
import Files

/// Reads the central directory of a zip archive, also in the 64-bit form and behind foreign bytes.
///
/// Sizes and checksums come from the directory, so it does not matter whether they stand before or behind a member's
/// bytes (a data descriptor).
struct ZipDirectory {
    private static let entrySize = 46
    private static let endSize = 22
    private static let end64Size = 56
    private static let locatorSize = 20
    /// The longest comment, which ends the file.
    private static let mostComment = 65_535
    /// A larger directory is refused: its index would not fit.
    private static let mostBytes = 1 << 30

    private static let (entryMark, localMark) = (0x0201_4B50, 0x0403_4B50)
    private static let (endMark, end64Mark, locatorMark) = (0x0605_4B50, 0x0606_4B50, 0x0706_4B50)

    /// The size of a local header without its name and extra field.
    static let localSize = 30

    /// Where the directory is, as the record at the archive's end says.
    private struct Place {
        let start: Int
        let size: Int
        let count: Int
        /// What offsets in the directory count from: there may be foreign bytes before the archive.
        let base: Int
    }

    /// The index of a zip archive; nil if the file has no record of a directory.
    ///
    /// - Throws: `ArchiveError` if reading fails, or the archive is one of several volumes.
    static func index(of file: ArchiveFile) throws(ArchiveError) -> ArchiveIndex? {
        guard let place = try place(file) else {
            let head = try file.bytes(at: 0, 4)
            guard head.starts(with: [0x50, 0x4B, 3, 4]) else { return nil }
            throw ArchiveError(
                .unreadable, path: file.path,
                "found a zip archive without a directory at its end: it is cut short or still being written",
                byte: file.size)
        }
        guard place.size <= mostBytes else {
            throw ArchiveError(.unsupported, path: file.path, "found a directory of \(place.size) bytes")
        }
        let bytes = try file.bytes(at: place.start, place.size)
        var builder = ArchiveIndex.Builder()
        var rest = bytes[...]
        func damage(_ reason: String) -> ArchiveIndex {
            builder.finish(.zip, damage: .init(reason: reason, byte: place.start + place.size - rest.count))
        }
        var count = 0
        while !rest.isEmpty {
            // A digital signature of the whole directory may end it.
            if rest.number(0, 4) == 0x0505_4B50 { break }
            guard rest.count >= entrySize, rest.number(0, 4) == entryMark else {
                return damage("the zip's directory is damaged")
            }
            guard let entry = Entry(rest) else { return damage("the zip's directory is damaged: an entry is cut") }
            rest = rest.dropFirst(entry.length)
            count += 1
            if let member = entry.member(base: place.base) { builder.add(member) }
        }
        // Some programs write the count of more than 65,535 members without the 64-bit form.
        guard count & 0xFFFF == place.count & 0xFFFF else {
            return damage("the zip's directory has \(count) entries, its end says \(place.count)")
        }
        return builder.finish(.zip)
    }

    /// Where the directory is; nil if the file does not end like a zip archive.
    ///
    /// - Throws: `ArchiveError` if reading fails, or the archive is one of several volumes.
    private static func place(_ file: ArchiveFile) throws(ArchiveError) -> Place? {
        let tailStart = max(0, file.size - endSize - mostComment)
        let tail = try file.bytes(at: tailStart, file.size - tailStart)
        guard tail.count >= endSize else { return nil }
        let marks = (0...tail.count - endSize).reversed().filter {
            tail[$0] == 0x50 && tail[$0...].number(0, 4) == endMark
        }
        // A comment may hold the same four bytes, so the record whose comment ends with the file comes first.
        guard
            let offset = marks.first(where: { tail[$0...].number(20, 2) == tail.count - $0 - endSize }) ?? marks.first
        else { return nil }
        let end = tail[offset...]
        let endPlace = tailStart + offset
        func field(_ at: Int, _ count: Int) -> Int { end.number(at, count) ?? 0 }
        var (disk, count, size, start) = (field(4, 2), field(10, 2), field(12, 4), field(16, 4))
        var directoryEnd = endPlace
        let locator = try file.bytes(at: endPlace - locatorSize, locatorSize)[...]
        if endPlace >= locatorSize, locator.number(0, 4) == locatorMark {
            guard let found = try place64(file, locator, before: endPlace - locatorSize) else {
                throw ArchiveError(
                    .unreadable, path: file.path, "the zip's 64-bit record of its directory is damaged",
                    byte: endPlace - locatorSize)
            }
            (disk, count, size, start, directoryEnd) = found
        }
        guard disk == 0 else {
            throw ArchiveError(.unsupported, path: file.path, "found one of several volumes of a zip archive")
        }
        let base = directoryEnd - size - start
        guard base >= 0, size <= directoryEnd else {
            throw ArchiveError(
                .unreadable, path: file.path,
                "the zip's directory is not where its end says: \(size) bytes at \(start), before byte \(directoryEnd)",
                byte: endPlace)
        }
        return Place(start: directoryEnd - size, size: size, count: count, base: base)
    }

    /// What the 64-bit record says: disk, count, size, start, and where the record itself is.
    private static func place64(
        _ file: ArchiveFile, _ locator: ArraySlice<UInt8>, before end: Int
    ) throws(ArchiveError) -> (Int, Int, Int, Int, Int)? {
        // Where the locator points, or straight before it if there are foreign bytes before the archive.
        for place in [locator.number(8, 8) ?? -1, end - end64Size] where place >= 0 && place <= end - end64Size {
            let record = try file.bytes(at: place, end64Size)[...]
            guard record.number(0, 4) == end64Mark, let disk = record.number(16, 4), let count = record.number(32, 8),
                let size = record.number(40, 8), let start = record.number(48, 8), size <= file.size,
                start <= file.size
            else { continue }
            return (disk, count, size, start, place)
        }
        return nil
    }

    /// One entry of the directory.
    private struct Entry {
        /// Bytes of the entry with its name, extra field and comment.
        let length: Int
        private let flags: Int
        private let method: Int
        private let system: Int
        private let attributes: Int
        private let checksum: Int
        private var packed: Int
        private var size: Int
        private var disk: Int
        private var offset: Int
        private let name: [UInt8]

        /// nil if the entry is cut.
        init?(_ bytes: ArraySlice<UInt8>) {
            func field(_ at: Int, _ count: Int) -> Int { bytes.number(at, count) ?? 0 }
            let (nameLength, extraLength) = (field(28, 2), field(30, 2))
            length = entrySize + nameLength + extraLength + field(32, 2)
            guard length <= bytes.count else { return nil }
            system = field(5, 1)
            flags = field(8, 2)
            method = field(10, 2)
            checksum = field(16, 4)
            packed = field(20, 4)
            size = field(24, 4)
            disk = field(34, 2)
            attributes = field(38, 4)
            offset = field(42, 4)
            let start = bytes.startIndex + entrySize
            name = Array(bytes[start..<start + nameLength])
            read64(bytes[(start + nameLength)..<(start + nameLength + extraLength)])
        }

        /// Reads the numbers that do not fit into the entry; each is there only if the entry's own is all ones.
        private mutating func read64(_ extra: ArraySlice<UInt8>) {
            var extra = extra
            while extra.count >= 4 {
                let length = extra.number(2, 2) ?? 0
                if extra.number(0, 2) == 1 {
                    var values = extra.dropFirst(4).prefix(length)
                    func next(_ count: Int) -> Int {
                        defer { values = values.dropFirst(count) }
                        // A number that is missing or too large is found to be outside the archive.
                        return values.number(0, count) ?? Int.max / 4
                    }
                    if size == 0xFFFF_FFFF { size = next(8) }
                    if packed == 0xFFFF_FFFF { packed = next(8) }
                    if offset == 0xFFFF_FFFF { offset = next(8) }
                    if disk == 0xFFFF { disk = next(4) }
                    return
                }
                extra = extra.dropFirst(4 + length)
            }
        }

        /// The member; nil for a folder.
        func member(base: Int) -> ArchiveEntry? {
            let plain = MemberName.plain(name[...])
            if name.last == UInt8(ascii: "/") || plain.isEmpty { return nil }
            let (place, overflow) = base.addingReportingOverflow(offset)
            let content: ArchiveEntry.Content
            // Unix keeps a file's mode in the attributes' upper half; 0xA000 is a link, 0x8000 a file.
            let kind = system == 3 ? attributes >> 16 & 0xF000 : 0
            if MemberName.escapes(name) {
                content = .refused(.escapes)
            } else if flags & 0x2041 != 0 {
                content = .refused(.encrypted)
            } else if disk != 0 {
                content = .refused(.split)
            } else if kind == 0xA000 {
                content = .refused(.link)
            } else if kind != 0 && kind != 0x8000 {
                content = .refused(.special)
            } else {
                content = method == 0 ? .stored : method == 8 ? .deflated : .refused(.method(method))
            }
            return ArchiveEntry(
                name: plain, content: content, size: size, packed: packed, offset: overflow ? Int.max / 4 : place,
                checksum: UInt32(truncatingIfNeeded: checksum))
        }
    }

    /// Where a member's bytes begin, as its local header says.
    ///
    /// - Throws: `ArchiveError` if the header is not that of the member.
    static func start(of entry: ArchiveEntry, in file: ArchiveFile, _ path: String) throws(ArchiveError) -> Int {
        let longest = 1 << 16
        let header = try file.bytes(at: entry.offset, localSize + min(entry.name.count + 64, longest))[...]
        func damaged(_ reason: String) -> ArchiveError {
            ArchiveError(.unreadable, path: path, "the archive is damaged: \(reason)", byte: entry.offset)
        }
        guard header.count >= localSize, header.number(0, 4) == localMark else {
            throw damaged("no member begins where its directory says")
        }
        let method = entry.content == .stored ? 0 : 8
        let nameLength = header.number(26, 2) ?? 0
        var name = header.dropFirst(localSize).prefix(nameLength)
        if name.count < nameLength { name = try file.bytes(at: entry.offset + localSize, nameLength)[...] }
        guard header.number(8, 2) == method, MemberName.plain(name) == entry.name else {
            throw damaged("another member begins where its directory says")
        }
        return entry.offset + localSize + nameLength + (header.number(28, 2) ?? 0)
    }
}
