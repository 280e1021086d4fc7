import Errors
import Cache
import Pipeline
import Shards

/// Stores an edge's rows in shards, passes them on as they are stored, and reads them back in later runs.
///
/// What it passes on is the stored value, rounded if the dtype is narrower than float32. So a stage below sees the same
/// numbers whether the rows were made just now or read from the cache.
struct CacheStage: StageKind {
    static let definition = StageDefinition(
        name: "cache", inputs: [.init([.chunks, .mel, .scores, .embeddings])], outputs: [.init("rows", nil)],
        parameters: [
            ParameterDefinition(
                "dtype", .choice(["float32", "float16", "int16"]), default: "float32",
                help: "number format on disk; int16 for raw samples only, and clips what the resampler overshoots")
        ], persists: true, isReplayable: true)

    let facts: StreamFacts
    private let node: Graph.Node
    private let kind: String
    private let dtype: ShardDType

    var kept: EdgeType? { node.outputTypes.first }

    static func isLossless(_ parameters: [String: String]) -> Bool { parameters["dtype"] == "float32" }

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> CacheStage {
        let kind = node.outputTypes.first?.cacheKind ?? "?"
        let name = node.parameters["dtype"] ?? "float32"
        let allowed = kind == "raw" ? ["int16", "float32"] : ["float32", "float16"]
        guard allowed.contains(name), let dtype = ShardDType(rawValue: name) else {
            throw context.error(
                node, "'dtype' is '\(name)', expected \(allowed.joined(separator: " or ")) for \(kind)")
        }
        return CacheStage(facts: context.facts(above: node), node: node, kind: kind, dtype: dtype)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        CacheOperator(
            node: node, chunkNode: facts.chunkNode, skipping: facts.skipping, outlet: outlets[0],
            appender: resources.makeAppender(node.name, kind, dtype),
            reader: resources.ledger.map {
                CacheReader(cache: resources.cache, ledger: $0, stageIDs: resources.stageIDs)
            },
            spacing: facts.spacing(of: node.outputTypes.first))
    }
}

private final class CacheOperator: Replayable {
    /// Rows that a replay step passes on: about ten seconds of each kind.
    private static let replayRows = ["raw": 160_000, "mel": 1_000]
    private static let otherReplayRows = 20
    /// Levels of chunks that are read at a time.
    private static let levelRows = 4096

    private let node: Graph.Node
    /// Index of the node that pads the clip's samples.
    private let chunkNode: Int?
    /// nil if no chunk is skipped.
    private let skipping: StreamFacts.Skipping?
    private let outlet: Outlet
    private let appender: any RowAppender
    private let reader: CacheReader?
    private let dtype: ShardDType
    private let stepRows: Int
    private let spacing: RowSpacing?
    private var rounded: [Float] = []
    private var writing: ClipJob?
    private var replay: CacheReader.Cursor?
    /// The seconds of audio of which rows have been read from the cache, and of the whole clip.
    private var replayed = (seconds: 0.0, whole: 0.0)

    /// - Parameters:
    ///   - reader: nil if there is no cache to read rows from.
    ///   - spacing: how the rows are spaced in time; nil if they are not evenly spaced.
    init(
        node: Graph.Node, chunkNode: Int?, skipping: StreamFacts.Skipping?, outlet: Outlet,
        appender: any RowAppender, reader: CacheReader?, spacing: RowSpacing?
    ) {
        self.skipping = skipping
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
        // Rows that are stored already are made again where the levels of their chunks were not stored with them.
        if job.route.isTarget(node.index) {
            if writing !== job {
                try appender.begin(columns: block.columns)
                writing = job
            }
            if dtype == .float16 { try checkRange(block.values) }
            try appender.append(block.values)
        }
        guard outlet.isWanted(job) else { return }
        guard dtype != .float32 else { return try outlet.emit(block, job) }
        dtype.round(block.values, into: &rounded)
        try rounded.withUnsafeBufferPointer {
            try outlet.emit(Block($0, columns: block.columns, rate: block.rate), job)
        }
    }

    /// - Throws: `ClipFailure` if a finite value would become infinite in float16.
    private func checkRange(_ values: UnsafeBufferPointer<Float>) throws {
        // The middle between the largest float16, 65504, and the next power of two: what is below rounds down.
        guard let value = values.first(where: { abs($0) >= 65_520 && $0.isFinite }) else { return }
        throw ClipFailure(
            failureClass: .invalid,
            reason: "found the value \(value), expected -65504 to 65504 for float16; 'dtype: float32' in stage "
                + "'\(node.name)' keeps it", node: node.index)
    }

    func finish(input: Int, job: ClipJob) throws {
        guard job.route.isTarget(node.index) else { return try outlet.finish(job) }
        guard writing === job else {
            throw ClipFailure(failureClass: .internal, reason: "stage '\(node.name)' received no rows")
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
        try readLevels(job)
        guard let cursor = try reader?.open(clip: job.id, node: node) else {
            preconditionFailure("rows are asked for that no cache has")
        }
        if let spacing {
            // Rows cover the zeros that pad a clip's last chunk too, which nobody recorded.
            let whole = cursor.samples.map { Double($0) / Double(spacing.rate) } ?? .greatestFiniteMagnitude
            replayed = (0, min(whole, spacing.seconds(rows: cursor.rows)))
            if appender.kind == "mel" { job.expect(seconds: replayed.whole) }
        }
        if let chunkNode, let samples = cursor.samples { job.note(samples: samples, of: chunkNode) }
        replay = cursor
    }

    /// Notes which chunks of the rows are skipped, by the levels that were stored with them.
    private func readLevels(_ job: ClipJob) throws {
        guard let skipping, let cursor = try reader?.open(clip: job.id, node: skipping.node) else { return }
        var chunk = 0
        while cursor.rows > 0 {
            _ = try cursor.next(rows: Self.levelRows) { levels, _ in
                for level in levels {
                    job.note(isSkipped: Double(level) < skipping.level, chunk: chunk, of: skipping.node.index)
                    chunk += 1
                }
            }
        }
    }

    func stepReplay(_ job: ClipJob, into outlet: Outlet) throws -> Bool {
        guard let cursor = replay else { return false }
        let rate = appender.kind == "raw" ? spacing?.rate ?? 0 : 0
        let isOver = try cursor.next(rows: stepRows) { rows, columns in
            if let spacing {
                replayed.seconds = min(replayed.seconds + spacing.seconds(rows: rows.count / columns), replayed.whole)
                // Another stage of the clip may be read from the cache at the same time.
                job.seconds = max(job.seconds, replayed.seconds)
            }
            try outlet.emit(Block(rows, columns: columns, rate: rate), job)
        }
        if isOver { replay = nil }
        return !isOver
    }
}
