import Errors
import Foundation

/// The bytes of a regular file, read through one window.
///
/// The file is not mapped: a mapping of a file that another process shortens ends this one by SIGBUS.
final class FileBytes {
    /// Bytes of the window: more than any Ogg page or MPEG frame.
    private static let capacity = 1 << 18

    /// Bytes of the file when it was opened.
    let size: Int
    private let file: Int32
    private let window: UnsafeMutableRawPointer
    private var start = 0
    private var held = 0

    /// - Throws: `AudioError` where the file cannot be opened or is no regular file with bytes in it.
    init(_ raw: [CChar], path: String) throws(AudioError) {
        // Opening a pipe that nobody writes would wait for ever: the kind is asked for first.
        var status = stat()
        guard stat(raw, &status) == 0 else {
            throw AudioError(
                .unreadable, path: path, errno == ENOENT ? "no such file" : String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw AudioError(.unreadable, path: path, isFolder ? "it is a folder, not a file" : "no regular file")
        }
        file = open(raw, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            let code = errno
            var error = AudioError(.unreadable, path: path, String(cString: strerror(code)))
            error.systemCode = AudioError.shortages.first { $0 == code }
            throw error
        }
        size = Int(status.st_size)
        window = .allocate(byteCount: Self.capacity, alignment: 64)
        guard size > 0 else { throw AudioError(.empty, path: path, "the file is empty") }
    }

    deinit {
        close(file)
        window.deallocate()
    }

    /// The bytes from `place` on: at least `count` of them but for the file's end, and as many more as are at hand.
    ///
    /// - Parameter count: at most 128 KiB.
    /// - Returns: a view that holds until the next call.
    func view(_ place: Int, _ count: Int) -> UnsafeRawBufferPointer {
        guard place >= 0, place < size else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if place < start || min(place + count, size) > start + held {
            start = place
            held = read(into: window, at: place, Self.capacity)
        }
        return UnsafeRawBufferPointer(start: window + (place - start), count: max(0, start + held - place))
    }

    /// Copies bytes; fewer than asked for at the file's end.
    func read(into out: UnsafeMutableRawPointer, at place: Int, _ count: Int) -> Int {
        var done = 0
        while done < count {
            let got = pread(file, out + done, count - done, off_t(place + done))
            if got < 0, errno == EINTR { continue }
            if got <= 0 { break }
            done += got
        }
        return done
    }

    /// A number of up to eight bytes, never so large that adding a place to it would overflow; nil past the end.
    func number(_ place: Int, _ count: Int, bigEndian: Bool = false) -> Int? {
        let bytes = view(place, count)
        guard bytes.count >= count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value = value << 8 | UInt64(bytes[bigEndian ? index : count - 1 - index]) }
        return Int(min(value, UInt64(Int.max / 4)))
    }

    /// Whether these very characters stand there.
    func has(_ text: StaticString, at place: Int) -> Bool {
        let bytes = view(place, text.utf8CodeUnitCount)
        return bytes.count >= text.utf8CodeUnitCount
            && memcmp(bytes.baseAddress!, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
}
