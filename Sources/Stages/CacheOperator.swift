import Cache
import Pipeline
import Shards

/// Keeps an edge's rows in shards, hands them on as they are stored, and reads them back in later runs.
///
/// What goes on is the stored value, rounded where the dtype is narrower than float32. So a stage below sees the
/// same numbers whether the rows were made just now or read from the cache.
final class CacheOperator: Replayable {
    /// Rows a replay step hands out: about ten seconds of each kind.
    private static let replayRows = ["raw": 160_000, "mel": 1_000]
    private static let otherReplayRows = 20

    private let node: Graph.Node
    /// The node that pads what comes in here.
    private let chunkNode: Int?
    private let outlet: Outlet
    private let appender: ShardAppender
    private let reader: CacheReader
    private let dtype: ShardDType
    private let stepRows: Int
    private let spacing: RowSpacing?
    private var rounded: [Float] = []
    private var writing: ClipJob?
    private var replay: CacheReader.Cursor?

    /// - Parameter spacing: of the rows in time, where they have one.
    init(
        node: Graph.Node, chunkNode: Int?, outlet: Outlet, appender: ShardAppender, reader: CacheReader,
        spacing: RowSpacing?
    ) {
        self.spacing = spacing
        self.node = node
        self.chunkNode = chunkNode
        self.outlet = outlet
        self.appender = appender
        self.reader = reader
        dtype = appender.dtype
        stepRows = Self.replayRows[appender.kind] ?? Self.otherReplayRows
    }

    func begin(_ job: ClipJob) {}

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        if writing !== job {
            try appender.begin(columns: block.columns)
            writing = job
        }
        try appender.append(block.values)
        guard outlet.isWanted(job) else { return }
        guard dtype != .float32 else { return try outlet.emit(block, job) }
        dtype.round(block.values, into: &rounded)
        try rounded.withUnsafeBufferPointer {
            try outlet.emit(Block($0, columns: block.columns, rate: block.rate), job)
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        guard writing === job else {
            throw ClipFailure(failureClass: "internal", reason: "no rows came to stage '\(node.name)'")
        }
        writing = nil
        job.deliver(try appender.end(node: node.index, samples: chunkNode.flatMap { job.samples[$0] }))
        try outlet.finish(job)
    }

    func abandon(_ job: ClipJob) throws {
        replay = nil
        guard writing === job else { return }
        writing = nil
        try appender.abandon()
    }

    func close(isComplete: Bool) throws { try appender.close(isComplete: isComplete) }

    func beginReplay(_ job: ClipJob) throws {
        let cursor = try reader.open(clip: job.id, node: node)
        if appender.kind == "mel", let spacing { job.expect(seconds: spacing.seconds(rows: cursor.rows)) }
        if let chunkNode, let samples = cursor.samples { job.note(samples: samples, of: chunkNode) }
        replay = cursor
    }

    func stepReplay(_ job: ClipJob, into outlet: Outlet) throws -> Bool {
        guard let cursor = replay else { return false }
        let rate = appender.kind == "raw" ? spacing?.rate ?? 0 : 0
        let isOver = try cursor.next(rows: stepRows) { rows, columns in
            if appender.kind == "mel", let spacing { job.seconds += spacing.seconds(rows: rows.count / columns) }
            try outlet.emit(Block(rows, columns: columns, rate: rate), job)
        }
        if isOver { replay = nil }
        return !isOver
    }
}
