/// Rows that a persistent stage has written for a clip; durable only after its store was synced.
package struct Product: Sendable {
    /// Index of the node that made the rows.
    package let node: Int
    /// Where they lie.
    package let store: any RowStore
    /// Row of the store that is the clip's first.
    package let firstRow: Int
    /// Rows of the clip.
    package let rowCount: Int
    /// XXH3-128 of the rows' bytes.
    package let digest: String
    /// Samples of the clip before padding, at the pipeline's rate, where they are known.
    package let samples: Int?
    /// Values that the rows' number format could not hold and that were clipped.
    package let clipped: Int

    package init(
        node: Int, store: any RowStore, firstRow: Int, rowCount: Int, digest: String, samples: Int? = nil,
        clipped: Int = 0
    ) {
        self.node = node
        self.store = store
        self.firstRow = firstRow
        self.rowCount = rowCount
        self.digest = digest
        self.samples = samples
        self.clipped = clipped
    }
}

/// Where rows lie. The pipeline only ever syncs and seals it; what it is, the cache knows.
package protocol RowStore: AnyObject, Sendable {
    /// The ledger's id of the shard.
    var id: Int64 { get }
    /// Makes every row delivered so far durable. Called from the committer's thread while its owner goes on.
    func sync() throws
    /// Finishes a store that will get no more rows, which makes them durable too. Called from the committer's thread,
    /// after the outcomes whose rows lie in it were recorded.
    func seal() throws
}
