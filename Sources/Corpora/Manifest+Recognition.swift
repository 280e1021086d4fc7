import Files
import Tables

extension Manifest {
    /// Number of bytes within which the header must end.
    private static let longestHeader = 1 << 16

    /// Whether a file begins like a manifest, with a header that names `clip` and `path`. What follows may be broken.
    /// An empty file counts as a manifest too, because nothing in it can be lost.
    ///
    /// - Throws: `FileError` if the file cannot be read.
    package static func isOne(_ path: String) throws -> Bool {
        let start = try FileSystem.read(path, upTo: longestHeader)
        if start.isEmpty { return true }
        // A row that the limit cuts must not be mistaken for a broken one, so if the header is the first line, only
        // that line is read; in UTF-16, the cut may not leave half of a surrogate pair.
        let isSeparator = [0, 3].contains { start.dropFirst($0).starts(with: "sep=".utf8) }
        let isWide = start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF])
        let line = start.prefix { $0 != 0x0A && $0 != 0x0D }
        let heads = isWide ? [start[...], start.dropLast(2)] : [isSeparator ? start[...] : line]
        return heads.contains { head in
            guard let text = try? SpreadsheetText(Array(head), file: path) else { return false }
            return (try? ManifestHeader(text)) != nil
        }
    }
}
