import Archives
import Files
import Foundation

/// Bytes of members, as a decoder and as a digest see them.
enum ReadMember {
    /// Opens a member and reads it in pieces of an odd size.
    static func bytes(_ path: String) throws -> [UInt8] { try bytes(PathText.bytes(path)) }

    static func bytes(_ path: [UInt8]) throws -> [UInt8] {
        guard let place = ArchivePath(path) else { throw FileError(path: PathText.text(path), "no member's path") }
        let member = try ArchiveMember(place)
        var out = [UInt8](repeating: 0xAA, count: member.size)
        let piece = 1013
        try out.withUnsafeMutableBytes { buffer in
            var at = 0
            while at < member.size, let base = buffer.baseAddress {
                let (count, fault) = member.read(into: base + at, at: at, piece)
                if fault != nil || count == 0 { throw FileError(path: "", "ended at \(at)", code: fault) }
                at += count
            }
        }
        return out
    }

    static func digest(_ path: String, keeping: Bool = false) throws -> String {
        guard let place = ArchivePath(path) else { throw FileError(path: path, "no member's path") }
        return try ArchiveMember.digest(place, keeping: keeping).description
    }

    /// What opening, reading and checking a member comes to: its bytes, or the error.
    static func outcome(_ path: String) -> Result<[UInt8], ArchiveError> {
        do {
            let read = try bytes(path)
            let digest = try digest(path)
            guard digest == Self.digest(read) else {
                return .failure(ArchiveError(.internal, path: path, "the digest is of other bytes"))
            }
            return .success(read)
        } catch let error as ArchiveError {
            return .failure(error)
        } catch {
            return .failure(ArchiveError(.internal, path: path, "\(error)"))
        }
    }

    static func digest(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { Checksum.of($0).description } }

    /// Bytes that Deflate can make smaller, different for every seed.
    static func content(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var state = seed &* 2_862_933_555_777_941_757 &+ 3
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 60) &+ 100
        }
    }
}
