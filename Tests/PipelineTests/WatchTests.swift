import Errors
import Foundation
import Pipeline
import Testing

/// Decoders that do not come back, and clips that go alone.
@Suite struct WatchTests {
    /// Lets calls hang until it is opened.
    private final class Gate: @unchecked Sendable {
        private let condition = NSCondition()
        private var isOpen = false
        private(set) var passed = 0
        var onEnter: @Sendable () -> Void = {}

        func wait() {
            onEnter()
            condition.lock()
            while !isOpen { condition.wait() }
            passed += 1
            condition.broadcast()
            condition.unlock()
        }

        func open(andAwait count: Int) {
            condition.lock()
            isOpen = true
            condition.broadcast()
            while passed < count { condition.wait() }
            condition.unlock()
        }
    }

    /// `count` as in the fakes, but a clip whose path is "stuck" waits at the gate inside a watched call.
    private final class StuckSource: Source {
        private let outlet: Outlet
        private let gate: Gate
        private var isOver = false
        init(_ outlet: Outlet, _ gate: Gate) {
            self.outlet = outlet
            self.gate = gate
        }
        func begin(_ job: ClipJob) {
            isOver = false
            job.expect(seconds: 1)
        }
        func step(_ job: ClipJob) throws -> Bool {
            if isOver { return false }
            isOver = true
            let gate = gate
            try job.watched { if job.path == "stuck" { gate.wait() } }
            try [Float(1), 2].withUnsafeBufferPointer { try outlet.emit(Block($0, rate: 8), job) }
            return true
        }
        func consume(_ block: Block, input: Int, job: ClipJob) {}
        func finish(input: Int, job: ClipJob) {}
    }

    private struct Factory: OperatorFactory {
        let fakes: FakeFactory
        let gate: Gate
        func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
            if node.definition.name == "count" { return StuckSource(outlets[0], gate) }
            return try fakes.makeOperator(for: node, outlets: outlets, worker: worker)
        }
    }

    private func run(
        _ clips: Int, stuck: Set<Int>, workers: Int, gate: Gate, stop: StopSignal = StopSignal(),
        recorder: FakeRecorder, alone: [Int] = []
    ) throws -> Runner.Result {
        let plan = Plan(
            graph: try FakeStages.graph(), clips: (0..<clips).map { _ in .init(isNew: true) },
            isLossless: FakeStages.isLossless)
        let committer = Committer(recorder: recorder) { _ in }
        // Batches so large that chunks of every clip wait in them when a worker is lost.
        let fakes = FakeFactory(committer: committer, batch: 1000)
        let runner = Runner(
            plan: plan, factory: Factory(fakes: fakes, gate: gate), recorder: recorder, committer: committer,
            stop: stop, alone: alone, decodeLimit: 2, tick: 0.01
        ) { Runner.Clip(Int64($0) + 1, "clip \($0)", stuck.contains($0) ? "stuck" : "2") }
        return try runner.run(workers: workers)
    }

    @Test("A clip whose decoder hangs is a failure of its own class; all others are done", arguments: [1, 2, 4])
    func stuck(workers: Int) throws {
        let (gate, recorder) = (Gate(), FakeRecorder())
        let result = try run(30, stuck: [3, 20], workers: workers, gate: gate, recorder: recorder)
        #expect(result.done == 28 && result.failed == 2 && !result.wasInterrupted)
        #expect(Set(recorder.failures.keys) == [4, 21])
        #expect(recorder.failures.values.allSatisfy { $0.failureClass == .stuck })
        #expect(Set(recorder.totals.keys) == Set((1...30).map(Int64.init)).subtracting([4, 21]))
        #expect(recorder.totals.values.allSatisfy { $0.count == 2 && $0.values.allSatisfy { $0 == 6 } })
        // The lost workers come back now and must not do anything that is seen.
        let before = recorder.totals
        gate.open(andAwait: 2)
        #expect(recorder.totals == before && recorder.unsynced == 0)
    }

    @Test("Eight lost workers end the run; what they were lost on is set aside")
    func tooMany() throws {
        let (gate, recorder) = (Gate(), FakeRecorder())
        #expect(throws: PipelineError.self) {
            try run(20, stuck: Set(0..<20), workers: 2, gate: gate, recorder: recorder)
        }
        #expect(recorder.failures.count >= 8 && recorder.totals.isEmpty)
        gate.open(andAwait: recorder.failures.count)
    }

    @Test("A run that is to stop does not wait for a decoder that hangs, and blames nobody")
    func stopping() throws {
        let (gate, recorder, stop) = (Gate(), FakeRecorder(), StopSignal())
        stop.raise()
        let early = try run(3, stuck: [0], workers: 1, gate: gate, stop: stop, recorder: recorder)
        #expect(early.wasInterrupted && recorder.failures.isEmpty)
        let later = StopSignal()
        gate.onEnter = { later.raise() }
        let result = try run(3, stuck: [0], workers: 1, gate: gate, stop: later, recorder: recorder)
        #expect(result.wasInterrupted && result.done == 0 && recorder.failures.isEmpty)
        gate.open(andAwait: 1)
    }

    @Test("Suspects go first, each while no other clip is under way", arguments: [1, 4])
    func alone(workers: Int) throws {
        let (gate, recorder) = (Gate(), FakeRecorder())
        let result = try run(40, stuck: [], workers: workers, gate: gate, recorder: recorder, alone: [7, 31])
        // A worker that waits for its turn is on no clip: a death meanwhile blames none that is over.
        #expect(recorder.unreleased == 0)
        #expect(result.done == 40)
        #expect(recorder.started.prefix(2) == [8, 32])
        #expect(Set(recorder.started).count == 40 && recorder.totals.count == 40)
    }
}
