/// How rows are spaced in time: row i begins at sample i * hop.
package struct RowSpacing: Sendable, Equatable {
    /// Samples per second.
    package let rate: Int
    /// Samples from one row to the next.
    package let hop: Int

    package init(rate: Int, hop: Int) {
        self.rate = rate
        self.hop = hop
    }

    /// The duration of `rows` rows, in seconds.
    package func seconds(rows: Int) -> Double { Double(rows) * Double(hop) / Double(rate) }
}
