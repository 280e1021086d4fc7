import Errors
import Files
import Glibc

/// Where a member's bytes are in an open archive.
package struct MemberPlace {
    let file: ArchiveFile
    let entry: ArchiveEntry
    /// The first of the member's bytes in the archive.
    let start: Int
    /// The member's path, for errors.
    let path: String

    /// What tells the member from any other, also from one of another state of the archive.
    package struct Identity: Hashable {
        let archive: FileIdentity
        let start: Int
    }

    package var identity: Identity { Identity(archive: file.identity, start: start) }

    /// Finds a member.
    ///
    /// - Throws: `ArchiveError` if the archive or the member is not there, is damaged, or is of a kind that is not read.
    package init(_ path: ArchivePath) throws(ArchiveError) {
        let file = try ArchiveFile(path.archive)
        let index = try ArchiveIndexes.shared.index(of: file)
        try self.init(file, index, try Self.entry(path.member, index, path.text), path.text)
    }

    /// - Throws: `ArchiveError` if the member is damaged, or of a kind that is not read.
    init(_ file: ArchiveFile, _ index: ArchiveIndex, _ entry: ArchiveEntry, _ path: String) throws(ArchiveError) {
        if case .refused(let reason) = entry.content {
            throw ArchiveError(.unsupported, path: path, "the member cannot be read: \(reason)")
        }
        let (_, overflow) = entry.offset.addingReportingOverflow(entry.packed)
        guard !overflow, entry.offset >= 0, entry.offset + entry.packed <= file.size else {
            throw Self.cut(path, entry, file)
        }
        self.file = file
        self.entry = entry
        self.path = path
        start = index.form == .zip ? try ZipDirectory.start(of: entry, in: file, path) : entry.offset
        guard start + entry.packed <= file.size else { throw Self.cut(path, entry, file) }
        if entry.content == .stored, entry.packed != entry.size {
            throw ArchiveError(
                .unreadable, path: path,
                "the archive is damaged: a stored member of \(entry.size) bytes has \(entry.packed)", byte: start)
        }
    }

    /// The entry of a member's name.
    ///
    /// - Throws: `ArchiveError` if there is none.
    static func entry(_ name: [UInt8], _ index: ArchiveIndex, _ path: String) throws(ArchiveError) -> ArchiveEntry {
        if let entry = index.entry(named: name) { return entry }
        if let damage = index.damage {
            throw ArchiveError(
                .unreadable, path: path, "the archive is damaged before this member is listed: \(damage.reason)",
                byte: damage.byte)
        }
        throw ArchiveError(.unreadable, path: path, "the archive has no member of this name", isMissing: true)
    }

    private static func cut(_ path: String, _ entry: ArchiveEntry, _ file: ArchiveFile) -> ArchiveError {
        ArchiveError(
            .unreadable, path: path,
            "the archive is cut: it ends at byte \(file.size), and the member needs \(entry.packed) bytes from byte "
                + "\(entry.offset)")
    }

    /// Passes on the member's bytes, inflated and checked, in pieces of up to 128 KiB.
    ///
    /// - Throws: `ArchiveError` if reading fails, the data are damaged, or their size or checksum is not what the archive
    ///   states; what `take` throws.
    func read(_ take: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) throws(ArchiveError) {
        var sum: UInt32 = 0
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.piece, alignment: 64)
        defer { piece.deallocate() }
        func pass(_ count: Int) throws(ArchiveError) {
            let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
            if entry.checksum != nil { sum = Inflater.checksum(sum, bytes) }
            try take(bytes)
        }
        if entry.content == .deflated {
            let inflation = Inflation(self)
            var left = entry.size
            while left > 0 {
                let count = try inflation.read(into: .init(rebasing: piece[..<min(left, piece.count)]))
                try pass(count)
                left -= count
            }
            try inflation.end()
        } else {
            var place = 0
            while place < entry.size {
                let count = try stored(into: .init(rebasing: piece[..<min(piece.count, entry.size - place)]), at: place)
                try pass(count)
                place += count
            }
        }
        try check(sum)
    }

    /// Compares a checksum of all the member's bytes with the archive's.
    ///
    /// - Throws: `ArchiveError` if they differ.
    func check(_ sum: UInt32) throws(ArchiveError) {
        guard let stated = entry.checksum, stated != sum else { return }
        func text(_ value: UInt32) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
        throw ArchiveError(
            .unreadable, path: path,
            "the member is damaged: its CRC-32 is \(text(sum)), the archive says \(text(stated))")
    }

    /// Fills a buffer with packed bytes.
    ///
    /// - Parameter place: counted from the member's first byte; what is asked for is within the member.
    /// - Throws: `ArchiveError` if reading fails or the archive has become shorter.
    fileprivate func packed(into out: UnsafeMutableRawBufferPointer, at place: Int) throws(ArchiveError) {
        guard let base = out.baseAddress else { return }
        let (count, fault) = file.read(into: base, at: start + place, out.count)
        if let fault { throw .system(path, "the archive cannot be read", fault) }
        guard count == out.count else {
            throw ArchiveError(.changed, path: path, "the archive became shorter while it was being read")
        }
    }

    private func stored(into out: UnsafeMutableRawBufferPointer, at place: Int) throws(ArchiveError) -> Int {
        try packed(into: out, at: place)
        return out.count
    }

    private static let piece = 128 << 10
}

/// A deflated member being inflated from its start.
final class Inflation {
    private static let inputSize = 64 << 10

    private let place: MemberPlace
    private let inflater = Inflater()
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: Inflation.inputSize, alignment: 64)
    /// Packed bytes that were read.
    private var used = 0
    private var isAtEnd = false

    init(_ place: MemberPlace) { self.place = place }

    deinit { input.deallocate() }

    /// Inflates some bytes, at least one.
    ///
    /// - Throws: `ArchiveError` if the data are damaged or end.
    func read(into out: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        while true {
            if isAtEnd {
                throw damaged("its data end before the \(place.entry.size) bytes that the archive states")
            }
            let (count, outcome) = try step(into: out)
            isAtEnd = outcome == .end
            if count > 0 { return count }
        }
    }

    /// Checks that nothing follows what was read.
    ///
    /// - Throws: `ArchiveError` if the data go on or are damaged.
    func end() throws(ArchiveError) {
        try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { (one) throws(ArchiveError) in
            while !isAtEnd {
                let (count, outcome) = try step(into: one)
                if count > 0 {
                    throw damaged("its data go on after the \(place.entry.size) bytes that the archive states")
                }
                isAtEnd = outcome == .end
            }
        }
    }

    private func step(into out: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> (Int, Inflater.Outcome) {
        if inflater.inputLeft == 0, used < place.entry.packed {
            let piece = UnsafeMutableRawBufferPointer(rebasing: input[..<min(input.count, place.entry.packed - used)])
            try place.packed(into: piece, at: used)
            used += piece.count
            inflater.feed(piece)
        }
        let isLast = inflater.inputLeft == 0
        let (count, outcome) = inflater.inflate(into: out)
        switch outcome {
        case .damaged: throw damaged("its data are not Deflate")
        case .outOfMemory: throw .system(place.path, "the member cannot be inflated", ENOMEM)
        case .more where count == 0 && isLast && used == place.entry.packed: throw damaged("its data are cut")
        default: return (count, outcome)
        }
    }

    private func damaged(_ reason: String) -> ArchiveError {
        ArchiveError(.unreadable, path: place.path, "the member is damaged: \(reason)")
    }
}
