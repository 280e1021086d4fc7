import Errors
import Foundation
import Timing
import Wording

/// Carries out a plan with its own worker threads, each with a whole chain.
///
/// Threads, not a task group: the work is bound by the processor, and a task group would starve timers and progress.
/// The thread that calls `run` watches the workers: one that is stuck in a call that never returns is replaced.
package final class Runner: @unchecked Sendable {
    /// The outcome of a run.
    package struct Result: Sendable {
        package var done = 0
        package var failed = 0
        /// Whether it was stopped before its end.
        package var wasInterrupted = false

        package init() {}
    }

    /// Looks up a clip by its place in the manifest, on a worker's thread.
    package typealias ClipLookup = @Sendable (_ index: Int) -> Clip

    /// What a worker must know of a clip to read it.
    package struct Clip: Sendable {
        /// The ledger's id.
        let id: Int64
        let name: String
        let path: String
        /// The part of the recording, as `RecordingPart` writes it; nil for all of it.
        let part: String?

        package init(_ id: Int64, _ name: String, _ path: String, part: String? = nil) {
            self.id = id
            self.name = name
            self.path = path
            self.part = part
        }
    }
    /// The size of a clip's file in bytes, by its place in the manifest.
    package typealias SizeLookup = @Sendable (_ index: Int) -> Int64

    /// How many workers may be lost before the run itself is given up: each lost worker keeps its memory.
    private static let lostWorkerLimit = 8
    /// A longer tick, in seconds, means that the whole process was stopped or suspended; no clip is to blame.
    private static let longestTick = 3.0
    /// How many seconds a worker may stay inside a call once the run is asked to stop.
    private static let decodeLimitAtStop = 2
    /// The same of a call of a model, whose results are of use to a whole batch of clips.
    private static let callLimitAtStop = 10
    /// The most clips of a call that does not return that the error names.
    private static let shownClips = 3

    /// A worker's state, with what others may have to take from it.
    private final class WorkerSlot: @unchecked Sendable {
        let number: Int
        let watch = WorkerWatch()
        let caller: ModelCaller
        var chain: Chain?
        var job: ClipJob?

        init(_ number: Int, _ recorder: any RunRecorder) {
            self.number = number
            caller = ModelCaller(watch: watch, recorder: recorder, worker: number)
        }
    }

    private let plan: Plan
    private let factory: any OperatorFactory
    private let recorder: any RunRecorder
    private let committer: Committer
    private let lookup: ClipLookup
    private let size: SizeLookup
    private let stop: StopSignal
    private let queue: WorkQueue
    private let decodeLimit: Int
    private let tick: Double
    private let progress: RunProgress?
    private let condition = MonotonicCondition()
    private var slots: [WorkerSlot] = []
    private var lost = 0
    private var result = Result()
    private var fault: (any Error)?

    /// - Parameters:
    ///   - committer: shared with the factory, whose operators retire their stores to it.
    ///   - stop: raised from outside to interrupt the run.
    ///   - alone: places of clips that were in flight when a process died: each goes first and alone, so that a second
    ///     death blames no other clip.
    ///   - decodeLimit: seconds that decoding a clip may take beyond the clip's own length.
    ///   - tick: the length of one such second; tests change it.
    ///   - progress: updated with every block.
    ///   - size: for `progress`.
    package init(
        plan: Plan, factory: any OperatorFactory, recorder: any RunRecorder, committer: Committer,
        stop: StopSignal, alone: [Int] = [], decodeLimit: Int = 30, tick: Double = 1,
        progress: RunProgress? = nil, size: @escaping SizeLookup = { _ in 0 }, lookup: @escaping ClipLookup
    ) {
        self.plan = plan
        self.factory = factory
        self.recorder = recorder
        self.committer = committer
        self.stop = stop
        self.lookup = lookup
        self.decodeLimit = decodeLimit
        self.tick = tick
        self.progress = progress
        self.size = size
        queue = WorkQueue(plan, alone: alone, stop: stop)
    }

    /// Runs to the end, or until stopped. Returns only when everything that was done is durable.
    ///
    /// - Throws: the first fault that ended the run: a full disk, a broken ledger, a fault of a stage.
    package func run(workers: Int) throws -> Result {
        committer.start()
        condition.lock()
        for worker in 0..<max(1, min(workers, max(1, plan.pending))) { start(worker) }
        var last = Self.seconds()
        while !slots.isEmpty {
            if condition.wait(seconds: tick) { continue }
            let now = Self.seconds()
            defer { last = now }
            if now - last < Self.longestTick * tick { checkStalledWorkers() }
        }
        condition.unlock()
        do { try committer.finish() } catch { note(error) }
        condition.lock()
        defer { condition.unlock() }
        if let fault { throw fault }
        result.wasInterrupted = stop.isRaised
        return result
    }

    private static func seconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    /// Starts a worker. The caller holds the condition's lock.
    private func start(_ number: Int) {
        let slot = WorkerSlot(number, recorder)
        slots.append(slot)
        let profile = WorkProfile.current
        let thread = Thread { [self] in
            WorkProfile.measure(profile) { work(slot) }
            finish(slot)
        }
        thread.name = "worker \(number)"
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func finish(_ slot: WorkerSlot) {
        if slot.watch.isAbandoned { return }
        recorder.noteIdle(worker: slot.number)
        queue.leave(slot.watch)
        condition.lock()
        slots.removeAll { $0 === slot }
        condition.broadcast()
        condition.unlock()
    }

    /// Called every tick: gives up workers that are stuck in a call. The caller holds the condition's lock.
    private func checkStalledWorkers() {
        for slot in slots {
            guard let call = slot.watch.tick() else { continue }
            let limitAtStop = call.isOfModel ? Self.callLimitAtStop : Self.decodeLimitAtStop
            guard call.isOver || stop.isRaised && call.spent > limitAtStop, slot.watch.abandon(call) else { continue }
            // From here on the worker touches nothing, so its chain and its clip can safely be inspected.
            slots.removeAll { $0 === slot }
            lost += 1
            let unfinished = slot.chain?.unfinished.filter { $0 !== slot.job }.map(\.index) ?? []
            queue.leave(slot.watch, returning: unfinished)
            if call.isOfModel, call.isOver {
                end(for: slot)
                continue
            }
            if stop.isRaised {
                // Should another worker's call end the run, this clip is not to blame.
                recorder.noteIdle(worker: slot.number)
                recorder.noteReturn(worker: slot.number)
                continue
            }
            if let job = slot.job { fail(job, after: call.spent) }
            if lost < Self.lostWorkerLimit {
                start(slot.number)
            } else {
                noteLocked(
                    PipelineError(
                        .busy,
                        "decoding \(counted(lost, "clip")) does not come to an end; they are set aside, run again to go on"
                    )
                )
            }
        }
    }

    /// Ends the run for a call of a model that does not return.
    ///
    /// Replacing the worker, as is done for a decoder, would not do: an engine that hangs may hold what all its calls
    /// wait for, and which clip of the batch is to blame is known only when each is tried alone. So the run ends, with
    /// all that was done on record, and the next one, in a process of its own, tries these clips alone.
    private func end(for slot: WorkerSlot) {
        recorder.noteHang(worker: slot.number)
        guard let (call, clips) = slot.caller.current else { return }
        let named = clips.prefix(Self.shownClips).map { "'\($0.name)'" }.joined(separator: ", ")
        let others = clips.count > Self.shownClips ? " and \(counted(clips.count - Self.shownClips, "more clip"))" : ""
        noteLocked(
            PipelineError(
                .interrupted,
                "\(call.name) has not returned within \(call.limit) s from computing \(named)\(others); run again to go "
                    + "on: the next run tries \(clips.count == 1 ? "it no more" : "these clips alone")"))
    }

    private func fail(_ job: ClipJob, after seconds: Int) {
        let outcome = Outcome(
            job,
            failure: ClipFailure(
                failureClass: .stuck,
                reason: "given up after \(seconds) s of decoding, expected at most its length and \(decodeLimit) s"))
        if let meter = job.meter { progress?.end(meter, isWhole: false) }
        result.failed += 1
        do { try committer.submit([outcome]) } catch { noteLocked(error) }
    }

    private func work(_ slot: WorkerSlot) {
        do {
            let chain = try Chain(graph: plan.graph, factory: factory, worker: slot.number)
            slot.chain = chain
            do {
                while !stop.isRaised, let item = queue.take(slot.watch) {
                    let clip = lookup(item.index)
                    let job = ClipJob(
                        index: item.index, id: clip.id, name: clip.name, path: clip.path, part: clip.part,
                        route: item.route)
                    job.watch = slot.watch
                    job.caller = slot.caller
                    job.meter = progress?.begin(bytes: size(item.index))
                    slot.job = job
                    slot.watch.begin(allowance: decodeLimit)
                    recorder.noteStart(clip: clip.id, worker: slot.number)
                    if try !chain.process(job, shouldStop: { stop.isRaised }) { break }
                    if let meter = job.meter { progress?.end(meter, isWhole: job.failure == nil) }
                    if item.isAlone { try chain.flush() }
                    try hand(over: chain.takeEnded())
                    // Noted before the worker waits for another clip's turn: a crash in the meantime is not this clip's
                    // fault.
                    recorder.noteIdle(worker: slot.number)
                }
                // Done even when interrupted: what waits in a shared batch is a fraction of a second of work.
                try chain.flush()
                try hand(over: chain.takeEnded())
                try hand(over: chain.takeStranded())
                try chain.close(isComplete: !stop.isRaised)
            } catch is WorkerAbandoned {
                return
            } catch {
                note(error)
                try? chain.close(isComplete: false)
            }
        } catch {
            note(error)
        }
    }

    private func hand(over ended: [ClipJob]) throws {
        guard !ended.isEmpty else { return }
        let outcomes = ended.map { Outcome($0) }
        try committer.submit(outcomes)
        condition.lock()
        for outcome in outcomes {
            if outcome.failure == nil { result.done += 1 } else { result.failed += 1 }
        }
        condition.unlock()
    }

    private func note(_ error: any Error) {
        condition.lock()
        noteLocked(error)
        condition.unlock()
    }

    private func noteLocked(_ error: any Error) {
        if fault == nil { fault = error }
        stop.raise()
    }
}
