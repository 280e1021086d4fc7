import Errors
import Files

/// A member of an archive, open for reading at any place. Use it on one thread at a time.
///
/// A stored member's bytes are read from the archive where they are; a deflated one is inflated once, when it is opened.
package final class ArchiveMember {
    /// The size in bytes, unpacked.
    package let size: Int
    private let place: MemberPlace
    private let inflated: InflatedMember?

    /// What a member is like, as the archive lists it.
    package struct Status: Sendable, Equatable {
        /// The size in bytes, unpacked; 0 if the archive is damaged, so that it is not known.
        package let size: Int64
        /// The archive's modification time, in nanoseconds since 1970.
        package let modified: Int64

        package init(size: Int64, modified: Int64) {
            self.size = size
            self.modified = modified
        }
    }

    /// Opens a member. The CRC-32 of a deflated one is checked; that of a stored one only by `digest`.
    ///
    /// - Throws: `ArchiveError` if the archive or the member is not there, is damaged, or is of a kind that is not read.
    package init(_ path: ArchivePath) throws(ArchiveError) {
        place = try MemberPlace(path)
        size = place.entry.size
        if place.entry.content != .deflated {
            inflated = nil
        } else if let kept = InflatedMembers.shared.take(place.identity) {
            inflated = kept
        } else {
            inflated = try InflatedMember(place)
        }
    }

    /// What its archive is like now; nil if the system does not say.
    package var archiveIdentity: FileIdentity? { place.file.identityNow }

    /// Copies bytes, fewer than requested at the member's end.
    ///
    /// - Returns: their number, and the system's error number if a read failed.
    package func read(
        into out: UnsafeMutableRawPointer, at offset: Int, _ count: Int
    ) -> (count: Int, fault: Int32?) {
        if let inflated { return inflated.read(into: out, at: offset, count) }
        let wanted = max(0, min(count, size - offset))
        return wanted == 0 ? (0, nil) : place.file.read(into: out, at: place.start + offset, wanted)
    }

    /// The size of a member and its archive's time, without opening the member: the archive's list is read once in a
    /// process.
    ///
    /// - Throws: `ArchiveError` if the archive cannot be reached, or is whole and has no such member.
    package static func status(_ path: ArchivePath) throws(ArchiveError) -> Status {
        let identity = try ArchiveFile.identity(path.archive)
        do throws(ArchiveError) {
            let index = try ArchiveIndexes.shared.index(at: path.archive, identity)
            let entry = try MemberPlace.entry(path.member, index, path.text)
            return Status(size: Int64(entry.size), modified: identity.modified)
        } catch {
            if error.isMissing || error.code != nil { throw error }
            // There is an archive, of which reading the member will tell what is wrong; mended, it has another time.
            return Status(size: 0, modified: identity.modified)
        }
    }

    /// Whether a member's bytes lie in its archive as they are, so that some of them can be read alone; false also if the
    /// archive cannot be read or has no such member.
    package static func isStored(_ path: ArchivePath) -> Bool {
        guard let identity = try? ArchiveFile.identity(path.archive),
            let index = try? ArchiveIndexes.shared.index(at: path.archive, identity)
        else { return false }
        return index.entry(named: path.member)?.content == .stored
    }

    /// The digest of a member's bytes, which is that of the same bytes in a file. A zip's CRC-32 is checked.
    ///
    /// - Parameter keeps: whether to keep what was inflated for the next that opens the member.
    /// - Throws: `ArchiveError` if the member cannot be read whole.
    package static func digest(_ path: ArchivePath, keeping keeps: Bool = false) throws(ArchiveError) -> Digest {
        let place = try MemberPlace(path)
        let checksum = Checksum()
        if keeps, place.entry.content == .deflated, place.entry.size <= InflatedMember.memoryLimit {
            let member = try InflatedMember(place)
            member.forEachPiece(checksum.update)
            InflatedMembers.shared.keep(member, place.identity)
            return checksum.digest
        }
        try place.read { (bytes) throws(ArchiveError) in checksum.update(bytes) }
        return checksum.digest
    }
}
