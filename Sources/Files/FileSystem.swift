import Errors
import Glibc

/// The few calls needed for files and folders; they take paths as bytes, and their errors name the path.
package enum FileSystem {
    /// Reads a whole file.
    ///
    /// - Throws: `FileError`.
    package static func read(_ path: String) throws -> [UInt8] {
        let file = try open(path, O_RDONLY, .read)
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path, .read) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FileError(path: path, "cannot read: it is a folder, expected a file")
        }
        let size = max(0, Int(status.st_size))
        var bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(file, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { throw failure(path, .read) }
                if got == 0 { break }
                count += got
            }
        }
        // A pipe has no size, and a file may have grown.
        let room = 65_536
        var more = [UInt8](repeating: 0, count: room)
        while true {
            let got = Glibc.read(file, &more, room)
            if got < 0 && errno == EINTR { continue }
            if got < 0 { throw failure(path, .read) }
            if got == 0 { return bytes }
            bytes.append(contentsOf: more[..<got])
        }
    }

    /// Reads the first bytes of a regular file, at most `limit`. Throws `FileError`.
    package static func read(_ path: String, upTo limit: Int) throws -> [UInt8] {
        let file = try open(path, O_RDONLY | O_NONBLOCK, .read)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + count }, limit - count)
            }
            if got < 0 && errno == EINTR { continue }
            if got < 0 { throw failure(path, .read) }
            if got == 0 { break }
            count += got
        }
        return Array(bytes.prefix(count))
    }

    /// Writes a file whole or not at all; anything that is not a regular file is written to directly, as in
    /// `OutputFile`, and `-` is standard output.
    ///
    /// - Throws: `FileError`, `OutputFile.ClosedPipe` if the reader of a pipe has gone, and what `produce` throws.
    package static func write(_ path: String, _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void) throws {
        try OutputFile.write(PathText.bytes(path), produce)
    }

    /// Like `write`, for what can only be made as a file on disk, such as a database.
    ///
    /// - Parameter make: called with the path of an empty file, which it fills.
    /// - Throws: `FileError`, `OutputFile.ClosedPipe`, and what `make` throws.
    package static func make(_ path: String, _ make: (String) throws -> Void) throws {
        try OutputFile.make(PathText.bytes(path)) { try make(PathText.text($0)) }
    }

    /// Writes one of a cache's own files whole or not at all, replacing anything at its path.
    ///
    /// - Throws: `FileError`, and what `produce` throws.
    package static func replace(_ path: String, _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void) throws {
        try OutputFile.replace(PathText.bytes(path), produce)
    }

    /// Creates a folder and any missing parent folders.
    ///
    /// - Throws: `FileError`.
    package static func makeFolder(_ path: String) throws {
        if kind(path) == .folder { return }
        if let cut = path.lastIndex(of: "/"), cut > path.startIndex { try makeFolder(String(path[..<cut])) }
        guard withBytes(path, { mkdir($0, 0o777) }) != 0 else { return }
        let error = failure(path, .makeFolder)
        // Another process may have created it in the meantime.
        if kind(path) == .folder { return }
        if kind(path) != nil {
            throw FileError(
                path: path, "cannot make the folder: a file of this name exists", category: .inputOutput)
        }
        throw error
    }

    /// Whether something exists at a path; links are followed.
    package static func exists(_ path: String) -> Bool { kind(path) != nil }

    /// Whether there is a regular file at a path; links are followed.
    package static func isFile(_ path: String) -> Bool { kind(path) == .file }

    /// The names in a folder, sorted by their bytes; empty if the folder does not exist or cannot be listed.
    package static func names(in folder: String) -> [String] { ((try? list(folder)) ?? []).map(\.name) }

    /// An absolute path with its links resolved, as far as its folders exist.
    package static func resolved(_ path: String) -> String {
        if let found = withBytes(path, { realpath($0, nil) }) {
            defer { free(found) }
            return PathText.text(UnsafeRawBufferPointer(start: found, count: strlen(found)))
        }
        let whole = absolute(path)
        let folder = folder(of: whole)
        return folder == whole ? whole : absolute(resolved(folder) + whole.dropFirst(folder == "/" ? 0 : folder.count))
    }

    /// What a path leads to; `other`: a pipe, a device or a socket.
    package enum Kind: Equatable { case file, folder, other }

    /// What kind of thing is at a path, following links; nil if nothing can be reached.
    package static func kind(_ path: String) -> Kind? { status(path).map { kind($0.st_mode) } }

    /// The kind that a mode from `stat` means.
    package static func kind(_ mode: mode_t) -> Kind {
        mode & S_IFMT == S_IFREG ? .file : mode & S_IFMT == S_IFDIR ? .folder : .other
    }

    /// The result of `stat`, which follows links; nil if nothing can be reached.
    package static func status(_ path: String) -> stat? {
        var status = stat()
        return withBytes(path) { stat($0, &status) } == 0 ? status : nil
    }

    /// An entry of a folder: its name as text, and whether it is a link.
    package struct Entry {
        package var name: String
        package var isLink: Bool
        /// nil if only `stat` can tell.
        package var kind: Kind?
    }

    /// A folder's entries without `.` and `..`, sorted by their names' bytes.
    ///
    /// - Throws: `FileError`.
    package static func list(_ path: String) throws -> [Entry] {
        guard let folder = withBytes(path, { opendir($0) }) else { throw failure(path, .list) }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw failure(path, .list) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    PathText.text(UnsafeBufferPointer(start: bytes, count: strnlen(bytes, 256)))
                }
            }
            if name == "." || name == ".." { continue }
            let type = Int(entry.pointee.d_type)
            let kind: Kind? = type == DT_REG ? .file : type == DT_DIR ? .folder : nil
            entries.append(Entry(name: name, isLink: type == DT_LNK, kind: kind))
        }
        return entries.sorted { PathText.bytes($0.name).lexicographicallyPrecedes(PathText.bytes($1.name)) }
    }

    /// An absolute path without `.`, `..` or doubled slashes; links are left as they are. `base` is where a relative path
    /// starts, else the working folder.
    package static func absolute(_ path: String, base: String? = nil) -> String {
        var whole = path
        if path.utf8.first != UInt8(ascii: "/") {
            let start =
                base
                ?? getcwd(nil, 0).map { pointer -> String in
                    defer { free(pointer) }
                    return PathText.text(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
                }
            whole = (start ?? "") + "/" + path
        }
        if isPlain(whole) { return whole }
        // By scalars: a slash and an accent that follows it are one `Character`.
        var parts: [String] = []
        for part in whole.unicodeScalars.split(separator: "/").map({ String($0) }) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether no part of an absolute path is empty or begins with a dot, so that nothing needs removing.
    private static func isPlain(_ path: String) -> Bool {
        var last = UInt8(0)
        for byte in path.utf8 {
            if last == UInt8(ascii: "/") && (byte == last || byte == UInt8(ascii: ".")) { return false }
            last = byte
        }
        return last != UInt8(ascii: "/")
    }

    /// The folder that contains a file, as an absolute path.
    package static func folder(of path: String) -> String { absolute(absolute(path) + "/..") }

    /// An absolute path made relative to an absolute folder if it is inside that folder, otherwise unchanged.
    package static func relative(_ path: String, to folder: String) -> String {
        // By bytes: `hasPrefix` treats a folder's composed and decomposed names as the same, but the system treats them
        // as two.
        let prefix = (folder == "/" ? "/" : folder + "/").utf8
        return path.utf8.starts(with: prefix)
            ? String(decoding: path.utf8.dropFirst(prefix.count), as: UTF8.self) : path
    }

    /// Calls `body` with the path's own bytes, zero-terminated.
    @discardableResult
    package static func withBytes<Result>(_ path: String, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let bytes = PathText.bytes(path).map(CChar.init(bitPattern:)) + [0]
        return bytes.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }

    private static func open(_ path: String, _ flags: Int32, _ doing: Doing) throws -> Int32 {
        let file = withBytes(path) { Glibc.open($0, flags | O_CLOEXEC, 0o666) }
        if file < 0 { throw failure(path, doing) }
        return file
    }

    private enum Doing: String {
        case read, list
        case makeFolder = "make the folder"
    }

    /// A file being read is the user's input; a failure to list, make or write is the system's fault.
    private static func failure(_ path: String, _ doing: Doing) -> FileError {
        let code = errno
        let category: ErrorCategory = doing == .read ? .badInput : .inputOutput
        return FileError(
            path: path, "cannot \(doing.rawValue)", code: code,
            category: SystemReason.isShortage(code) ? .shortage : category)
    }
}
