import Errors
import Foundation
import Pipeline
import Testing

/// Calls of models: who is in them is on record, and one that does not return ends the run.
@Suite struct ModelCallTests {
    /// Lets calls hang until it is opened.
    private final class Gate: @unchecked Sendable {
        private let condition = NSCondition()
        private var isOpen = false
        private(set) var entered = 0

        func wait() {
            condition.lock()
            entered += 1
            while !isOpen { condition.wait() }
            condition.unlock()
        }

        func open() {
            condition.lock()
            isOpen = true
            condition.broadcast()
            condition.unlock()
        }
    }

    /// Takes down the calls that it is told of, besides what the fake recorder does.
    private final class CallRecorder: RunRecorder, @unchecked Sendable {
        let fake = FakeRecorder()
        private let lock = NSLock()
        private(set) var calls: [(call: ModelCall, clips: [Int64])] = []
        private(set) var open: [Int: [Int64]] = [:]
        private(set) var hangs: [Int] = []
        /// The clips of a call at the time that it was found to hang.
        private(set) var hanging: [Int64] = []

        func commit(_ outcomes: [Outcome]) throws { try fake.commit(outcomes) }
        func noteStart(clip: Int64, worker: Int) { fake.noteStart(clip: clip, worker: worker) }
        func noteIdle(worker: Int) { fake.noteIdle(worker: worker) }
        func noteCall(_ call: ModelCall, clips: [Int64], worker: Int) {
            lock.withLock {
                calls.append((call, clips))
                open[worker] = clips
            }
        }
        func noteReturn(worker: Int) { lock.withLock { open[worker] = nil } }
        func noteHang(worker: Int) {
            lock.withLock {
                hangs.append(worker)
                hanging = open[worker] ?? []
            }
        }
    }

    /// Passes rows on; a clip whose path is "stuck" hangs in a call of a model, together with the clip before it.
    private final class Caller: Operator {
        private let mapper: any Operator
        private let gate: Gate
        private var last: ClipJob?

        init(_ mapper: any Operator, _ gate: Gate) {
            self.mapper = mapper
            self.gate = gate
        }
        func begin(_ job: ClipJob) throws { try mapper.begin(job) }
        func consume(_ block: Block, input: Int, job: ClipJob) throws {
            let gate = gate
            let clips = (last.map { [$0] } ?? []) + [job]
            try job.calling(ModelCall(name: "a model by an engine", limit: 3), for: clips) {
                if job.path == "stuck" { gate.wait() }
            }
            last = job
            try mapper.consume(block, input: input, job: job)
        }
        func finish(input: Int, job: ClipJob) throws { try mapper.finish(input: input, job: job) }
        func flush() throws { try mapper.flush() }
        func abandon(_ job: ClipJob) throws { try mapper.abandon(job) }
    }

    private struct Factory: OperatorFactory {
        let fakes: FakeFactory
        let gate: Gate
        func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
            let made = try fakes.makeOperator(for: node, outlets: outlets, worker: worker)
            return node.definition.name == "frame" ? Caller(made, gate) : made
        }
    }

    private func run(
        _ clips: Int, stuck: Set<Int>, workers: Int, gate: Gate, recorder: CallRecorder, stop: StopSignal = StopSignal()
    ) throws -> Runner.Result {
        let plan = Plan(
            graph: try FakeStages.graph(), clips: (0..<clips).map { _ in .init(isNew: true) },
            isLossless: FakeStages.isLossless)
        let committer = Committer(recorder: recorder) { _ in }
        let runner = Runner(
            plan: plan, factory: Factory(fakes: FakeFactory(committer: committer), gate: gate), recorder: recorder,
            committer: committer, stop: stop, decodeLimit: 1000, tick: 0.01
        ) { Runner.Clip(Int64($0) + 1, "clip \($0)", stuck.contains($0) ? "stuck" : "2") }
        return try runner.run(workers: workers)
    }

    @Test("Calls that return are on record only while they are under way", arguments: [1, 3])
    func returning(workers: Int) throws {
        let recorder = CallRecorder()
        let result = try run(20, stuck: [], workers: workers, gate: Gate(), recorder: recorder)
        #expect(result.done == 20 && recorder.open.isEmpty && recorder.hangs.isEmpty)
        #expect(recorder.calls.allSatisfy { $0.call == ModelCall(name: "a model by an engine", limit: 3) })
        #expect(Set(recorder.calls.compactMap(\.clips.last)) == Set((1...20).map(Int64.init)))
    }

    @Test(
        "A call that does not return ends the run with its model and clips, and what was done stays", arguments: [1, 3])
    func hanging(workers: Int) throws {
        let (gate, recorder) = (Gate(), CallRecorder())
        let error = #expect(throws: PipelineError.self) {
            try run(20, stuck: [9], workers: workers, gate: gate, recorder: recorder)
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(error?.category == .interrupted && error?.category.exitStatus == 75)
        #expect(
            text.hasPrefix("a model by an engine has not returned within 3 s") && text.contains("'clip 9'"), "\(text)")
        #expect(recorder.hangs.count == 1 && recorder.hanging.last == 10)
        #expect(recorder.fake.failures.isEmpty && recorder.fake.unsynced == 0)
        // With one worker it is known which clips went before.
        if workers == 1 { #expect(Set(recorder.fake.totals.keys).isSubset(of: Set((1...9).map(Int64.init)))) }
        let before = recorder.fake.totals
        gate.open()
        #expect(recorder.fake.totals == before)
    }

    @Test("A run that is to stop waits a while for a call, then leaves it, and blames nobody")
    func stopping() throws {
        let (gate, recorder, stop) = (Gate(), CallRecorder(), StopSignal())
        let plan = Plan(
            graph: try FakeStages.graph(), clips: (0..<3).map { _ in .init(isNew: true) },
            isLossless: FakeStages.isLossless)
        let committer = Committer(recorder: recorder) { _ in }
        let factory = LongFactory(fakes: FakeFactory(committer: committer), gate: gate, stop: stop)
        let runner = Runner(
            plan: plan, factory: factory, recorder: recorder, committer: committer, stop: stop, tick: 0.01
        ) { Runner.Clip(Int64($0) + 1, "clip \($0)", "2") }
        let result = try runner.run(workers: 1)
        #expect(result.wasInterrupted && result.failed == 0 && recorder.hangs.isEmpty && recorder.open.isEmpty)
        #expect(gate.entered == 1)
        gate.open()
    }

    /// Its first call, of an hour's limit, asks the run to stop and then hangs.
    private struct LongFactory: OperatorFactory {
        let fakes: FakeFactory
        let gate: Gate
        let stop: StopSignal
        func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
            let made = try fakes.makeOperator(for: node, outlets: outlets, worker: worker)
            return node.definition.name == "frame" ? Long(made, gate, stop) : made
        }

        private final class Long: Operator {
            private let mapper: any Operator
            private let gate: Gate
            private let stop: StopSignal
            init(_ mapper: any Operator, _ gate: Gate, _ stop: StopSignal) {
                (self.mapper, self.gate, self.stop) = (mapper, gate, stop)
            }
            func begin(_ job: ClipJob) throws { try mapper.begin(job) }
            func consume(_ block: Block, input: Int, job: ClipJob) throws {
                let (gate, stop) = (gate, stop)
                try job.calling(ModelCall(name: "m", limit: 3600), for: [job]) {
                    stop.raise()
                    gate.wait()
                }
            }
            func finish(input: Int, job: ClipJob) throws { try mapper.finish(input: input, job: job) }
        }
    }
}
