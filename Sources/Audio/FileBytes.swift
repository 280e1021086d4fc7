import Archives
import Errors
import Files
import Foundation

/// The bytes of a regular file, or of a member of an archive, read through a window.
///
/// The file is not mapped: if another process shortened a mapped file, this process would end with SIGBUS.
final class FileBytes {
    /// The usual size of the window in bytes: more than any Ogg page or MPEG frame.
    private static let usualCapacity = 1 << 18

    /// The size of the file in bytes when it was opened.
    let size: Int
    /// The path, for `scans`.
    let path: String
    /// Keeps what walking through the whole file found; nil to keep nothing.
    var scans: ScanCache?
    /// -1 for a member of an archive.
    private let file: Int32
    private let member: ArchiveMember?
    /// The size of the window in bytes.
    private let capacity: Int
    private let window: UnsafeMutableRawPointer
    private var start = 0
    private var held = 0
    /// The system's error number of the first read that failed; nil if none did. What such a read did not return is
    /// missing from views and numbers as if the file ended there.
    private(set) var fault: Int32?

    /// Whether the bytes are a part of an archive or inflated, so that no other library can open them by their path.
    var isMember: Bool { member != nil }

    /// - Parameters:
    ///   - raw: the path's bytes, zero-terminated.
    ///   - window: how many bytes are read at a time, and the most that `view` can be asked for; nil for as many as whole
    ///     pages and frames need.
    /// - Throws: `AudioError` if the file or the archive's member cannot be opened, is not a regular file or is empty.
    init(_ raw: [CChar], path: String, window windowSize: Int? = nil) throws(AudioError) {
        capacity = windowSize ?? Self.usualCapacity
        self.path = path
        if let place = ArchivePath(raw.dropLast().map(UInt8.init(bitPattern:))) {
            do throws(ArchiveError) { member = try ArchiveMember(place) } catch { throw AudioError(error, path: path) }
            file = -1
            size = member?.size ?? 0
            window = .allocate(byteCount: capacity, alignment: 64)
            guard size > 0 else { throw AudioError(.empty, path: path, "the member is empty") }
            return
        }
        member = nil
        // Opening a pipe without a writer would block forever, so the kind of file is checked first.
        var status = stat()
        guard stat(raw, &status) == 0 else {
            throw AudioError(
                .unreadable, path: path, errno == ENOENT ? "no such file" : String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw AudioError(.unreadable, path: path, isFolder ? "it is a folder, not a file" : "not a regular file")
        }
        file = open(raw, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            let code = errno
            var error = AudioError(.unreadable, path: path, String(cString: strerror(code)))
            error.systemCode = AudioError.shortages.first { $0 == code }
            throw error
        }
        self.size = Int(status.st_size)
        window = .allocate(byteCount: capacity, alignment: 64)
        guard self.size > 0 else { throw AudioError(.empty, path: path, "the file is empty") }
    }

    deinit {
        if file >= 0 { close(file) }
        window.deallocate()
    }

    /// What tells this version of the file, or of the archive, from others; nil if the system does not say.
    var identity: FileIdentity? {
        if let member { return member.archiveIdentity }
        var status = stat()
        return fstat(file, &status) == 0 ? FileIdentity(status) : nil
    }

    /// Returns the bytes from `place` on: at least `count` of them, unless the file ends before, and as many more as
    /// the window holds.
    ///
    /// - Parameter count: at most 128 KiB, and at most the window's size.
    /// - Returns: a view that is valid until the next call.
    func view(_ place: Int, _ count: Int) -> UnsafeRawBufferPointer {
        guard place >= 0, place < size else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if place < start || min(place + count, size) > start + held {
            start = place
            held = read(into: window, at: place, capacity)
        }
        return UnsafeRawBufferPointer(start: window + (place - start), count: max(0, start + held - place))
    }

    /// Copies bytes, fewer than requested at the file's end, and returns their number.
    func read(into out: UnsafeMutableRawPointer, at place: Int, _ count: Int) -> Int {
        if let member {
            let (got, code) = member.read(into: out, at: place, count)
            fault = fault ?? code
            return got
        }
        var done = 0
        while done < count {
            let got = pread(file, out + done, count - done, off_t(place + done))
            if got < 0 {
                let code = errno
                if code == EINTR { continue }
                fault = fault ?? code
            }
            if got <= 0 { break }
            done += got
        }
        return done
    }

    /// Returns a number of up to eight bytes, limited so that adding a place to it cannot overflow; nil past the end.
    func number(_ place: Int, _ count: Int, bigEndian: Bool = false) -> Int? {
        let bytes = view(place, count)
        guard bytes.count >= count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value = value << 8 | UInt64(bytes[bigEndian ? index : count - 1 - index]) }
        return Int(min(value, UInt64(Int.max / 4)))
    }

    /// Returns whether exactly these characters are at a place.
    func has(_ text: StaticString, at place: Int) -> Bool {
        let bytes = view(place, text.utf8CodeUnitCount)
        return bytes.count >= text.utf8CodeUnitCount
            && memcmp(bytes.baseAddress!, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}
