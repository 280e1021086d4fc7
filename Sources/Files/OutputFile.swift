import Glibc

/// Writes what a user asked for to the place that they named.
///
/// A regular file is written whole or not at all: into `PATH.partial`, to disk, then renamed over what was there. Everything
/// else is written through and never replaced: a FIFO, a device, a socket, `-` (standard output). A symbolic link stays and
/// its target is written. Renaming over whatever stands at the path was shorter, and replaced `/dev/null` for root.
package enum OutputFile {
    /// What a path leads to.
    package enum Destination: Sendable, Equatable {
        /// One of the process's own descriptors: `-`, `/dev/stdout`, `/dev/fd/3`.
        case descriptor(Int32)
        /// A regular file, or none yet; links are followed, so this path is no link.
        case file([UInt8])
        /// A FIFO, device or socket.
        case special([UInt8])
        case folder([UInt8])
    }

    /// Why an output could not be written.
    package struct Failure: Error, Sendable {
        package let reason: String

        init(_ reason: String) { self.reason = reason }
        init(code: Int32) { reason = String(cString: strerror(code)) }
    }

    /// Thrown where whoever read the pipe has gone: no fault, and not to be reported as one.
    package struct ClosedPipe: Error {}

    private static let longestChain = 40

    /// Follows the links of a path's last component.
    ///
    /// - Throws: `Failure` where the links go round in a circle, or the path cannot be looked at.
    package static func destination(of path: [UInt8]) throws(Failure) -> Destination {
        if path == [UInt8(ascii: "-")] { return .descriptor(STDOUT_FILENO) }
        var path = path
        for _ in 0..<longestChain {
            // Opened anew by its name, a regular file behind it would be written from its start, over what `>>` is to keep.
            if let number = ownDescriptor(path) { return .descriptor(number) }
            var status = stat()
            guard withBytes(path, { lstat($0, &status) }) == 0 else {
                if errno == ENOENT { return .file(path) }
                throw Failure(code: errno)
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file(path)
            case S_IFDIR: return .folder(path)
            case S_IFLNK: path = try target(ofLink: path)
            default: return .special(path)
            }
        }
        throw Failure(code: ELOOP)
    }

    /// Writes what `produce` hands out, block by block.
    ///
    /// - Throws: `Failure`, `ClosedPipe`, and whatever `produce` throws.
    package static func write(
        _ path: [UInt8], _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        switch try destination(of: path) {
        case .folder: throw Failure("it is a folder, expected a file")
        case .file(let path): try replace(path, produce)
        case .descriptor(let number):
            let own = fcntl(number, F_DUPFD_CLOEXEC, 3)
            guard own >= 0 else { throw Failure(code: errno) }
            defer { close(own) }
            try gather(into: own, produce)
        case .special(let path):
            let file = withBytes(path) { open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
            guard file >= 0 else { throw Failure(code: errno) }
            defer { close(file) }
            try gather(into: file, produce)
        }
    }

    /// Writes a regular file whole or not at all, over whatever stands at its very path but a folder: for files of the program's own,
    /// where a pipe or a link is no place that anybody named.
    ///
    /// - Throws: `Failure`, and whatever `produce` throws.
    package static func replace(
        _ path: [UInt8], _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        let partial = path + Array(".partial".utf8)
        let file = try openPartial(partial)
        var isRenamed = false
        defer {
            if !isRenamed { withBytes(partial) { _ = unlink($0) } }
            close(file)
        }
        var old = stat()
        if withBytes(path, { stat($0, &old) }) == 0 { fchmod(file, old.st_mode & 0o777) }
        try gather(into: file, produce)
        guard fsync(file) == 0, withBytes(partial, { from in withBytes(path) { rename(from, $0) } }) == 0 else {
            throw Failure(code: errno)
        }
        isRenamed = true
        try syncFolder(of: path)
    }

    /// Opens the file to be renamed, locked for as long as it is open: two processes that write the same output would
    /// otherwise rename each other's halves. One that a killed process left is taken over.
    private static func openPartial(_ path: [UInt8]) throws(Failure) -> Int32 {
        while true {
            let file = withBytes(path) {
                open($0, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
            }
            guard file >= 0 else {
                let isInTheWay = errno == ELOOP || errno == ENXIO
                throw isInTheWay
                    ? Failure("\(String(decoding: path, as: UTF8.self)) is in the way, expected no such file")
                    : Failure(code: errno)
            }
            var (own, named) = (stat(), stat())
            guard fstat(file, &own) == 0, own.st_mode & S_IFMT == S_IFREG else {
                close(file)
                throw Failure("\(String(decoding: path, as: UTF8.self)) is in the way, expected no such file")
            }
            if flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
                close(file)
                throw Failure("another process is writing it")
            }
            // Its last holder may have renamed it between the two calls.
            if withBytes(path, { lstat($0, &named) }) == 0, named.st_ino == own.st_ino, named.st_dev == own.st_dev {
                if ftruncate(file, 0) == 0 { return file }
                let code = errno
                close(file)
                throw Failure(code: code)
            }
            close(file)
        }
    }

    /// Tables come line by line: a call of the system for each would take longer than making them.
    private static func gather(
        into file: Int32, _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        let room = 1 << 18
        var gathered: [UInt8] = []
        try produce { bytes in
            if gathered.isEmpty, bytes.count >= room { return try put(bytes, into: file) }
            gathered += bytes
            if gathered.count >= room {
                try put(gathered[...], into: file)
                gathered.removeAll(keepingCapacity: true)
            }
        }
        try put(gathered[...], into: file)
    }

    /// Writes all of it, however often the system takes only a part.
    ///
    /// - Throws: `Failure`, `ClosedPipe`.
    package static func put(_ bytes: ArraySlice<UInt8>, into file: Int32) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(file, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if count >= 0 {
                    done += count
                } else if errno == EAGAIN {
                    // A terminal or pipe that another program has set to return at once.
                    var wanted = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                } else if errno == EPIPE {
                    throw ClosedPipe()
                } else if errno != EINTR {
                    throw Failure(code: errno)
                }
            }
        }
    }

    /// Makes a file's name durable. Some file systems cannot, and say so by an error that is no loss.
    private static func syncFolder(of path: [UInt8]) throws(Failure) {
        let file = withBytes(folder(of: path)) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard file >= 0 else { throw Failure(code: errno) }
        defer { close(file) }
        if fsync(file) != 0, errno != EINVAL { throw Failure(code: errno) }
    }

    private static func folder(of path: [UInt8]) -> [UInt8] {
        guard let cut = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
        return Array(path[...cut])
    }

    private static func target(ofLink path: [UInt8]) throws(Failure) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = withBytes(path) { readlink($0, &buffer, buffer.count) }
        guard count >= 0 else { throw Failure(code: errno) }
        let target = buffer[..<count].map { UInt8(bitPattern: $0) }
        return target.first == UInt8(ascii: "/") ? target : folder(of: path) + [UInt8(ascii: "/")] + target
    }

    private static func ownDescriptor(_ path: [UInt8]) -> Int32? {
        let text = String(decoding: path, as: UTF8.self)
        if text == "/dev/stdout" { return STDOUT_FILENO }
        if text == "/dev/stderr" { return STDERR_FILENO }
        for prefix in ["/dev/fd/", "/proc/self/fd/"] where text.hasPrefix(prefix) {
            return Int32(text.dropFirst(prefix.count))
        }
        return nil
    }

    private static func withBytes<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (path.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }
}
