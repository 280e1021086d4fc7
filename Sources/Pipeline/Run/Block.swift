/// A run of consecutive rows on an edge, borrowed for the duration of one call.
package struct Block {
    /// Row-major, (rows, columns).
    package let values: UnsafeBufferPointer<Float>
    package let columns: Int
    /// Samples per second for audio and wave edges; 0 elsewhere.
    package let rate: Int

    /// - Parameters:
    ///   - values: rows end to end, row-major; valid only during the call that passes them.
    ///   - columns: values per row.
    ///   - rate: samples per second for audio; otherwise 0.
    package init(_ values: UnsafeBufferPointer<Float>, columns: Int = 1, rate: Int = 0) {
        self.values = values
        self.columns = columns
        self.rate = rate
    }

    package var rows: Int { values.count / columns }
}
