import Pipeline
import Shards

/// Where one worker's instance of a persistent stage writes its rows, clip by clip.
package protocol RowAppender: AnyObject {
    /// raw, levels, mel, embeddings, scores or clip-scores.
    var kind: String { get }
    var dtype: ShardDType { get }

    /// Starts a clip's rows.
    ///
    /// - Throws: `FileError` or `LedgerError`.
    func begin(columns: Int) throws

    /// Adds rows of the clip: a whole number of them, row-major.
    ///
    /// - Throws: `FileError`.
    func append(_ values: UnsafeBufferPointer<Float>) throws

    /// Ends a clip's rows.
    ///
    /// - Parameter samples: the clip's length in samples before padding, if known.
    /// - Throws: `FileError`.
    func end(node: Int, samples: Int?) throws -> Product

    /// Drops the rows of a clip that has not ended yet.
    ///
    /// - Throws: `FileError`.
    func abandon() throws

    /// The worker is done.
    ///
    /// - Parameter isComplete: false if the run was interrupted.
    /// - Throws: `FileError`.
    func close(isComplete: Bool) throws
}

/// Takes rows and keeps none, so that stages can be tested without a cache.
package final class DiscardingAppender: RowAppender {
    private final class NoStore: RowStore {
        let id: Int64 = 0
        func sync() {}
        func seal() {}
    }

    package let kind: String
    package let dtype: ShardDType
    private let store = NoStore()
    private var values = 0
    private var columns = 1

    package init(kind: String, dtype: ShardDType) {
        self.kind = kind
        self.dtype = dtype
    }

    package func begin(columns: Int) {
        self.columns = columns
        values = 0
    }

    package func append(_ values: UnsafeBufferPointer<Float>) { self.values += values.count }

    package func end(node: Int, samples: Int?) -> Product {
        Product(node: node, store: store, firstRow: 0, rowCount: values / columns, digest: "", samples: samples)
    }

    package func abandon() {}
    package func close(isComplete: Bool) {}
}
