import Evaluation

/// The scores of a clip's chunks, in order.
public struct ChunkScores: Sendable {
    /// The class names, in the order of the columns.
    public let classes: [String]
    /// One row per chunk, one column per class.
    public let rows: FeatureRows
    /// The length of a chunk in seconds; nil if the cache predates this field.
    public let duration: Double?

    init(classes: [String], rows: FeatureRows, duration: Double?) {
        precondition(rows.columns == classes.count && rows.count > 0, "scores of no chunk, or of other classes")
        self.classes = classes
        self.rows = rows
        self.duration = duration
    }

    /// The number of chunks, at least one.
    public var count: Int { rows.count }

    /// The seconds from the clip's start to a chunk's start; nil if the cache predates this field.
    public func startTime(of chunk: Int) -> Double? { rows.startTime(of: chunk) }

    public subscript(chunk: Int) -> TagScores { TagScores(classes: classes, values: rows[chunk]) }

    /// The mean over the chunks that were not skipped, bit for bit what a pipeline's `aggregate` stage computes with `method: mean`.
    public var mean: TagScores {
        var aggregator = Aggregator(.mean, classes: classes.count)
        for chunk in 0..<count { rows.withUnsafeValues(chunk..<chunk + 1) { aggregator.add($0) } }
        guard let values = try? aggregator.finish() else { preconditionFailure("scores of no chunk") }
        return TagScores(classes: classes, values: values)
    }
}
