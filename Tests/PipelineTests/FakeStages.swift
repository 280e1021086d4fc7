import Errors
import Foundation
import Pipeline

/// Stage kinds and operators without disk or database: numbers go in by the clip's name, sums come out.
enum FakeStages {
    static let definitions = [
        StageDefinition(name: "count", inputs: [], outputs: [.init("audio", .audio)]),
        StageDefinition(
            name: "scale", codeVersion: 2, inputs: [.init([.audio])], outputs: [.init("wave", .wave)],
            parameters: [
                ParameterDefinition("by", .number(0...100), default: "2", help: "factor"),
                ParameterDefinition("speed", .integer(1...9), default: "1", affectsResult: false, help: "none"),
                ParameterDefinition("table", .file, default: "none", help: "a file"),
            ]),
        StageDefinition(name: "frame", inputs: [.init([.wave])], outputs: [.init("mel", .mel)]),
        StageDefinition(
            name: "keep", inputs: [.init([.wave, .mel, .scores])], outputs: [.init("rows", nil)],
            parameters: [ParameterDefinition("dtype", .choice(["exact", "rough"]), default: "exact", help: "format")],
            persists: true, isReplayable: true),
        StageDefinition(
            name: "guess", inputs: [.init([.mel]), .init([.wave], optional: true)],
            outputs: [.init("scores", .scores), .init("embeddings", .embeddings)]),
        StageDefinition(name: "total", inputs: [.init([.scores, .mel])], outputs: [], persists: true),
    ]

    static let yaml = """
        name: fake
        stages:
          count: {uses: count}
          scale: {uses: scale, from: count}
          frame: {uses: frame, from: scale}
          kept: {uses: keep, from: frame}
          guess: {uses: guess, from: frame}
          total: {uses: total, from: guess}
        """

    static func graph(
        _ yaml: String = yaml, sets: [String] = [], also others: [StageDefinition] = []
    ) throws -> Graph {
        var spec = try SpecParser.parse(yaml: yaml, file: "fake.yaml")
        for set in sets { try spec.set(set) }
        return try GraphBuilder(
            spec, definitions: definitions + others, digestOfFile: { "digest of \($0)" },
            usesInput: { _, _, _, _ in false }
        ).build()
    }

    static func isLossless(_ node: Graph.Node) -> Bool { node.parameters["dtype"] == "exact" }
}

/// Rows in memory. Remembers what was written and whether it was synced.
final class FakeStore: RowStore, @unchecked Sendable {
    let id: Int64
    private let lock = NSLock()
    private var values: [Float] = []
    private var syncedCount = 0

    private let recorder: FakeRecorder?

    init(id: Int64, recorder: FakeRecorder?) {
        self.id = id
        self.recorder = recorder
    }

    func append(_ value: Float) -> Int {
        lock.withLock {
            values.append(value)
            return values.count - 1
        }
    }

    func sync() throws { lock.withLock { syncedCount = values.count } }

    func seal() throws { recorder?.noteSeal(self) }

    func value(_ row: Int) -> Float { lock.withLock { values[row] } }
    var synced: Int { lock.withLock { syncedCount } }
}

/// Records what a run did, and checks that rows were synced before they were committed.
final class FakeRecorder: RunRecorder, @unchecked Sendable {
    private let lock = NSLock()
    private(set) var totals: [Int64: [Int: Float]] = [:]
    private(set) var failures: [Int64: ClipFailure] = [:]
    private(set) var unsynced = 0
    private(set) var started: [Int64] = []
    /// The clip that each worker says to be on, and how often one took another without having let go of the last.
    private var underWay: [Int: Int64] = [:]
    private(set) var unreleased = 0
    private(set) var sealed: [Int64] = []
    var commitFault: (any Error)?

    func commit(_ outcomes: [Outcome]) throws {
        if let commitFault { throw commitFault }
        lock.withLock {
            for outcome in outcomes {
                if let failure = outcome.failure { failures[outcome.clip] = failure }
                for product in outcome.products {
                    guard let store = product.store as? FakeStore else { continue }
                    if store.synced <= product.firstRow { unsynced += 1 }
                    totals[outcome.clip, default: [:]][product.node] = store.value(product.firstRow)
                }
            }
        }
    }

    func noteSeal(_ store: any RowStore) { lock.withLock { sealed.append(store.id) } }

    func noteStart(clip: Int64, worker: Int) {
        lock.withLock {
            started.append(clip)
            if underWay.updateValue(clip, forKey: worker) != nil { unreleased += 1 }
        }
    }
    func noteIdle(worker: Int) { lock.withLock { underWay[worker] = nil } }
}

struct FakeFactory: OperatorFactory {
    let committer: Committer
    /// Rows that share a batch in `guess`.
    var batch = 5
    /// Told of the stores that were sealed.
    var recorder: FakeRecorder?

    func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
        switch node.definition.name {
        case "count": Counter(outlets[0])
        case "scale": Mapper(outlets[0], factor: node.parameters["by"].flatMap(Float.init) ?? 0)
        case "frame": Mapper(outlets[0], factor: 1)
        case "guess": Batcher(outlets, batch: batch)
        default:
            Summer(
                node.index, outlets.first, committer,
                FakeStore(id: Self.numbers.next(), recorder: recorder))
        }
    }

    private static let numbers = Numbers()
}

/// Numbers that are given once: a worker that takes another's place has stores of its own.
private final class Numbers: @unchecked Sendable {
    private let lock = NSLock()
    private var last: Int64 = 0
    func next() -> Int64 {
        lock.withLock {
            last += 1
            return last
        }
    }
}

/// Emits 1, 2, ... n for a clip whose path is n; a path of "bad" fails half-way.
private final class Counter: Source {
    private let outlet: Outlet
    private var next = 1
    init(_ outlet: Outlet) { self.outlet = outlet }
    func begin(_ job: ClipJob) { next = 1 }
    func step(_ job: ClipJob) throws -> Bool {
        if job.path == "bad", next == 3 { throw ClipFailure(failureClass: .unreadable, reason: "bad", offset: 3) }
        if next > (Int(job.path) ?? 7) { return false }
        try [Float(next)].withUnsafeBufferPointer { try outlet.emit(Block($0, rate: 8), job) }
        next += 1
        return true
    }
    func consume(_ block: Block, input: Int, job: ClipJob) {}
    func finish(input: Int, job: ClipJob) {}
}

private final class Mapper: Operator {
    private let outlet: Outlet
    private let factor: Float
    init(_ outlet: Outlet, factor: Float) {
        self.outlet = outlet
        self.factor = factor
    }
    func begin(_ job: ClipJob) {}
    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        try block.values.map { $0 * factor }.withUnsafeBufferPointer { try outlet.emit(Block($0), job) }
    }
    func finish(input: Int, job: ClipJob) throws { try outlet.finish(job) }
}

/// Holds rows of several clips back until a batch is full.
private final class Batcher: Operator {
    private let outlets: [Outlet]
    private let batch: Int
    private var rows: [(ClipJob, Float)] = []
    private var ended: Set<ObjectIdentifier> = []
    init(_ outlets: [Outlet], batch: Int) {
        self.outlets = outlets
        self.batch = batch
    }
    func begin(_ job: ClipJob) {}
    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        rows += block.values.map { (job, $0) }
        if rows.count >= batch { try flush() }
    }
    func finish(input: Int, job: ClipJob) throws {
        if rows.contains(where: { $0.0 === job }) { ended.insert(ObjectIdentifier(job)) } else { try done(job) }
    }
    func flush() throws {
        let now = rows
        rows = []
        for (place, (job, value)) in now.enumerated() {
            try [value].withUnsafeBufferPointer { try outlets[0].emit(Block($0), job) }
            let isLast = !now[(place + 1)...].contains { $0.0 === job }
            if isLast, ended.remove(ObjectIdentifier(job)) != nil, job.failure == nil { try done(job) }
        }
    }
    private func done(_ job: ClipJob) throws { for outlet in outlets { try outlet.finish(job) } }
}

/// Keeps the sum of a clip's rows as one row of its store.
private final class Summer: Replayable {
    private let node: Int
    private let outlet: Outlet?
    private let committer: Committer
    private let store: FakeStore
    private var sums: [ObjectIdentifier: Float] = [:]
    init(_ node: Int, _ outlet: Outlet?, _ committer: Committer, _ store: FakeStore) {
        self.node = node
        self.outlet = outlet
        self.committer = committer
        self.store = store
    }
    func begin(_ job: ClipJob) { sums[ObjectIdentifier(job)] = 0 }
    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        for value in block.values { sums[ObjectIdentifier(job), default: 0] += value }
        try outlet?.emit(block, job)
    }
    func finish(input: Int, job: ClipJob) throws {
        let row = store.append(sums.removeValue(forKey: ObjectIdentifier(job)) ?? -1)
        job.deliver(Product(node: node, store: store, firstRow: row, rowCount: 1, digest: ""))
        try outlet?.finish(job)
    }
    func close(isComplete: Bool) { if isComplete { committer.retire(store) } }
    /// The cache "holds" 10 for every clip.
    func beginReplay(_ job: ClipJob) {}
    func stepReplay(_ job: ClipJob, into outlet: Outlet) throws -> Bool {
        try [Float(10)].withUnsafeBufferPointer { try outlet.emit(Block($0), job) }
        return false
    }
}
