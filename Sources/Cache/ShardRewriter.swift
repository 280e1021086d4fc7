import Files
import Foundation
import Ledger
import Shards

/// Copies the needed rows of a shard into a new shard.
struct ShardRewriter {
    let cache: CacheFolder
    let ledger: Ledger

    /// Makes the new shard, durable and under its final name. The old one is not changed.
    ///
    /// - Parameter keys: of the results in the old shard that are kept.
    /// - Returns: what to record in the ledger, with the old shard among those to remove.
    /// - Throws: `FileError` if rows are not what was written or the disk refuses; nothing of the new shard is left
    ///   then.
    func rewrite(_ old: ShardRecord, keeping keys: [PruneStep.Key]) throws -> PruneStep {
        guard let dtype = ShardDType(rawValue: old.dtype) else {
            throw FileError(path: old.path, "the ledger says dtype '\(old.dtype)', which is not known")
        }
        let kept = try keys.compactMap { try ledger.result(clip: $0.clip, stage: $0.stage) }
        let source = try MappedShard(path: cache.folder + "/" + old.path)
        let record = try ledger.addShard(
            stage: old.stage, kind: old.kind, dtype: old.dtype, columns: Int(old.columns)
        ) { ShardName.path(kind: old.kind, number: $0) }
        let path = cache.folder + "/" + record.path
        do {
            unlink(ShardWriter.partial(path))
            let writer = try ShardWriter(path: path, dtype: dtype, columns: Int(old.columns))
            var step = PruneStep()
            step.shards = [old]
            for result in kept.sorted(by: { $0.firstRow < $1.firstRow }) {
                step.moved.append(try copy(result, source, writer, to: record.id))
            }
            let sealed = try writer.seal()
            step.sealed = [
                ShardRecord(
                    id: record.id, path: record.path, stage: record.stage, kind: record.kind, dtype: record.dtype,
                    columns: record.columns, rows: Int64(sealed.rows), bytes: Int64(sealed.bytes),
                    digest: sealed.digest.description, isSealed: true)
            ]
            return step
        } catch {
            // The file goes before its ledger row: the next process drops a shard that the ledger lists without rows.
            for name in [path, ShardWriter.partial(path)] { unlink(name) }
            try? ledger.removeShard(id: record.id)
            throw error
        }
    }

    private func copy(
        _ result: ResultRecord, _ source: MappedShard, _ writer: ShardWriter, to shard: Int64
    ) throws -> ResultRecord {
        try writer.beginClip()
        try source.forEachPiece(Int(result.firstRow), Int(result.rowCount)) { (bytes) throws(FileError) in
            try writer.append(bytes: bytes)
        }
        let extent = try writer.endClip()
        guard extent.digest.description == result.digest else {
            throw FileError(
                path: source.path,
                "rows \(result.firstRow) to \(result.firstRow + result.rowCount) are not what was written: found digest "
                    + "\(extent.digest), expected \(result.digest); run 'earmark verify --repair'")
        }
        return ResultRecord(
            clip: result.clip, stage: result.stage, content: result.content, shard: shard,
            firstRow: Int64(extent.firstRow), rowCount: result.rowCount, digest: result.digest, samples: result.samples)
    }
}
