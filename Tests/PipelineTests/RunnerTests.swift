import Errors
import Foundation
import Pipeline
import Testing

@Suite struct RunnerTests {
    private func run(
        _ graph: Graph, _ facts: [Plan.ClipFacts], workers: Int, stop: StopSignal = StopSignal(),
        recorder: FakeRecorder = FakeRecorder(), path: @escaping @Sendable (Int) -> String = { "\($0 % 9 + 1)" }
    ) throws -> (FakeRecorder, Runner.Result) {
        let plan = Plan(graph: graph, clips: facts, isLossless: FakeStages.isLossless)
        let committer = Committer(recorder: recorder) { _ in }
        let runner = Runner(
            plan: plan, factory: FakeFactory(committer: committer, recorder: recorder), recorder: recorder,
            committer: committer, stop: stop
        ) { Runner.Clip(Int64($0) + 1, "clip \($0)", path($0)) }
        return (recorder, try runner.run(workers: workers))
    }

    @Test(arguments: [1, 2, 4])
    func everyClipGetsItsOwnSumWhateverTheWorkers(workers: Int) throws {
        let graph = try FakeStages.graph()
        let (recorder, result) = try run(graph, (0..<200).map { _ in .init(isNew: true) }, workers: workers)
        #expect(result.done == 200 && result.failed == 0 && !result.wasInterrupted)
        #expect(recorder.unsynced == 0)
        #expect(recorder.sealed.count == 2 * workers)
        for clip in 0..<200 {
            let count = Float(clip % 9 + 1)
            let expected = count * (count + 1)
            for value in recorder.totals[Int64(clip) + 1].map({ Array($0.values) }) ?? [] { #expect(value == expected) }
            #expect(recorder.totals[Int64(clip) + 1]?.count == 2)
        }
    }

    @Test func aBadClipStopsNoOther() throws {
        let (recorder, result) = try run(
            try FakeStages.graph(), (0..<50).map { _ in .init(isNew: true) }, workers: 2,
            path: { $0 % 10 == 3 ? "bad" : "4" })
        #expect(result.done == 45 && result.failed == 5)
        #expect(recorder.failures[4] == ClipFailure(failureClass: .unreadable, reason: "bad", offset: 3, node: 0))
        #expect(recorder.totals[4] == nil)
        for (clip, totals) in recorder.totals { for value in totals.values { #expect(value == 20, "clip \(clip)") } }
    }

    @Test func replayFeedsTheStagesBelow() throws {
        let graph = try FakeStages.graph()
        let kept = try #require(graph.nodes.first { $0.name == "kept" })
        let total = try #require(graph.nodes.first { $0.name == "total" })
        let (recorder, _) = try run(graph, [.init(available: 1 << UInt64(kept.index))], workers: 1)
        #expect(recorder.totals[1] == [total.index: 10])
    }

    @Test func twoBranchesShareOneStage() throws {
        let yaml = FakeStages.yaml + "\n  guess2: {uses: guess, from: frame}\n  total2: {uses: total, from: guess2}"
        let (recorder, result) = try run(
            try FakeStages.graph(yaml), [.init(isNew: true)], workers: 1, path: { _ in "3" })
        #expect(result.done == 1)
        #expect(recorder.totals[1]?.count == 3)
        #expect(recorder.totals[1].map { Set($0.values) } == [12])
    }

    @Test func stopBeforeTheStartDoesNothingAndSaysSo() throws {
        let stop = StopSignal()
        stop.raise()
        let (recorder, result) = try run(
            try FakeStages.graph(), (0..<5).map { _ in .init(isNew: true) }, workers: 2, stop: stop)
        #expect(result.wasInterrupted && result.done == 0)
        #expect(recorder.started.isEmpty)
    }

    @Test func aFaultOfTheRecorderEndsTheRun() throws {
        let recorder = FakeRecorder()
        recorder.commitFault = PipelineError(.badInput, "the ledger is gone")
        #expect(throws: PipelineError.self) {
            try run(
                try FakeStages.graph(), (0..<5).map { _ in .init(isNew: true) }, workers: 2, recorder: recorder)
        }
    }
}
