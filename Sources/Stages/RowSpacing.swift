/// How rows lie in time: row i begins at sample i * hop.
struct RowSpacing: Sendable, Equatable {
    /// Samples per second.
    let rate: Int
    /// Samples from one row to the next.
    let hop: Int

    /// Seconds that so many rows take.
    func seconds(rows: Int) -> Double { Double(rows) * Double(hop) / Double(rate) }
}
