import Errors
import Files
import Foundation
import Glibc

/// The bytes of a deflated member, inflated and checked: in memory, or if they are many in a temporary file without a
/// name, which goes when the object is destroyed or the process ends.
package final class InflatedMember {
    /// Members up to this many bytes are inflated into memory.
    package static let memoryLimit = 64 << 20
    /// Larger members are refused if they grow by more than this factor. Sound grows by less than 10, digital silence by
    /// up to 1,032; so does data made to fill disks.
    static let growthLimit = 100

    private enum Storage {
        case memory(UnsafeMutableRawBufferPointer)
        case file(Int32)
    }

    package let size: Int
    private let storage: Storage

    /// Inflates a member.
    ///
    /// - Parameter memoryLimit: the most bytes that are kept in memory.
    /// - Throws: `ArchiveError` if it is damaged, or there is no space for it.
    package init(_ place: MemberPlace, memoryLimit: Int = InflatedMember.memoryLimit) throws(ArchiveError) {
        size = place.entry.size
        // No Deflate stream grows by more than 1,032, so the size is a lie, and no memory is taken for it.
        guard size / 1032 <= place.entry.packed else {
            throw ArchiveError(
                .unreadable, path: place.path,
                "the member is damaged: \(place.entry.packed) bytes cannot be inflated to the \(size) that the archive states"
            )
        }
        if size <= memoryLimit {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 64)
            do throws(ArchiveError) {
                try Self.inflate(place, into: bytes)
            } catch {
                bytes.deallocate()
                throw error
            }
            storage = .memory(bytes)
        } else {
            guard size / Self.growthLimit <= place.entry.packed else {
                throw ArchiveError(
                    .unsupported, path: place.path,
                    "\(place.entry.packed) bytes would be inflated to \(size), which may be meant to fill the disk: "
                        + "members over \(Self.memoryLimit >> 20) MB may grow by a factor of \(Self.growthLimit); unpack it"
                )
            }
            let file = try Self.temporaryFile(place)
            do throws(ArchiveError) {
                try Self.inflate(place, into: file)
            } catch {
                close(file)
                throw error
            }
            storage = .file(file)
        }
    }

    deinit {
        switch storage {
        case .memory(let bytes): bytes.deallocate()
        case .file(let descriptor): close(descriptor)
        }
    }

    /// Copies bytes, fewer than requested at the member's end.
    ///
    /// - Returns: their number, and the system's error number if a read failed.
    package func read(into out: UnsafeMutableRawPointer, at place: Int, _ count: Int) -> (count: Int, fault: Int32?) {
        let wanted = max(0, min(count, size - place))
        switch storage {
        case .memory(let bytes):
            if wanted > 0, let base = bytes.baseAddress { memcpy(out, base + place, wanted) }
            return (wanted, nil)
        case .file(let descriptor):
            var done = 0
            while done < wanted {
                let got = pread(descriptor, out + done, wanted - done, off_t(place + done))
                if got < 0, errno == EINTR { continue }
                if got < 0 { return (done, errno) }
                if got == 0 { break }
                done += got
            }
            return (done, nil)
        }
    }

    /// Passes on all bytes, in pieces.
    func forEachPiece(_ take: (UnsafeRawBufferPointer) -> Void) {
        guard case .memory(let bytes) = storage else { return }
        take(UnsafeRawBufferPointer(rebasing: bytes[..<size]))
    }

    private static func inflate(_ place: MemberPlace, into out: UnsafeMutableRawBufferPointer) throws(ArchiveError) {
        let inflation = Inflation(place)
        let size = place.entry.size
        var done = 0
        while done < size { done += try inflation.read(into: .init(rebasing: out[done..<size])) }
        try inflation.end()
        try place.check(Inflater.checksum(0, UnsafeRawBufferPointer(rebasing: out[..<size])))
    }

    private static func inflate(_ place: MemberPlace, into file: Int32) throws(ArchiveError) {
        // All the space is taken at once, so that a full disk is found before the work.
        let code = posix_fallocate(file, 0, off_t(place.entry.size))
        guard code == 0 else { throw noSpace(place, code) }
        var done = 0
        try place.read { (bytes) throws(ArchiveError) in
            var written = 0
            while written < bytes.count, let base = bytes.baseAddress {
                let count = pwrite(file, base + written, bytes.count - written, off_t(done + written))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw noSpace(place, count < 0 ? errno : ENOSPC) }
                written += count
            }
            done += written
        }
    }

    /// The folder for temporary files: TMPDIR, else /var/tmp, which unlike /tmp is on a disk.
    private static var folder: String {
        ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"
    }

    private static func noSpace(_ place: MemberPlace, _ code: Int32) -> ArchiveError {
        ArchiveError(
            .unreadable, path: place.path,
            "inflating it needs \(place.entry.size) bytes in a temporary file in \(folder); TMPDIR names another folder",
            code: code)
    }

    private static func temporaryFile(_ place: MemberPlace) throws(ArchiveError) -> Int32 {
        var name = (PathText.bytes(folder + "/earmark-XXXXXX") + [0]).map(CChar.init(bitPattern:))
        let file = mkstemp(&name)
        guard file >= 0 else { throw noSpace(place, errno) }
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }
}

/// Members that were inflated to compute their digest, kept for the decoder that opens them next.
package final class InflatedMembers: @unchecked Sendable {
    package static let shared = InflatedMembers()
    /// Bytes that may be kept; the oldest go first.
    private static let limit = 64 << 20

    private let lock = NSLock()
    private var kept: [(identity: MemberPlace.Identity, member: InflatedMember)] = []

    private init() {}

    /// Keeps a member in memory for whoever takes it.
    func keep(_ member: InflatedMember, _ identity: MemberPlace.Identity) {
        lock.withLock {
            kept.append((identity, member))
            var sum = kept.reduce(0) { $0 + $1.member.size }
            while sum > Self.limit { sum -= kept.removeFirst().member.size }
        }
    }

    /// Gives a member away; nil if it is not kept.
    package func take(_ identity: MemberPlace.Identity) -> InflatedMember? {
        lock.withLock {
            kept.lastIndex { $0.identity == identity }.map { kept.remove(at: $0).member }
        }
    }
}
