import Files

extension Manifest {
    /// Bytes in which the header must end.
    private static let longestHeader = 1 << 16

    /// Whether a file begins as a manifest does, with a header that names `clip` and `path`. What is below it may be broken;
    /// an empty file counts as one too, as nothing of it can be lost.
    ///
    /// - Throws: `FileError` where it cannot be read.
    package static func isOne(_ path: String) throws -> Bool {
        let start = try FileSystem.read(path, upTo: longestHeader)
        if start.isEmpty { return true }
        // A row that the limit cuts must not be taken for broken: the header's line alone, where it is the first; of UTF-16 no
        // half of a pair.
        let isSeparator = [0, 3].contains { start.dropFirst($0).starts(with: "sep=".utf8) }
        let isWide = start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF])
        let line = start.prefix { $0 != 0x0A && $0 != 0x0D }
        let heads = isWide ? [start[...], start.dropLast(2)] : [isSeparator ? start[...] : line]
        return heads.contains { head in
            guard let text = try? ManifestText(Array(head), file: path) else { return false }
            return (try? ManifestHeader(text)) != nil
        }
    }
}
