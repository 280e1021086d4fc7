import Files
import Foundation
import Ledger
import Pipeline
import Shards

/// The shards of a cache during a run: makes new ones, gives workers the half-filled ones of earlier runs, and finishes
/// full ones.
package final class ShardPool: @unchecked Sendable {
    /// A shard with at least this many bytes is full and gets no more clips.
    package static let fullSize = 256 << 20

    private let cache: String
    private let ledger: Ledger
    private let stageIDs: [String: Int64]
    private let committer: Committer
    /// Part of the names of new shards; see `ShardName`.
    private let tag: String?
    private let lock = NSLock()
    /// Half-filled shards by stage id.
    private var resumable: [Int64: [ShardRecord]] = [:]

    /// - Parameters:
    ///   - stageIDs: ledger ids by stage name.
    ///   - tag: part of the names of new shards: lower-case letters and digits; nil for none.
    package init(
        cache: String, ledger: Ledger, stageIDs: [String: Int64], committer: Committer, tag: String? = nil
    ) {
        self.tag = tag
        self.cache = cache
        self.ledger = ledger
        self.stageIDs = stageIDs
        self.committer = committer
    }

    /// Cleans up after an interrupted run: rows that the ledger does not list are cut off, shards that this run can go
    /// on filling are kept for it, and the others are sealed.
    ///
    /// - Throws: `LedgerError` and `FileError` if the ledger or a shard cannot be read or written.
    package func takeOver() throws {
        let wanted = Set(stageIDs.values)
        try ledger.raiseShardNumber()
        for record in try ledger.shards() where !record.isSealed {
            try Self.undoRename(record, cache)
            if try ledger.committedRows(shard: record.id) > 0, wanted.contains(record.stage) {
                resumable[record.stage, default: []].append(record)
            } else {
                try Self.seal(record, cache, ledger)
            }
        }
    }

    /// Seals every shard of a cache that no run is using; those without rows are removed.
    ///
    /// - Throws: `LedgerError` and `FileError` if the ledger or a shard cannot be read or written.
    package static func sealAll(cache: String, ledger: Ledger) throws {
        try ledger.raiseShardNumber()
        for record in try ledger.shards() where !record.isSealed {
            try undoRename(record, cache)
            try seal(record, cache, ledger)
        }
    }

    /// If a shard was renamed but the ledger was not updated, undoes the rename to match the ledger.
    private static func undoRename(_ record: ShardRecord, _ cache: String) throws {
        let path = cache + "/" + record.path
        guard access(ShardWriter.partial(path), F_OK) != 0, access(path, F_OK) == 0 else { return }
        guard rename(path, ShardWriter.partial(path)) == 0 else {
            throw FileError(path: path, "cannot rename", code: errno)
        }
    }

    /// Seals a shard, or removes it if it has no rows.
    private static func seal(_ record: ShardRecord, _ cache: String, _ ledger: Ledger) throws {
        if try ledger.committedRows(shard: record.id) == 0 {
            unlink(ShardWriter.partial(cache + "/" + record.path))
            try ledger.removeShard(id: record.id)
        } else {
            try resume(record, cache, ledger).seal()
        }
    }

    /// Seals the half-filled shards that no worker has taken, and those of workers that were given up. Called when a
    /// run is complete.
    ///
    /// - Throws: `LedgerError` and `FileError` if the ledger or a shard cannot be read or written.
    package func sealLeftovers() throws {
        resumable = [:]
        for record in try ledger.shards() where !record.isSealed { try Self.seal(record, cache, ledger) }
    }

    /// A shard to write to: a half-filled one, or a new one.
    ///
    /// - Throws: `LedgerError` and `FileError` if the ledger or a shard cannot be read or written.
    package func open(stage: String, kind: String, dtype: ShardDType, columns: Int) throws -> OpenShard {
        guard let id = stageIDs[stage] else {
            throw FileError(path: cache, "stage '\(stage)' keeps rows that the ledger was not told of")
        }
        lock.lock()
        defer { lock.unlock() }
        if let index = resumable[id]?.firstIndex(where: { $0.columns == columns && $0.dtype == dtype.rawValue }),
            let record = resumable[id]?.remove(at: index)
        {
            return try Self.resume(record, cache, ledger)
        }
        let record = try ledger.addShard(stage: id, kind: kind, dtype: dtype.rawValue, columns: columns) {
            ShardName.path(kind: kind, number: $0, tag: tag)
        }
        let path = cache + "/" + record.path
        // A file of this name that the ledger does not list was left by a crash between the two.
        unlink(ShardWriter.partial(path))
        return OpenShard(
            id: record.id, columns: columns, writer: try ShardWriter(path: path, dtype: dtype, columns: columns),
            ledger: ledger)
    }

    /// Hands over a shard, to be sealed after its last clips are committed.
    package func retire(_ shard: OpenShard) { committer.retire(shard) }

    private static func resume(_ record: ShardRecord, _ cache: String, _ ledger: Ledger) throws -> OpenShard {
        guard let dtype = ShardDType(rawValue: record.dtype) else {
            throw FileError(path: record.path, "the ledger says dtype '\(record.dtype)', which is not known")
        }
        let writer = try ShardWriter(
            path: cache + "/" + record.path, dtype: dtype, columns: Int(record.columns),
            keepingRows: try ledger.committedRows(shard: record.id))
        return OpenShard(id: record.id, columns: Int(record.columns), writer: writer, ledger: ledger)
    }
}
