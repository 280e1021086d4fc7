import Files
import Foundation
import Synchronization

/// A shard, sealed or not, mapped for reading.
package final class MappedShard: @unchecked Sendable {
    package let path: String
    /// The number format and shape of the rows, from the file's header.
    package let header: NumpyHeader
    private let base: UnsafeMutableRawPointer
    private let size: Int
    /// Bytes read since pages were last released.
    private let read = Atomic<Int>(0)

    /// Pages are released after this many bytes are read: otherwise the whole of a cache that is read once would stay
    /// in memory, as each shard is mapped whole. Read again, they come from the system's page cache at the price of a
    /// page fault.
    private static let heldBytes = 4 << 20

    /// Maps a file and checks its header against its size.
    ///
    /// - Parameter rowsOfPartial: for a shard that is not sealed, whose header does not give its row count: how many
    ///   rows count.
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
            // Unmapped here, before the last property is set, so that `deinit` does not run as well: a second unmapping
            // could hit another thread's mapping.
            munmap(mapped, size)
            throw error
        }
        header = parsed
    }

    /// Maps a regular file of at least `least` bytes.
    private static func map(
        _ path: String, atLeast least: Int, _ files: FileOperations
    ) throws(FileError) -> (base: UnsafeMutableRawPointer, size: Int) {
        // Opened without blocking: opening a pipe would otherwise wait until another process opened it for writing.
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

    /// Maps what is left of a shard that may be damaged, using a header known from elsewhere.
    ///
    /// Rows beyond the end of the file do not count: asking for them throws.
    ///
    /// - Throws: `FileError` if the file cannot be opened or holds no row at all.
    package init(path: String, salvagedBy known: NumpyHeader, files: FileOperations = .system) throws(FileError) {
        self.path = path
        let (mapped, size) = try Self.map(path, atLeast: NumpyHeader.size, files)
        base = mapped
        self.size = size
        let rows = (size - NumpyHeader.size) / known.rowSize
        header = NumpyHeader(dtype: known.dtype, rows: min(known.rows, rows), columns: known.columns)
    }

    /// Counts bytes that were read, and releases the memory that they use once there are many. Harmless to others that
    /// read the shard: the pages belong to the file, and come back when they are accessed.
    private func note(read bytes: Int) {
        guard read.add(bytes, ordering: .relaxed).newValue >= Self.heldBytes else { return }
        read.store(0, ordering: .relaxed)
        madvise(base, size, MADV_DONTNEED)
    }

    /// Size of the whole file, in bytes.
    package var fileSize: Int { size }

    /// The file's first bytes, as many as a header written by Earmark has.
    package var headerBytes: [UInt8] {
        withExtendedLifetime(self) { Array(UnsafeRawBufferPointer(start: base, count: NumpyHeader.size)) }
    }

    deinit { munmap(base, size) }

    /// The bytes of some rows. Borrowed: valid only while the shard is alive, which the caller must ensure (an
    /// optimised build releases an object at its last use, and the bytes with it).
    ///
    /// - Throws: `FileError` if some of the rows are missing.
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
    /// - Throws: `FileError` with the system's error number, or if the rows are not in the shard.
    package func floats(_ first: Int, _ count: Int, to target: UnsafeMutablePointer<Float>) throws(FileError) {
        let bytes = try rows(first, count)
        guard let source = bytes.baseAddress, count > 0 else { return }
        header.dtype.decode(source, count: count * header.columns, to: target)
        note(read: bytes.count)
    }

    /// Passes the bytes of some rows to `body`, a few megabytes at a time, so that a long recording's rows are never
    /// all in memory at once.
    ///
    /// - Throws: `FileError` if some of the rows are missing, and what `body` throws.
    package func forEachPiece(
        _ first: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        var rest = try rows(first, count)
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.heldBytes))
            try body(piece)
            note(read: piece.count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
    }

    /// Digest of some rows' bytes, to compare with the ledger's.
    ///
    /// - Throws: `FileError` with the system's error number, or if the rows are not in the shard.
    package func digest(_ first: Int, _ count: Int) throws(FileError) -> Digest {
        let bytes = try rows(first, count)
        if bytes.count <= Self.heldBytes {
            let digest = Checksum.of(bytes)
            note(read: bytes.count)
            return digest
        }
        // Read in pieces: a long recording's rows are never all in memory at once.
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
