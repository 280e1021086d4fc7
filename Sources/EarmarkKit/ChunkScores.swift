import Evaluation

/// The scores of a clip's chunks, in their order.
public struct ChunkScores: Sendable {
    /// Names in the order of the columns.
    public let classes: [String]
    /// One row a chunk, one column a class.
    public let rows: FeatureRows
    /// Seconds that a chunk lasts; nil in caches of before this was kept.
    public let duration: Double?

    init(classes: [String], rows: FeatureRows, duration: Double?) {
        precondition(rows.columns == classes.count && rows.count > 0, "scores of no chunk, or of other classes")
        self.classes = classes
        self.rows = rows
        self.duration = duration
    }

    /// How many chunks there are, at least one.
    public var count: Int { rows.count }

    /// Seconds from the clip's start to a chunk's; nil in caches of before this was kept.
    public func startTime(of chunk: Int) -> Double? { rows.startTime(of: chunk) }

    public subscript(chunk: Int) -> TagScores { TagScores(classes: classes, values: rows[chunk]) }

    /// The mean over the chunks: what a pipeline's `aggregate` stage makes with `method: mean`, to the last bit.
    public var mean: TagScores {
        var aggregator = Aggregator(.mean, classes: classes.count)
        for chunk in 0..<count { rows.withUnsafeValues(chunk..<chunk + 1) { aggregator.add($0) } }
        guard let values = try? aggregator.finish() else { preconditionFailure("scores of no chunk") }
        return TagScores(classes: classes, values: values)
    }
}
