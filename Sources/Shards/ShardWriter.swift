import Files
import Foundation
import Timing

/// Where a clip's rows are in a shard, and the digest of their bytes.
package struct Extent: Sendable, Equatable {
    package let firstRow: Int
    package let rowCount: Int
    package let digest: Digest
    /// Samples clipped when stored as int16; see `ShardDType.encode`.
    package let clipped: Int
}

/// A finished shard: its name, its size and the digest of all its rows (its header follows from these numbers).
package struct SealedShard: Sendable, Equatable {
    package let path: String
    package let rows: Int
    package let bytes: Int
    package let digest: Digest
}

/// Appends clips to a `.npy` file that is named `NAME.npy.partial` until it is sealed.
///
/// One thread appends. `sync` may be called from another: it makes durable every clip that ended before the call.
/// `seal` is called after the last clip, from the thread that syncs.
package final class ShardWriter: @unchecked Sendable {
    /// Bytes gathered before they are written.
    private static let bufferSize = 1 << 20

    /// The final name, `NAME.npy`.
    package let path: String
    package let dtype: ShardDType
    package let columns: Int
    /// Rows of ended clips.
    package private(set) var rows: Int
    private let files: FileOperations
    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer
    /// Digest of the current clip's rows.
    private let checksum = Checksum()
    /// Digest of all rows, updated as they are appended: reading a shard again when it was sealed took a fifth of the
    /// time at a run's end.
    private let whole = Checksum()
    /// The state of `whole` before the current clip.
    private let wholeBefore = Checksum()
    private var buffered = 0
    /// Bytes in the file, header included.
    private var written: Int
    private var clipStart: Int?
    private var clipBytes = 0
    private var clipped = 0
    private let lock = NSLock()
    private var fault: FileError?
    private var isClosed = false
    private var isSealed = false

    /// Creates `path` + `.partial`, which must not exist, or opens an existing one to go on with it.
    ///
    /// - Parameter keepingRows: nil for a new file; otherwise the number of rows that count in an existing partial
    ///   file. What comes after them is cut off.
    /// - Throws: `FileError` if the system refuses or an existing file is shorter than its rows.
    package init(
        path: String, dtype: ShardDType, columns: Int, keepingRows: Int? = nil, files: FileOperations = .system
    ) throws(FileError) {
        self.path = path
        self.dtype = dtype
        self.columns = columns
        self.files = files
        rows = keepingRows ?? 0
        let partial = Self.partial(path)
        let flags = keepingRows == nil ? O_RDWR | O_CREAT | O_EXCL : O_RDWR
        descriptor = files.open(partial, flags | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { throw FileError(path: partial, "cannot open for writing", code: errno) }
        written = NumpyHeader.size + rows * columns * dtype.size
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 64)
        if keepingRows == nil {
            try writeHeader()
            // Its name must be durable before a ledger counts rows in it.
            try files.syncFolder(Self.folder(path))
        } else {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw FileError(path: partial, "cannot look at", code: errno)
            }
            try FileError.requireFile(status, partial)
            guard Int(status.st_size) >= written else {
                throw FileError(
                    path: partial, "found \(status.st_size) bytes, expected at least \(written) for \(rows) rows",
                    byte: Int(status.st_size))
            }
            guard files.ftruncate(descriptor, written) == 0 else {
                throw FileError(path: partial, "cannot cut to \(written) bytes", code: errno)
            }
            try FileDigester().read(partial, from: NumpyHeader.size, into: whole)
        }
    }

    deinit {
        if !isClosed { _ = files.close(descriptor) }
        buffer.deallocate()
    }

    /// The name of a shard while it is being written.
    package static func partial(_ path: String) -> String { path + ".partial" }

    /// Size of the file so far, in bytes.
    package var bytes: Int { written + buffered }

    /// Starts a clip at the end of the shard.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func beginClip() throws(FileError) {
        try check()
        precondition(clipStart == nil, "a clip begins before the last one ended")
        clipStart = bytes
        clipBytes = 0
        clipped = 0
        checksum.reset()
        wholeBefore.copy(whole)
    }

    /// Adds rows of the clip: a whole number of them, row-major.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func append(_ values: UnsafeBufferPointer<Float>) throws(FileError) {
        precondition(clipStart != nil && values.count % columns == 0, "rows outside a clip, or a broken row")
        var rest = values
        while !rest.isEmpty {
            if buffered == buffer.count { try flush() }
            let count = min(rest.count, (buffer.count - buffered) / dtype.size)
            guard let base = buffer.baseAddress else { return }
            clipped += dtype.encode(UnsafeBufferPointer(rebasing: rest[..<count]), to: base + buffered)
            let size = count * dtype.size
            let bytes = UnsafeRawBufferPointer(start: base + buffered, count: size)
            WorkTimer.measure(.hashing) {
                checksum.update(bytes)
                whole.update(bytes)
            }
            buffered += size
            clipBytes += size
            rest = UnsafeBufferPointer(rebasing: rest[count...])
        }
    }

    /// Adds rows of the clip exactly as stored in another shard with the same dtype and columns.
    ///
    /// - Parameter bytes: any piece of the rows; all pieces together make a whole number of rows.
    /// - Throws: `FileError` if they cannot be written.
    package func append(bytes: UnsafeRawBufferPointer) throws(FileError) {
        precondition(clipStart != nil, "rows outside a clip")
        var rest = bytes
        while !rest.isEmpty {
            if buffered == buffer.count { try flush() }
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(buffer.count - buffered))
            guard let base = buffer.baseAddress, let source = piece.baseAddress else { return }
            (base + buffered).copyMemory(from: source, byteCount: piece.count)
            checksum.update(piece)
            whole.update(piece)
            buffered += piece.count
            clipBytes += piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
    }

    /// Ends the clip: its bytes are written to the file, so that the next `sync` covers them.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func endClip() throws(FileError) -> Extent {
        precondition(clipStart != nil, "a clip ends that did not begin")
        try flush()
        clipStart = nil
        let count = clipBytes / (columns * dtype.size)
        let extent = Extent(firstRow: rows, rowCount: count, digest: checksum.digest, clipped: clipped)
        rows += count
        return extent
    }

    /// Drops what was appended since the clip began, if one is open.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func abandonClip() throws(FileError) {
        guard let start = clipStart else { return }
        clipStart = nil
        whole.copy(wholeBefore)
        if start >= written {
            buffered = start - written
        } else {
            buffered = 0
            guard files.ftruncate(descriptor, start) == 0 else {
                throw note(FileError(path: Self.partial(path), "cannot cut to \(start) bytes", code: errno))
            }
            written = start
        }
    }

    /// Makes every ended clip durable. After a failure the writer must not be used again: the system may have dropped
    /// the pages it could not write, and would report success the next time.
    ///
    /// A sealed shard is already durable as a whole. A clip may be recorded after its shard was sealed: a worker leaves
    /// a full shard while the clip's other rows are still being made.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func sync() throws(FileError) {
        try check()
        if isSealed { return }
        CrashPoint.hit("shard.before-sync")
        guard files.fdatasync(descriptor) == 0 else {
            throw note(FileError(path: Self.partial(path), "cannot sync", code: errno))
        }
        CrashPoint.hit("shard.after-sync")
    }

    /// Gives the file its final header and name, durably.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func seal() throws(FileError) -> SealedShard {
        try check()
        try abandonClip()
        let partial = Self.partial(path)
        try writeHeader()
        CrashPoint.hit("seal.before-sync")
        guard files.fsync(descriptor) == 0 else {
            throw note(FileError(path: partial, "cannot sync", code: errno))
        }
        CrashPoint.hit("seal.before-rename")
        guard files.rename(partial, path) == 0 else {
            throw note(FileError(path: partial, "cannot rename to \(path)", code: errno))
        }
        CrashPoint.hit("seal.after-rename")
        try files.syncFolder(Self.folder(path))
        isSealed = true
        try close()
        return SealedShard(path: path, rows: rows, bytes: written, digest: whole.digest)
    }

    /// Leaves the shard as it is, for a later run to go on with.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func close() throws(FileError) {
        guard !isClosed else { return }
        isClosed = true
        _ = files.close(descriptor)
    }

    static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    /// Call only while nothing is buffered: the buffer is used for the header's bytes.
    private func writeHeader() throws(FileError) {
        let header = NumpyHeader(dtype: dtype, rows: rows, columns: columns).bytes
        buffer.copyBytes(from: header)
        do throws(FileError) {
            try files.writeAll(
                descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<header.count]), at: 0,
                path: Self.partial(path))
        } catch {
            throw note(error)
        }
    }

    private func flush() throws(FileError) {
        try check()
        do throws(FileError) {
            try files.writeAll(
                descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<buffered]), at: written,
                path: Self.partial(path))
        } catch {
            throw note(error)
        }
        written += buffered
        buffered = 0
    }

    private func check() throws(FileError) {
        lock.lock()
        defer { lock.unlock() }
        if let fault { throw fault }
    }

    private func note(_ error: FileError) -> FileError {
        lock.lock()
        defer { lock.unlock() }
        if fault == nil { fault = error }
        return error
    }
}
