import Errors
import Files

/// An archive open for listing what is in it.
package final class Archive {
    package let index: ArchiveIndex
    private let file: ArchiveFile

    /// - Parameter path: as `PathText` represents it.
    /// - Throws: `ArchiveError` if it cannot be opened, or is no archive whose members can be read one by one.
    package init(_ path: String) throws(ArchiveError) {
        file = try ArchiveFile(PathText.bytes(path))
        index = try ArchiveIndexes.shared.index(of: file)
    }

    /// What to do about an archive that can only be unpacked as a whole.
    package static let advice = ArchiveKind.advice

    /// The path of a member, as a manifest writes it.
    package func path(_ entry: ArchiveEntry) -> String {
        ArchivePath(archive: PathText.bytes(file.path), member: entry.name).text
    }

    /// Passes on a member's bytes, unpacked, in pieces of up to 128 KiB. A zip's CRC-32 is checked at the end.
    ///
    /// - Throws: `ArchiveError` if the member cannot be read whole.
    package func read(
        _ entry: ArchiveEntry, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(ArchiveError) {
        try MemberPlace(file, index, entry, path(entry)).read { (piece) throws(ArchiveError) in take(piece) }
    }

    /// The first bytes of a member, fewer if it is shorter.
    ///
    /// - Throws: `ArchiveError` if the member cannot be read.
    package func head(_ entry: ArchiveEntry, _ count: Int) throws(ArchiveError) -> [UInt8] {
        let place = try MemberPlace(file, index, entry, path(entry))
        let wanted = min(count, entry.size)
        guard wanted > 0 else { return [] }
        if entry.content == .stored { return try file.bytes(at: place.start, wanted) }
        let inflation = Inflation(place)
        var bytes = [UInt8](repeating: 0, count: wanted)
        var fault: ArchiveError?
        bytes.withUnsafeMutableBytes { out in
            var done = 0
            do throws(ArchiveError) {
                while done < wanted { done += try inflation.read(into: .init(rebasing: out[done...])) }
            } catch {
                fault = error
            }
        }
        if let fault { throw fault }
        return bytes
    }
}
