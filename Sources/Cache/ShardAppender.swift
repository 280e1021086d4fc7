import Errors
import Files
import Pipeline
import Shards

/// One worker's stream of rows into the shards of one node: opens shards, fills them, and hands over full ones.
package final class ShardAppender: RowAppender {
    package let kind: String
    package let dtype: ShardDType
    private let pool: ShardPool
    private let stage: String
    private var shard: OpenShard?

    /// - Parameters:
    ///   - stage: name of the node that makes the rows.
    ///   - kind: of the rows: raw, levels, mel, scores, embeddings, clip-scores.
    package init(pool: ShardPool, stage: String, kind: String, dtype: ShardDType) {
        self.pool = pool
        self.stage = stage
        self.kind = kind
        self.dtype = dtype
    }

    /// Starts a clip's rows.
    ///
    /// - Throws: `FileError` if the shard cannot be made or written.
    package func begin(columns: Int) throws {
        if let shard, shard.columns != columns {
            pool.retire(shard)
            self.shard = nil
        }
        let open = try shard ?? pool.open(stage: stage, kind: kind, dtype: dtype, columns: columns)
        shard = open
        try open.writer.beginClip()
    }

    /// Adds rows of the clip, row-major.
    ///
    /// - Throws: `FileError` if the shard cannot be made or written.
    package func append(_ values: UnsafeBufferPointer<Float>) throws {
        try shard?.writer.append(values)
    }

    /// Ends a clip's rows. If the shard is full by then, it is handed over to be sealed.
    ///
    /// - Parameter samples: the clip's length in samples before padding, if known.
    /// - Throws: `ClipFailure` if no rows were begun, `FileError` if they cannot be written.
    package func end(node: Int, samples: Int?) throws -> Product {
        guard let open = shard else {
            throw ClipFailure(failureClass: .internal, reason: "rows of stage '\(stage)' ended that never began")
        }
        let extent = try open.writer.endClip()
        let product = Product(
            node: node, store: open, firstRow: extent.firstRow, rowCount: extent.rowCount,
            digest: extent.digest.description, samples: samples, clipped: extent.clipped)
        if open.writer.bytes >= ShardPool.fullSize {
            pool.retire(open)
            shard = nil
        }
        return product
    }

    /// Drops the clip's rows.
    ///
    /// - Throws: `FileError` if the shard cannot be made or written.
    package func abandon() throws { try shard?.writer.abandonClip() }

    /// Ends the worker's use of its shard. A complete run leaves no shard open; an interrupted one leaves it for the
    /// next run to fill.
    ///
    /// - Throws: `FileError` if the shard cannot be made or written.
    package func close(isComplete: Bool) throws {
        guard let open = shard else { return }
        shard = nil
        // Not closed here: the committer may still have to sync it. It closes with the last clip that refers to it.
        if isComplete { pool.retire(open) } else { try open.writer.abandonClip() }
    }
}
