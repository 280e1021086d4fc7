/// Rows that a persistent stage has written for a clip; durable only once their store is synced.
package struct Product: Sendable {
    /// Index of the node that made the rows.
    package let node: Int
    /// The store that holds the rows.
    package let store: any RowStore
    /// The clip's first row in the store.
    package let firstRow: Int
    /// The clip's number of rows.
    package let rowCount: Int
    /// XXH3-128 of the rows' bytes.
    package let digest: String
    /// The clip's length in samples before padding, at the pipeline's rate, if known.
    package let samples: Int?
    /// How many values the rows' number format could not hold, and were clipped.
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

/// Where rows are stored. The pipeline only ever syncs and seals a store; only the cache knows what it is.
package protocol RowStore: AnyObject, Sendable {
    /// The ledger's id of the shard.
    var id: Int64 { get }
    /// Makes every row delivered so far durable. Called from the committer's thread while the store's owner goes on
    /// writing.
    func sync() throws
    /// Finishes a store that will get no more rows, which also makes them durable. Called from the committer's thread,
    /// after the outcomes with rows in it submitted so far are recorded.
    func seal() throws
}
