import Errors
import Files
import Glibc

/// An archive's file, open for reading at any place; closed when the object is destroyed.
final class ArchiveFile {
    /// As `PathText` represents it.
    let path: String
    /// What the file was like when it was opened.
    let identity: FileIdentity
    private let descriptor: Int32

    /// The size in bytes when it was opened.
    var size: Int { Int(identity.size) }

    /// - Parameter raw: the path's bytes.
    /// - Throws: `ArchiveError` if it cannot be opened or is not a regular file.
    init(_ raw: [UInt8]) throws(ArchiveError) {
        path = PathText.text(raw)
        // Opening a pipe must not block.
        descriptor = open(raw.map(CChar.init(bitPattern:)) + [0], O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { throw Self.missing(path) }
            throw .system(path, "the archive cannot be opened", code)
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        identity = FileIdentity(status)
        guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ArchiveError(.unreadable, path: path, "found a folder, a pipe or a device, expected an archive")
        }
    }

    deinit { close(descriptor) }

    /// The identity of the file at a path, without opening it.
    ///
    /// - Throws: `ArchiveError` if there is none, or it cannot be looked at.
    static func identity(_ raw: [UInt8]) throws(ArchiveError) -> FileIdentity {
        var status = stat()
        guard stat(raw.map(CChar.init(bitPattern:)) + [0], &status) == 0 else {
            let code = errno
            let path = PathText.text(raw)
            if code == ENOENT || code == ENOTDIR { throw missing(path) }
            throw .system(path, "the archive cannot be looked at", code)
        }
        return FileIdentity(status)
    }

    private static func missing(_ path: String) -> ArchiveError {
        ArchiveError(.unreadable, path: path, "no such archive: \(path)", isMissing: true)
    }

    /// Whether the file is still what it was when it was opened.
    var isUnchanged: Bool { identityNow == identity }

    /// What the file is like now; nil if the system does not say.
    var identityNow: FileIdentity? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? FileIdentity(status) : nil
    }

    /// Copies bytes, fewer than requested at the file's end.
    ///
    /// - Returns: their number, and the system's error number if a read failed.
    func read(into out: UnsafeMutableRawPointer, at place: Int, _ count: Int) -> (count: Int, fault: Int32?) {
        var done = 0
        while done < count {
            let got = pread(descriptor, out + done, count - done, off_t(place + done))
            if got < 0 {
                let code = errno
                if code == EINTR { continue }
                return (done, code)
            }
            if got == 0 { break }
            done += got
        }
        return (done, nil)
    }

    /// Reads bytes, fewer than requested at the file's end.
    ///
    /// - Throws: `ArchiveError` if a read fails.
    func bytes(at place: Int, _ count: Int) throws(ArchiveError) -> [UInt8] {
        guard place >= 0, place < size, count > 0 else { return [] }
        let wanted = min(count, size - place)
        var fault: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, got in
            guard let start = buffer.baseAddress else { return }
            (got, fault) = read(into: start, at: place, wanted)
        }
        if let fault { throw .system(path, "the archive cannot be read", fault) }
        return bytes
    }
}

/// Numbers in an archive's headers.
extension ArraySlice<UInt8> {
    /// A number of up to eight bytes, the lowest first; nil if there are too few bytes or it exceeds `Int`.
    func number(_ offset: Int, _ count: Int) -> Int? {
        guard offset >= 0, offset + count <= self.count else { return nil }
        var value: UInt64 = 0
        for index in (0..<count).reversed() { value = value << 8 | UInt64(self[startIndex + offset + index]) }
        return Int(exactly: value)
    }
}
