import Files
import Tables

extension Manifest {
    /// Some of the manifest's clips as a manifest of its own, with all columns as they are, but that a clip which is a channel
    /// of a row with the channel `each` gets a row that says which. Errors call it by the whole manifest's name, and relative
    /// paths start from the same folder.
    ///
    /// - Parameter rows: the clips' rows, in ascending order.
    /// - Throws: `TableError` if the rows cannot be read again, which does not happen.
    package func part(rows: [Int]) throws -> Manifest {
        let text = reader.bytes
        let end = UInt8(ascii: "\n")
        var bytes = Array(text[..<(starts.first ?? text.count)])
        if bytes.last.map({ $0 != end }) ?? false { bytes.append(end) }
        for row in rows {
            bytes += self.text(ofClip: row)
            // The last line may lack its end.
            if bytes.last != end { bytes.append(end) }
        }
        return try Manifest(bytes: bytes, file: file, folder: folder)
    }
}
