import Errors
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Stages

/// One run of a pipeline over a manifest into a cache, from the lock to the index.
package final class RunSession {
    /// What a run came to.
    package struct Report: Sendable {
        package let plan: Plan
        package let result: Runner.Result
        /// Clips that stand as failed after the run, those of earlier runs included.
        package let failures: Int
        /// Clips' rows in shards that are not sealed, which the index leaves out.
        package var unsealed = 0
        /// What is no fault of the run and still to be told.
        package var notes: [String] = []
        /// Of the samples that this run stored.
        package var clipping = Clipping()
        /// In the files that this run decoded.
        package var accepted = AcceptedFaults()
    }

    private let pipeline: LoadedPipeline
    private let manifest: Manifest
    private let cache: CacheFolder
    private let lock: CacheLock
    private let ledger: Ledger
    private let stageOfNode: [Int: Int64]

    /// Takes the cache for this process.
    ///
    /// - Throws: `LedgerError` of kind busy where another run has it; `PipelineError` where a model is not on this machine.
    package init(pipeline: LoadedPipeline, manifest: Manifest, cache: CacheFolder) throws {
        try pipeline.requireModels()
        self.pipeline = pipeline
        self.manifest = manifest
        self.cache = cache
        try cache.make()
        lock = try CacheLock(folder: cache.folder)
        try cache.requireLedger()
        ledger = try Ledger(path: cache.ledgerPath) { CrashPoint.hit($0) }
        // Left by a pruning that was killed.
        try RemovedFiles.unlink(cache, ledger)
        var stages: [Int: Int64] = [:]
        for node in pipeline.graph.nodes {
            guard let type = pipeline.kept(by: node) else { continue }
            let isScored = type == .scores || type == .clipScores
            stages[node.index] = try ledger.stageID(
                fingerprint: node.fingerprint.hex, kind: type.cacheKind ?? type.rawValue,
                classes: isScored ? pipeline.classes(of: node).map(ClassList.encode) ?? "" : "")
            if let id = stages[node.index], let told = try pipeline.stageFrontEnd(of: node, id: id) {
                try ledger.put(told)
            }
        }
        stageOfNode = stages
    }

    /// Plans. What an earlier process left in flight when it died is noted first.
    ///
    /// - Parameter readsContent: digests every file, so that one with other bytes of the same size and time is found.
    /// - Throws: `LedgerError` where the ledger cannot be read or written.
    package func plan(readsContent: Bool = false) throws -> Plan {
        let dead = InFlightLog.survivors(cache: cache.folder)
        if !dead.isEmpty {
            // Forgotten before it is counted: a kill between the two loses the count, and the clip gets one more chance. The
            // other order counted one death twice, which condemned a sound clip.
            InFlightLog.forget(cache: cache.folder)
            try ledger.noteDeaths(of: dead)
        }
        try ledger.adopt(manifest: manifestDigest, count: manifest.count) { row in
            let entry = manifest.entry(row)
            return (entry.clip, entry.path)
        }
        try setAsideDeadly()
        reconciled = try Reconciler(
            manifest: manifest, graph: pipeline.graph, ledger: ledger, readsContent: readsContent)
        let facts = reconciled?.facts ?? []
        return Plan(graph: pipeline.graph, clips: facts, isLossless: LoadedPipeline.isLossless)
    }

    private var reconciled: Reconciler?

    /// The clips that the plan does again for no other reason than settings; asked before the plan is carried out.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func changedSettings(_ plan: Plan) throws -> ChangedSettings? {
        try ChangedSettings(graph: pipeline.graph, plan: plan, ids: reconciled?.ids ?? [], ledger: ledger)
    }

    /// The pipeline as this run has it.
    private var record: PipelineRecord {
        PipelineRecord(
            name: pipeline.graph.name, fingerprint: pipeline.graph.fingerprint.hex,
            stages: stageOfNode.values.sorted(), file: pipeline.graph.file, updated: Date().timeIntervalSince1970,
            targets: pipeline.graph.failureTargets.map(\.hex), settings: PipelineSettings(pipeline).text)
    }

    /// Folds the ledger's log into its file, so that all of a cache that rests lies under checks.
    ///
    /// - Throws: `LedgerError` where the log cannot be folded in.
    package func close() throws { try ledger.close() }

    /// Carries the plan out.
    ///
    /// - Parameters:
    ///   - stop: raised from outside to interrupt.
    ///   - decodeLimit: seconds that decoding a clip may take beyond the clip's own length.
    ///   - progress: told of every block of audio.
    ///   - onCommit: told of clips that became durable, on the committer's thread.
    /// - Throws: the fault that ended the run: `FileError` and `LedgerError` where the disk is full or broken, `PipelineError` where workers were lost.
    package func run(
        _ plan: Plan, workers: Int, stop: StopSignal, decodeLimit: Int = 30, progress: RunProgress? = nil,
        onCommit: @escaping @Sendable ([Outcome]) -> Void
    ) throws -> Report {
        guard let reconciled else { preconditionFailure("a run without a plan") }
        try ledger.put(record)
        for model in pipeline.models {
            try ledger.put(model: model.digest, path: model.path)
        }
        guard try plan.pending > 0 || isUnfinished() else {
            var report = Report(plan: plan, result: Runner.Result(), failures: plan.count(.failed))
            if access(cache.backupPath, F_OK) != 0 { backUp(&report) }
            return report
        }
        let run = try ledger.beginRun(pipeline: pipeline.graph.name, workers: workers, work: plan.work)
        let counts = CommittedCounts()
        do {
            var report = try carryOut(
                plan, reconciled, workers: workers, stop: stop, decodeLimit: decodeLimit, progress: progress
            ) { outcomes in
                counts.add(outcomes)
                onCommit(outcomes)
            }
            try ledger.finishRun(
                id: run, outcome: report.result.wasInterrupted ? "interrupted" : "complete", done: report.result.done,
                failed: report.result.failed, audio: counts.audio)
            report.unsealed = try ledger.unsealedResults()
            backUp(&report)
            return report
        } catch {
            // The fault itself is what the user must hear of, even where the ledger cannot take this note.
            let ending: RunRecord.Ending = Self.isOutOfSpace(error) ? .outOfSpace("\(error)") : .fault("\(error)")
            try? ledger.finishRun(
                id: run, outcome: ending.text, done: counts.done, failed: counts.failed, audio: counts.audio)
            throw error
        }
    }

    /// Leaves a copy of the ledger. The results are durable without it, so a fault is told and is none of the run.
    private func backUp(_ report: inout Report) {
        do { try ledger.backUp(to: cache.backupPath) } catch {
            report.notes.append("no copy of the ledger was made: \(error)")
        }
    }

    /// Whether a run that was killed has left shards open or no index, though no clip is pending.
    private func isUnfinished() throws -> Bool {
        try !ShardIndex.isCurrent(cache: cache, ledger: ledger) || ledger.shards().contains { !$0.isSealed }
            || ledger.lastRun().map { $0.outcome != "complete" } ?? false
    }

    private static func isOutOfSpace(_ error: any Error) -> Bool {
        (error as? FileError)?.isOutOfSpace ?? ((error as? LedgerError)?.kind == .outOfSpace)
    }

    /// Bytes of the files of the clips that have work to do.
    package func pendingBytes(_ plan: Plan) -> Int64 {
        zip(plan.assignments, reconciled?.sizes ?? []).reduce(0) { $0 + ($1.0 >= 0 ? $1.1 : 0) }
    }

    private func carryOut(
        _ plan: Plan, _ reconciled: Reconciler, workers: Int, stop: StopSignal, decodeLimit: Int,
        progress: RunProgress?,
        onCommit: @escaping @Sendable ([Outcome]) -> Void
    ) throws -> Report {
        let graph = pipeline.graph
        let inFlight = try InFlightLog(cache: cache.folder, workers: workers)
        let contents = reconciled.contents
        let ids = reconciled.ids
        let sizes = reconciled.sizes
        let names = Dictionary(
            uniqueKeysWithValues: graph.nodes.compactMap { node in stageOfNode[node.index].map { (node.name, $0) } })
        let recorder = LedgerRecorder(
            ledger: ledger, inFlight: inFlight, graph: graph, targets: record.targets, stageOfNode: stageOfNode
        ) { contents[$0].text }
        let clipping = Clipping.Counter(graph: graph)
        let accepted = AcceptedFaults.Counter()
        let committer = Committer(recorder: recorder) { outcomes in
            clipping.add(outcomes)
            accepted.add(outcomes)
            onCommit(outcomes)
        }
        let pool = ShardPool(cache: cache.folder, ledger: ledger, stageIDs: names, committer: committer)
        try pool.takeOver()
        let factory = StageFactory(
            pipeline: pipeline, cache: cache.folder, ledger: ledger, stageIDs: names
        ) { stage, kind, dtype in ShardAppender(pool: pool, stage: stage, kind: kind, dtype: dtype) }
        let manifest = manifest
        let suspects = try Set(ledger.clips(withDeaths: 1))
        let runner = Runner(
            plan: plan, factory: factory, recorder: recorder, committer: committer, stop: stop,
            alone: suspects.isEmpty ? [] : ids.indices.filter { suspects.contains(ids[$0]) }, decodeLimit: decodeLimit,
            progress: progress, size: { sizes[$0] }
        ) { index in
            let entry = manifest.entry(index)
            return (ids[index], entry.clip, entry.path)
        }
        let result = try runner.run(workers: workers)
        if !result.wasInterrupted { try pool.sealLeftovers() }
        inFlight.remove()
        try ShardIndex.write(cache: cache, ledger: ledger)
        let failures = try ledger.failures(of: record).count
        var report = Report(
            plan: plan, result: result, failures: failures, clipping: clipping.total, accepted: accepted.total)
        if let broken = ShardIndex.text(brokenShards: try ShardIndex.brokenShards(ledger)) {
            report.notes.append(broken)
        }
        return report
    }

    /// The pipeline's failures as they stand, with their clips.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func failures() throws -> [FailureLine] {
        try FailureLine.all(ledger, pipeline: record)
    }

    /// Records a failure for clips that were in flight at two deaths of the process, so that the run gets past them.
    private func setAsideDeadly() throws {
        let deadly = try ledger.clips(withDeaths: 2)
        guard !deadly.isEmpty else { return }
        var batch = CommitBatch(targets: record.targets)
        // No stage can be named, so it stands until 'retry', or until the file is another.
        let target = pipeline.graph.failureTarget(node: nil, failureClass: .deadly).hex
        let known = try Set(ledger.failures(targets: batch.targets).map(\.clip))
        let wanted = Set(deadly).subtracting(known)
        guard !wanted.isEmpty else { return }
        try ledger.forEachClip { clip in
            guard wanted.contains(clip.id) else { return }
            let stat = SourceStat.find(clip.path)
            batch.failures.append(
                FailureRecord(
                    clip: clip.id, target: target, failureClass: .deadly,
                    reason: "the process died twice while working on this clip", offset: nil, size: stat?.size,
                    modified: stat?.modified))
        }
        try ledger.commit(batch)
    }

    /// Of what was read, not of the file: a list that was never one has a digest too, and a file may be another by now.
    private var manifestDigest: String { "\(manifest.folder) \(manifest.digest)" }
}

/// What a run has made durable so far, for its record where a fault ends it.
private final class CommittedCounts: @unchecked Sendable {
    private let lock = NSLock()
    private var counts = (done: 0, failed: 0, audio: 0.0)

    func add(_ outcomes: [Outcome]) {
        lock.withLock {
            for outcome in outcomes {
                counts.audio += outcome.seconds
                if outcome.failure == nil { counts.done += 1 } else { counts.failed += 1 }
            }
        }
    }

    var done: Int { lock.withLock { counts.done } }
    var failed: Int { lock.withLock { counts.failed } }
    /// Seconds of audio that went through.
    var audio: Double { lock.withLock { counts.audio } }
}
