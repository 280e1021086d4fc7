import Glibc

/// The few calls on files and folders by bytes and with errors that name the path.
package enum FileSystem {
    /// The whole of a regular file. Throws `FileError`.
    package static func read(_ path: String) throws -> [UInt8] {
        let file = try open(path, O_RDONLY, doing: "read")
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(path, "read") }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FileError(path: path, "cannot read: it is a folder, expected a file")
        }
        let size = max(0, Int(status.st_size))
        var bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(file, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { throw failure(path, "read") }
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
            if got < 0 { throw failure(path, "read") }
            if got == 0 { return bytes }
            bytes.append(contentsOf: more[..<got])
        }
    }

    /// Writes a file whole or not at all; what is no regular file is written through, as `OutputFile` has it, and `-` is
    /// standard output. Throws `FileError`, and `OutputFile.ClosedPipe` where the reader of a pipe has gone.
    package static func write(_ path: String, _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void) throws {
        do {
            try OutputFile.write(PathText.bytes(path), produce)
        } catch let failure as OutputFile.Failure {
            throw FileError(
                path: path == "-" ? "standard output" : path, "cannot write: \(failure.reason)",
                category: .inputOutput)
        }
    }

    /// Writes a file of a cache's own whole or not at all, over whatever stands in its place. Throws `FileError`.
    package static func replace(_ path: String, _ produce: ((ArraySlice<UInt8>) throws -> Void) throws -> Void) throws {
        do {
            try OutputFile.replace(PathText.bytes(path), produce)
        } catch let failure as OutputFile.Failure {
            throw FileError(path: path, "cannot write: \(failure.reason)", category: .inputOutput)
        }
    }

    /// Makes a folder and those above it. Throws `FileError`.
    package static func makeFolder(_ path: String) throws {
        if kind(path) == .folder { return }
        if let cut = path.lastIndex(of: "/"), cut > path.startIndex { try makeFolder(String(path[..<cut])) }
        guard withBytes(path, { mkdir($0, 0o777) }) != 0 else { return }
        let error = failure(path, "make the folder")
        // Another process may have made it meanwhile.
        if kind(path) == .folder { return }
        if kind(path) != nil {
            throw FileError(
                path: path, "cannot make the folder: a file of this name is there", category: .inputOutput)
        }
        throw error
    }

    /// Whether something lies at a path, links followed.
    package static func exists(_ path: String) -> Bool { kind(path) != nil }

    /// An absolute path without links, as far as its folders are there.
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

    /// What lies at a path, links followed; nil where nothing can be reached.
    package static func kind(_ path: String) -> Kind? { status(path).map { kind($0.st_mode) } }

    /// What a mode of `stat` says.
    package static func kind(_ mode: mode_t) -> Kind {
        mode & S_IFMT == S_IFREG ? .file : mode & S_IFMT == S_IFDIR ? .folder : .other
    }

    /// What `stat` says, links followed; nil where nothing can be reached.
    package static func status(_ path: String) -> stat? {
        var status = stat()
        return withBytes(path) { stat($0, &status) } == 0 ? status : nil
    }

    /// An entry of a folder: its name as text, and whether it is a link.
    package struct Entry {
        package var name: String
        package var isLink: Bool
        /// nil where only `stat` can tell.
        package var kind: Kind?
    }

    /// A folder's entries without `.` and `..`, sorted by their names' bytes. Throws `FileError`.
    package static func list(_ path: String) throws -> [Entry] {
        guard let folder = withBytes(path, { opendir($0) }) else { throw failure(path, "list") }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw failure(path, "list") }
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

    /// Whether no part of an absolute path is empty or begins with a dot, so that nothing is to be taken out.
    private static func isPlain(_ path: String) -> Bool {
        var last = UInt8(0)
        for byte in path.utf8 {
            if last == UInt8(ascii: "/") && (byte == last || byte == UInt8(ascii: ".")) { return false }
            last = byte
        }
        return last != UInt8(ascii: "/")
    }

    /// The folder a file lies in, absolute.
    package static func folder(of path: String) -> String { absolute(absolute(path) + "/..") }

    /// An absolute path as seen from an absolute folder where it lies inside it, else unchanged.
    package static func relative(_ path: String, to folder: String) -> String {
        // By bytes: to `hasPrefix` a folder's name composed and decomposed is one, to the system it is two.
        let prefix = (folder == "/" ? "/" : folder + "/").utf8
        return path.utf8.starts(with: prefix)
            ? String(decoding: path.utf8.dropFirst(prefix.count), as: UTF8.self) : path
    }

    /// Calls `body` with the path's own bytes, ended by a zero.
    @discardableResult
    package static func withBytes<Result>(_ path: String, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let bytes = PathText.bytes(path).map(CChar.init(bitPattern:)) + [0]
        return bytes.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }

    private static func open(_ path: String, _ flags: Int32, doing: String) throws -> Int32 {
        let file = withBytes(path) { Glibc.open($0, flags | O_CLOEXEC, 0o666) }
        if file < 0 { throw failure(path, doing) }
        return file
    }

    /// A file that is read is the user's input; what cannot be listed, made or written is the system's fault.
    private static func failure(_ path: String, _ doing: String) -> FileError {
        FileError(
            path: path, "cannot \(doing)", code: errno, category: doing == "read" ? .badInput : .inputOutput)
    }
}
