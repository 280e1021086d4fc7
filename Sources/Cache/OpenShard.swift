import Files
import Ledger
import Pipeline
import Shards

/// A shard that a worker of this run writes to.
package final class OpenShard: RowStore, @unchecked Sendable {
    package let id: Int64
    package let columns: Int
    /// Used by its worker; the committer calls only `sync` and, once the shard is retired, `seal`.
    package let writer: ShardWriter
    private let ledger: Ledger

    package init(id: Int64, columns: Int, writer: ShardWriter, ledger: Ledger) {
        self.id = id
        self.columns = columns
        self.writer = writer
        self.ledger = ledger
    }

    package func sync() throws { try writer.sync() }

    package func seal() throws {
        let sealed = try writer.seal()
        CrashPoint.hit("seal.before-commit")
        try ledger.markSealed(id: id, rows: sealed.rows, bytes: sealed.bytes, digest: sealed.digest.description)
        CrashPoint.hit("seal.after-commit")
    }
}
