import Files
import Foundation
import Synchronization

/// A shard, sealed or not, mapped for reading.
package final class MappedShard: @unchecked Sendable {
    package let path: String
    /// What the file says of its rows.
    package let header: NumpyHeader
    private let base: UnsafeMutableRawPointer
    private let size: Int
    /// Bytes that were read since pages were let go of last.
    private let read = Atomic<Int>(0)

    /// Pages are let go of after so many bytes: else all of a cache that is read once would stay in memory, as each shard
    /// is mapped whole. Read again, they come from the system's own cache at the price of a page fault.
    private static let heldBytes = 4 << 20

    /// Maps a file and checks its header against its size.
    ///
    /// - Parameter rowsOfPartial: for a shard that is not sealed, whose header does not tell its rows: how many count.
    /// - Throws: `FileError` naming the byte, what was found and what was expected.
    package init(path: String, rowsOfPartial: Int? = nil, files: FileOperations = .system) throws(FileError) {
        self.path = path
        let (mapped, size) = try Self.map(path, atLeast: 10, files)
        base = mapped
        self.size = size
        let bytes = UnsafeRawBufferPointer(start: mapped, count: min(size, 8192))
        let parsed: NumpyHeader
        do throws(FileError) {
            parsed = try Self.header(bytes, of: size, path: path, rowsOfPartial: rowsOfPartial)
        } catch {
            // Before the last property is set, so that `deinit` does not run as well: unmapped twice, it could be another
            // thread's mapping the second time.
            munmap(mapped, size)
            throw error
        }
        header = parsed
    }

    /// Maps a regular file of at least so many bytes.
    private static func map(
        _ path: String, atLeast least: Int, _ files: FileOperations
    ) throws(FileError) -> (base: UnsafeMutableRawPointer, size: Int) {
        // Opened without waiting: a pipe would let nobody in until another came to write.
        let descriptor = files.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot open", code: errno) }
        defer { _ = files.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, "cannot look at", code: errno) }
        try FileError.requireFile(status, path)
        guard status.st_size >= least else {
            throw FileError(path: path, "found \(status.st_size) bytes, expected a .npy file", byte: 0)
        }
        let size = Int(status.st_size)
        guard let mapped = files.map(descriptor, size) else {
            throw FileError(path: path, "cannot map \(size) bytes", code: errno)
        }
        return (mapped, size)
    }

    private static func header(
        _ bytes: UnsafeRawBufferPointer, of size: Int, path: String, rowsOfPartial: Int?
    ) throws(FileError) -> NumpyHeader {
        let found = try NumpyHeader(bytes, path: path)
        let header =
            rowsOfPartial.map { NumpyHeader(dtype: found.dtype, rows: $0, columns: found.columns) } ?? found
        let (data, overflow) = header.rows.multipliedReportingOverflow(by: header.rowSize)
        let expected = header.dataOffset &+ data
        guard !overflow, rowsOfPartial == nil ? expected == size : expected <= size else {
            throw FileError(
                path: path, "found \(size) bytes, expected \(expected) for \(header.rows) rows of \(header.columns)",
                byte: min(size, expected))
        }
        return header
    }

    /// Maps what is left of a shard that may be damaged, by a header that is known from elsewhere.
    ///
    /// Rows that the file does not reach are no rows of it: asking for them throws.
    /// - Throws: `FileError` where the file cannot be opened or holds no row at all.
    package init(path: String, salvagedBy known: NumpyHeader, files: FileOperations = .system) throws(FileError) {
        self.path = path
        let (mapped, size) = try Self.map(path, atLeast: NumpyHeader.size, files)
        base = mapped
        self.size = size
        let rows = (size - NumpyHeader.size) / known.rowSize
        header = NumpyHeader(dtype: known.dtype, rows: min(known.rows, rows), columns: known.columns)
    }

    /// Counts bytes that were read, and lets go of the memory they take once they are many. Harmless to whoever else reads
    /// the shard: the pages are the file's, and come back when they are asked for.
    private func note(read bytes: Int) {
        guard read.add(bytes, ordering: .relaxed).newValue >= Self.heldBytes else { return }
        read.store(0, ordering: .relaxed)
        madvise(base, size, MADV_DONTNEED)
    }

    /// Bytes of the whole file.
    package var fileSize: Int { size }

    /// The file's first bytes, as many as a header of ours has.
    package var headerBytes: [UInt8] {
        withExtendedLifetime(self) { Array(UnsafeRawBufferPointer(start: base, count: NumpyHeader.size)) }
    }

    deinit { munmap(base, size) }

    /// The bytes of some rows. Borrowed: valid while the shard is, which the caller must see to (an optimised build lets
    /// go of an object at its last use, and the bytes with it).
    ///
    /// - Throws: `FileError` where the rows are not all there.
    package func rows(_ first: Int, _ count: Int) throws(FileError) -> UnsafeRawBufferPointer {
        guard first >= 0, count >= 0, first <= header.rows, count <= header.rows - first else {
            throw FileError(
                path: path, "rows \(first) to \(first &+ count) were asked for, expected at most \(header.rows)")
        }
        return UnsafeRawBufferPointer(
            start: base + header.dataOffset + first * header.rowSize, count: count * header.rowSize)
    }

    /// Rows as floats, (count, columns).
    ///
    /// - Throws: `FileError` with the system's error number, or where the rows are not in the shard.
    package func floats(_ first: Int, _ count: Int, to target: UnsafeMutablePointer<Float>) throws(FileError) {
        let bytes = try rows(first, count)
        guard let source = bytes.baseAddress, count > 0 else { return }
        header.dtype.decode(source, count: count * header.columns, to: target)
        note(read: bytes.count)
    }

    /// Digest of some rows' bytes, to hold against the ledger's.
    ///
    /// - Throws: `FileError` with the system's error number, or where the rows are not in the shard.
    package func digest(_ first: Int, _ count: Int) throws(FileError) -> Digest {
        let bytes = try rows(first, count)
        if bytes.count <= Self.heldBytes {
            let digest = Checksum.of(bytes)
            note(read: bytes.count)
            return digest
        }
        // A long recording's rows are never in memory all at once.
        let checksum = Checksum()
        var rest = bytes
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.heldBytes))
            checksum.update(piece)
            note(read: piece.count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
        return checksum.digest
    }
}
