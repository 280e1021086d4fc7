import Pipeline
import Shards

/// A shard that a worker of this run writes to.
final class OpenShard: RowStore, @unchecked Sendable {
    let id: Int64
    let columns: Int
    /// Used by its worker; only `sync` and, after it was retired, `seal` are called from the committer.
    let writer: ShardWriter

    init(id: Int64, columns: Int, writer: ShardWriter) {
        self.id = id
        self.columns = columns
        self.writer = writer
    }

    func sync() throws { try writer.sync() }
}
