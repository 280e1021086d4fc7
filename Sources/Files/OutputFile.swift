import Errors
import Glibc

/// Writes what a user asked for to the place that the user named.
///
/// A regular file is written whole or not at all: to `PATH.partial`, synced to disk, then renamed over what was there.
/// Anything else (a FIFO, a device, a socket, or `-` for standard output) is written to directly and never replaced. A
/// symbolic link stays and its target is written. Renaming over anything at the path was simpler, but replaced
/// `/dev/null` for root.
package enum OutputFile {
    /// What a path leads to.
    package enum Destination: Sendable, Equatable {
        /// One of the process's own descriptors: `-`, `/dev/stdout`, `/dev/fd/3`.
        case descriptor(Int32)
        /// A regular file, or nothing yet; links have been followed, so this path is not a link.
        case file([UInt8])
        /// A FIFO, device or socket.
        case special([UInt8])
        case folder([UInt8])
    }

    /// Why an output could not be written, before the name that the user knows it by is known.
    struct Fault: Error {
        let message: String
        let code: Int32?
        let isBusy: Bool

        init(_ reason: String, isBusy: Bool = false) {
            (message, code, self.isBusy) = ("cannot write: \(reason)", nil, isBusy)
        }
        init(code: Int32) { (message, self.code, isBusy) = ("cannot write", code, false) }

        /// - Parameter isFile: whether a regular file was written: if there is no room for it now, there may be later.
        ///   A device that takes no more is itself at fault.
        func at(_ path: [UInt8], isFile: Bool = false) -> FileError {
            FileError(
                path: path == [UInt8(ascii: "-")] ? "standard output" : PathText.text(path), message, code: code,
                category: isBusy
                    ? .busy : isFile && code.map(SystemReason.isShortage) ?? false ? .shortage : .inputOutput)
        }
    }

    /// Thrown when the reader of the pipe has gone: this is not an error, and must not be reported as one.
    package struct ClosedPipe: Error {}

    private static let longestChain = 40

    /// Follows the links of a path's last component.
    ///
    /// - Throws: `FileError` if the links form a loop, or the path's status cannot be read.
    package static func destination(of path: [UInt8]) throws(FileError) -> Destination {
        do { return try followed(path) } catch { throw error.at(path) }
    }

    private static func followed(_ path: [UInt8]) throws(Fault) -> Destination {
        if path == [UInt8(ascii: "-")] { return .descriptor(STDOUT_FILENO) }
        var path = path
        for _ in 0..<longestChain {
            // If it were reopened by name, a regular file behind it would be written from its start, over what `>>` is
            // meant to keep.
            if let number = ownDescriptor(path) { return .descriptor(number) }
            var status = stat()
            guard withBytes(path, { lstat($0, &status) }) == 0 else {
                if errno == ENOENT { return .file(path) }
                throw Fault(code: errno)
            }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file(path)
            case S_IFDIR: return .folder(path)
            case S_IFLNK: path = try target(ofLink: path)
            default: return .special(path)
            }
        }
        throw Fault(code: ELOOP)
    }

    /// Writes what `produce` passes on, block by block.
    ///
    /// - Throws: `FileError` of category `inputOutput`, or `shortage` if there is no room for a file; `ClosedPipe`; and
    ///   what `produce` throws.
    package static func write(
        _ path: [UInt8], _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        let destination = try Self.destination(of: path)
        do { try write(to: destination, produce) } catch let fault as Fault {
            if case .file = destination { throw fault.at(path, isFile: true) }
            throw fault.at(path)
        }
    }

    private static func write(
        to destination: Destination, _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        switch destination {
        case .folder: throw Fault("it is a folder, expected a file")
        case .file(let path): try replaceFile(path, filling: { file, _ in try gather(into: file, produce) })
        case .descriptor(let number):
            let own = fcntl(number, F_DUPFD_CLOEXEC, 3)
            guard own >= 0 else { throw Fault(code: errno) }
            defer { close(own) }
            try gather(into: own, produce)
        case .special(let path):
            let file = withBytes(path) { open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
            guard file >= 0 else { throw Fault(code: errno) }
            defer { close(file) }
            try gather(into: file, produce)
        }
    }

    /// Writes a regular file whole or not at all, replacing anything at exactly that path except a folder. For the
    /// program's own files, where no user has chosen a pipe or a link as the destination.
    ///
    /// - Throws: `FileError` of category `inputOutput` or `shortage`, and what `produce` throws.
    package static func replace(
        _ path: [UInt8], _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        do {
            try replaceFile(path, filling: { file, _ in try gather(into: file, produce) })
        } catch let fault as Fault { throw fault.at(path, isFile: true) }
    }

    /// - Parameter fill: called with the partial file's descriptor and path.
    private static func replaceFile(_ path: [UInt8], filling fill: (Int32, [UInt8]) throws -> Void) throws {
        let partial = path + Array(".partial".utf8)
        let file = try openPartial(partial)
        var isRenamed = false
        defer {
            if !isRenamed { withBytes(partial) { _ = unlink($0) } }
            close(file)
        }
        var old = stat()
        if withBytes(path, { stat($0, &old) }) == 0 { fchmod(file, old.st_mode & 0o777) }
        try fill(file, partial)
        guard fsync(file) == 0, withBytes(partial, { from in withBytes(path) { rename(from, $0) } }) == 0 else {
            throw Fault(code: errno)
        }
        isRenamed = true
        try syncFolder(of: path)
    }

    /// Opens the file that will be renamed, and locks it for as long as it is open: otherwise two processes that write
    /// the same output would rename each other's half-written files. A file left by a killed process is reused.
    static func openPartial(_ path: [UInt8]) throws(Fault) -> Int32 {
        while true {
            let file = withBytes(path) {
                open($0, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
            }
            guard file >= 0 else {
                let isInTheWay = errno == ELOOP || errno == ENXIO
                throw isInTheWay
                    ? Fault("\(String(decoding: path, as: UTF8.self)) is in the way, expected no such file")
                    : Fault(code: errno)
            }
            var (own, named) = (stat(), stat())
            guard fstat(file, &own) == 0, own.st_mode & S_IFMT == S_IFREG else {
                close(file)
                throw Fault("\(String(decoding: path, as: UTF8.self)) is in the way, expected no such file")
            }
            if flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
                close(file)
                throw Fault("another process is writing it", isBusy: true)
            }
            // The process that held the lock before may have renamed the file between the two calls.
            if withBytes(path, { lstat($0, &named) }) == 0, named.st_ino == own.st_ino, named.st_dev == own.st_dev {
                if ftruncate(file, 0) == 0 { return file }
                let code = errno
                close(file)
                throw Fault(code: code)
            }
            close(file)
        }
    }

    /// Gathers small pieces before writing. Tables come line by line: a system call for each line would take longer
    /// than making it.
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

    /// Writes all the bytes, repeating the call when the system takes only some of them.
    ///
    /// - Parameters:
    ///   - name: what the descriptor is known by to the user.
    ///   - isFile: whether it is a regular file's.
    /// - Throws: `FileError` of category `inputOutput`, `ClosedPipe`.
    package static func put(
        _ bytes: ArraySlice<UInt8>, into file: Int32, named name: String, isFile: Bool = false
    ) throws {
        do { try put(bytes, into: file) } catch let fault as Fault {
            throw fault.at(PathText.bytes(name), isFile: isFile)
        }
    }

    private static func put(_ bytes: ArraySlice<UInt8>, into file: Int32) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(file, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if count >= 0 {
                    done += count
                } else if errno == EAGAIN {
                    // A terminal or pipe that another program has set to non-blocking.
                    var wanted = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                } else if errno == EPIPE {
                    throw ClosedPipe()
                } else if errno != EINTR {
                    throw Fault(code: errno)
                }
            }
        }
    }

    /// Makes a file's name durable. Some file systems cannot, and return an error that does no harm.
    static func syncFolder(of path: [UInt8]) throws(Fault) {
        let file = withBytes(folder(of: path)) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard file >= 0 else { throw Fault(code: errno) }
        defer { close(file) }
        if fsync(file) != 0, errno != EINVAL { throw Fault(code: errno) }
    }

    private static func folder(of path: [UInt8]) -> [UInt8] {
        guard let cut = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
        return Array(path[...cut])
    }

    private static func target(ofLink path: [UInt8]) throws(Fault) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = withBytes(path) { readlink($0, &buffer, buffer.count) }
        guard count >= 0 else { throw Fault(code: errno) }
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

    static func withBytes<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (path.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }
}

extension OutputFile {
    /// Like `write`, for what can only be made as a file on disk, such as a database: in `PATH.partial`, which is then
    /// renamed, or, if the destination is not a regular file, in a temporary file whose bytes are then written to the
    /// destination.
    ///
    /// - Parameter make: called with the path of an empty file, which it fills.
    /// - Throws: `FileError`, `ClosedPipe`, and what `make` throws.
    package static func make(_ path: [UInt8], _ make: ([UInt8]) throws -> Void) throws {
        if case .file(let path) = try destination(of: path) {
            do { return try replaceFile(path, filling: { _, partial in try make(partial) }) } catch let fault as Fault {
                throw fault.at(path, isFile: true)
            }
        }
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var name = Array((folder + "/earmark-XXXXXX").utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else {
            throw FileError(path: folder, "cannot make a temporary file in it", code: errno)
        }
        defer {
            close(file)
            unlink(name)
        }
        try make(name.dropLast().map { UInt8(bitPattern: $0) })
        try write(path) { put in
            var piece = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = read(file, &piece, piece.count)
                if count == 0 { return }
                if count > 0 {
                    try put(piece[..<count])
                } else if errno != EINTR {
                    throw FileError(path: folder, "cannot read a temporary file in it", code: errno)
                }
            }
        }
    }
}
