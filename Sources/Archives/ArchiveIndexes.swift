import Errors
import Files
import Glibc
import Foundation

/// The indexes of the archives in use, each read once in a process and shared by its threads.
final class ArchiveIndexes: @unchecked Sendable {
    static let shared = ArchiveIndexes()
    /// Bytes that all indexes together may take, about; beyond, those not used for the longest time are dropped and
    /// read again when they are needed.
    private static let memoryLimit = 256 << 20

    private typealias Outcome = Result<ArchiveIndex, ArchiveError>

    /// The index of one archive: read by the first thread that needs it, while the others wait.
    private final class Slot: @unchecked Sendable {
        let lock = NSLock()
        var outcome: Outcome?
        /// Under the lock of all.
        var lastUse = 0
        var memory = 0
    }

    private let lock = NSLock()
    private var slots: [FileIdentity: Slot] = [:]
    private var uses = 0

    private init() {}

    /// The index of an open archive.
    ///
    /// - Throws: `ArchiveError` if it is no archive that can be read, or changed meanwhile.
    func index(of file: ArchiveFile) throws(ArchiveError) -> ArchiveIndex {
        try index(file.identity) { () throws(ArchiveError) in file }
    }

    /// The index of the archive at a path, which is opened only if its index is not known.
    ///
    /// - Throws: `ArchiveError` if it is no archive that can be read, or changed meanwhile.
    func index(at path: [UInt8], _ identity: FileIdentity) throws(ArchiveError) -> ArchiveIndex {
        try index(identity) { () throws(ArchiveError) in
            let file = try ArchiveFile(path)
            guard file.identity == identity else { throw Self.changed(file.path) }
            return file
        }
    }

    private func index(
        _ identity: FileIdentity, _ open: () throws(ArchiveError) -> ArchiveFile
    ) throws(ArchiveError) -> ArchiveIndex {
        let slot = slot(identity)
        slot.lock.lock()
        defer { slot.lock.unlock() }
        if let known = slot.outcome { return try known.get() }
        let outcome: Outcome
        do throws(ArchiveError) {
            let file = try open()
            let index = try Self.read(file)
            // What was read while the archive was written is of no state that it ever had.
            guard file.isUnchanged else { throw Self.changed(file.path) }
            outcome = .success(index)
        } catch {
            // A fault of the archive is known for good; any other may pass.
            if error.code != nil || error.isMissing || error.failureClass == .changed { throw error }
            outcome = .failure(error)
        }
        slot.outcome = outcome
        if case .success(let index) = outcome { note(slot, memory: index.memory) }
        return try outcome.get()
    }

    private static func read(_ file: ArchiveFile) throws(ArchiveError) -> ArchiveIndex {
        if let index = try TarHeaders.index(of: file) { return index }
        if let index = try ZipDirectory.index(of: file) { return index }
        throw ArchiveKind.refusal(of: file.path, head: try file.bytes(at: 0, 8))
    }

    private static func changed(_ path: String) -> ArchiveError {
        ArchiveError(.changed, path: path, "the archive changed while its directory was being read")
    }

    private func slot(_ identity: FileIdentity) -> Slot {
        lock.withLock {
            uses += 1
            let slot = slots[identity] ?? Slot()
            slot.lastUse = uses
            slots[identity] = slot
            return slot
        }
    }

    private func note(_ slot: Slot, memory: Int) {
        lock.withLock {
            slot.memory = memory
            var sum = slots.values.reduce(0) { $0 + $1.memory }
            guard sum > Self.memoryLimit else { return }
            for (identity, old) in slots.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where old !== slot {
                slots[identity] = nil
                sum -= old.memory
                if sum <= Self.memoryLimit { return }
            }
        }
    }
}

/// What a file is that is no archive whose members can be read one by one.
enum ArchiveKind {
    private static let sequential: [(name: String, mark: [UInt8])] = [
        ("gzip", [0x1F, 0x8B]), ("bzip2", Array("BZh".utf8)), ("XZ", [0xFD] + Array("7zXZ".utf8)),
        ("Zstandard", [0x28, 0xB5, 0x2F, 0xFD]), ("LZ4", [0x04, 0x22, 0x4D, 0x18]),
        ("7-Zip", [0x37, 0x7A, 0xBC, 0xAF]), ("RAR", Array("Rar!".utf8)), ("compress", [0x1F, 0x9D]),
    ]

    /// What to do about an archive that can only be unpacked as a whole.
    package static let advice = "unpack it, or pack its files into a .zip or an uncompressed .tar"

    static func refusal(of path: String, head: [UInt8]) -> ArchiveError {
        if let kind = sequential.first(where: { head.starts(with: $0.mark) }) {
            return ArchiveError(
                .unsupported, path: path,
                "found data compressed by \(kind.name), whose members cannot be read one by one; \(advice)")
        }
        return ArchiveError(.unreadable, path: path, "found neither a zip nor a tar archive, or one that is cut short")
    }
}
