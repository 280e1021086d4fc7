import Glibc

extension FileSystem {
    /// Writes several files that belong together, all or none: each is whole and on disk before the first one gets its
    /// name. What is not a regular file is written to directly, after the others.
    ///
    /// - Throws: `FileError`, `OutputFile.ClosedPipe` if the reader of a pipe has gone.
    package static func write(together files: [(path: String, bytes: [UInt8])]) throws {
        var made: [PartialFile] = []
        var others: [(path: String, bytes: [UInt8])] = []
        for (path, bytes) in files {
            guard case .file(let own) = try OutputFile.destination(of: PathText.bytes(path)) else {
                others.append((path, bytes))
                continue
            }
            let file = try PartialFile(own)
            try OutputFile.put(bytes[...], into: file.descriptor, named: path, isFile: true)
            guard fsync(file.descriptor) == 0 else {
                throw OutputFile.Fault(code: errno).at(PathText.bytes(path), isFile: true)
            }
            made.append(file)
        }
        for file in made { try file.commit() }
        for folder in Set(files.map { folder(of: $0.path) }) { try PartialFile.sync(PathText.bytes(folder)) }
        for (path, bytes) in others { try write(path) { try $0(bytes[...]) } }
    }
}
