import Foundation
import Pipeline
import Synchronization
import Testing

/// Progress by seconds of audio, block by block.
@Suite struct ProgressTests {
    /// Gives clips of as many seconds as their path says, one second a step, and looks at the progress before each. A clip
    /// with a minus before its seconds does not know them.
    private final class Seconds: Source {
        private let outlet: Outlet
        private let look: @Sendable () -> Void
        private var done = 0

        init(_ outlet: Outlet, _ look: @escaping @Sendable () -> Void) {
            self.outlet = outlet
            self.look = look
        }

        func begin(_ job: ClipJob) {
            done = 0
            job.expect(seconds: job.path.hasPrefix("-") ? .greatestFiniteMagnitude : Double(job.path) ?? 0)
        }

        func step(_ job: ClipJob) throws -> Bool {
            look()
            guard done < abs(Int(job.path) ?? 0) else { return false }
            done += 1
            job.seconds = Double(done)
            try [Float(1)].withUnsafeBufferPointer { try outlet.emit(Block($0, rate: 8), job) }
            return true
        }

        func consume(_ block: Block, input: Int, job: ClipJob) {}
        func finish(input: Int, job: ClipJob) {}
    }

    private struct Factory: OperatorFactory {
        let fakes: FakeFactory
        let look: @Sendable () -> Void
        func makeOperator(for node: Graph.Node, outlets: [Outlet], worker: Int) throws -> any Operator {
            if node.definition.name == "count" { return Seconds(outlets[0], look) }
            return try fakes.makeOperator(for: node, outlets: outlets, worker: worker)
        }
    }

    /// Runs clips of so many seconds, 10 bytes a second, and hands out what was read before every block.
    private func readings(_ lengths: [Int], workers: Int, bytes: @escaping @Sendable (Int) -> Int64) throws
        -> (all: [RunProgress.Reading], last: RunProgress.Reading)
    {
        let plan = Plan(
            graph: try FakeStages.graph(), clips: lengths.map { _ in .init(isNew: true) },
            isLossless: FakeStages.isLossless)
        let recorder = FakeRecorder()
        let committer = Committer(recorder: recorder) { _ in }
        let progress = RunProgress(clips: lengths.count, bytes: lengths.reduce(0) { $0 + bytes($1) })
        let seen = Mutex<[RunProgress.Reading]>([])
        let runner = Runner(
            plan: plan,
            factory: Factory(fakes: FakeFactory(committer: committer)) {
                let reading = progress.reading
                seen.withLock { $0.append(reading) }
            }, recorder: recorder, committer: committer, stop: StopSignal(), progress: progress,
            size: { bytes(lengths[$0]) }
        ) { Runner.Clip(Int64($0) + 1, "clip \($0)", "\(lengths[$0])") }
        #expect(try runner.run(workers: workers).done == lengths.count)
        return (seen.withLock { $0 }, progress.reading)
    }

    @Test("Within one clip every block is seen, and what is left is its own length's rest")
    func withinAClip() throws {
        let (all, last) = try readings([500], workers: 1) { Int64($0) * 10 }
        #expect(all.map(\.heard) == (0...500).map(Double.init))
        #expect(all.allSatisfy { $0.total == 500 })
        #expect(last == .init(heard: 500, total: 500))
    }

    @Test("Files of one kind: the estimate is right from the first block on, whatever the lengths and the workers")
    func estimate() throws {
        var state: UInt64 = 7
        for workers in [1, 2, 4] {
            let lengths = (0..<60).map { _ -> Int in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return 1 + Int(state >> 58)
            }
            let sum = Double(lengths.reduce(0, +))
            let (all, last) = try readings(lengths, workers: workers) { Int64($0) * 10 }
            #expect(last == .init(heard: sum, total: sum))
            for reading in all where workers == 1 {
                #expect(reading.total.map { abs($0 - sum) < 0.01 * sum } == true, "\(reading)")
            }
            #expect(all.allSatisfy { $0.heard <= sum })
        }
    }

    @Test("A clip of unknown length: what was heard is told, the total is not known, or as others' bytes suggest")
    func unknownLength() throws {
        let (alone, last) = try readings([-500], workers: 1) { _ in 5000 }
        #expect(alone.map(\.heard) == (0...500).map(Double.init) && alone.allSatisfy { $0.total == nil })
        #expect(last == .init(heard: 500, total: 500))
        let (all, _) = try readings([100, -300], workers: 1) { Int64(abs($0)) * 10 }
        #expect(all.allSatisfy { $0.total == 400 }, "\(all.map(\.total))")
    }

    @Test("Files that are gone have no size: clips count alike, and the end is exact")
    func withoutSizes() throws {
        let (all, last) = try readings([4, 4, 4, 4], workers: 1) { _ in 0 }
        #expect(all.allSatisfy { $0.total == 16 })
        #expect(last == .init(heard: 16, total: 16))
    }

    @Test("A condition's time limit passes by itself, and a broadcast comes before it")
    func condition() {
        let condition = MonotonicCondition()
        let watch = Stopwatch()
        condition.lock()
        while condition.wait(seconds: 0.02) {}
        condition.unlock()
        #expect(watch.seconds >= 0.02)
        let isSet = Atomic<Bool>(false)
        withExtendedLifetime(condition) {
            Thread {
                condition.lock()
                isSet.store(true, ordering: .relaxed)
                condition.broadcast()
                condition.unlock()
            }.start()
            condition.lock()
            var isInTime = true
            while !isSet.load(ordering: .relaxed), isInTime { isInTime = condition.wait(seconds: 60) }
            condition.unlock()
            #expect(isInTime)
        }
    }
}
