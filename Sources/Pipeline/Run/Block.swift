/// A run of consecutive rows on an edge, borrowed for the length of one call.
package struct Block {
    /// Row-major, (rows, columns).
    package let values: UnsafeBufferPointer<Float>
    package let columns: Int
    /// Samples per second for audio and wave edges; 0 elsewhere.
    package let rate: Int

    /// - Parameters:
    ///   - values: rows end to end, row-major; alive as long as the call that they are handed over in.
    ///   - columns: values of a row.
    ///   - rate: samples per second, of audio; else 0.
    package init(_ values: UnsafeBufferPointer<Float>, columns: Int = 1, rate: Int = 0) {
        self.values = values
        self.columns = columns
        self.rate = rate
    }

    package var rows: Int { values.count / columns }
}
