import Audio
import Errors
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Stages
import Wording

/// One run of a pipeline over a manifest into a cache, from taking the lock to writing the index.
package final class RunSession {
    /// The outcome of a run.
    package struct Report: Sendable {
        package let plan: Plan
        package let result: Runner.Result
        /// Clips that are failed after the run, including those that failed in earlier runs.
        package let failures: Int
        /// Results in shards that are not sealed, which the index leaves out.
        package var unsealed = 0
        /// Notices for the user that are not errors of the run.
        package var notes: [String] = []
        /// Clipping of the samples that this run stored.
        package var clipping = Clipping()
        /// Faults accepted in the files that this run decoded.
        package var accepted = AcceptedFaults()
        /// What this run left out of inference; nil if it did nothing.
        package var skipped: SkippedCount?
    }

    private let pipeline: LoadedPipeline
    private let manifest: Manifest
    private let cache: CacheFolder
    private let lock: CacheLock
    private let ledger: Ledger
    private let stageOfNode: [Int: Int64]
    /// Whether clips that the cache knows and the manifest does not name stay, with their places.
    private let keepsOthers: Bool
    /// Part of the names of new shards; nil for none.
    private let shardTag: String?

    /// Claims the cache for this process and opens its ledger.
    ///
    /// - Parameters:
    ///   - keepsOthers: false if the manifest says which clips the cache is for; true if it is a part of them, and the other
    ///     clips of the cache stay in their places.
    ///   - shardTag: part of the names of new shards: lower-case letters and digits; nil for none.
    ///   - heldLock: the cache's lock, if this process has it already; nil to take it.
    /// - Throws: `TableError` if the clip of a channel has the name of another clip; `PipelineError` if a model is not on
    ///   this machine; `LedgerError` of kind busy if another run has the
    ///   cache; `FileError`, `CacheError` or `LedgerError` if the cache cannot be created, opened or written.
    package init(
        pipeline: LoadedPipeline, manifest: Manifest, cache: CacheFolder, keepsOthers: Bool = false,
        shardTag: String? = nil, heldLock: CacheLock? = nil
    ) throws {
        try pipeline.requireModels()
        self.shardTag = shardTag
        self.keepsOthers = keepsOthers
        self.pipeline = pipeline
        self.manifest = try manifest.countingChannels(stream: pipeline.graph.audioStream)
        self.cache = cache
        try cache.make()
        lock = try heldLock ?? CacheLock(folder: cache.folder)
        try cache.requireLedger()
        ledger = try Ledger(path: cache.ledgerPath) { CrashPoint.hit($0) }
        // Deletes files left behind by a prune that was killed.
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

    /// Makes the plan. First records which clips an earlier process was working on when it crashed.
    ///
    /// - Parameter readsContent: whether to compute every file's digest, to find files whose content changed but not
    ///   their size and time.
    /// - Throws: `LedgerError` if the ledger cannot be read or written.
    package func plan(readsContent: Bool = false) throws -> Plan {
        let dead = InFlightLog.survivors(cache: cache.folder)
        if !dead.isEmpty {
            // The log is deleted before the deaths are counted: a kill between the two loses the count, and the clip
            // gets one more chance. The other order counted one death twice, which condemned a sound clip.
            InFlightLog.forget(cache: cache.folder)
            try InFlightLog.count(dead, in: ledger)
        }
        try ledger.adopt(manifest: manifest.ledgerDigest, count: manifest.count, keepsOthers: keepsOthers) {
            manifest.ledgerRow($0)
        }
        for node in pipeline.graph.nodes where node.soundFingerprint != node.fingerprint {
            guard let own = stageOfNode[node.index],
                let sound = try ledger.knownStageID(fingerprint: node.soundFingerprint.hex)
            else { continue }
            try ledger.shareResults(of: sound, with: own)
        }
        try setAsideDeadly(dead)
        reconciled = try Reconciler(
            manifest: manifest, graph: pipeline.graph, ledger: ledger, readsContent: readsContent)
        let facts = reconciled?.facts ?? []
        return Plan(graph: pipeline.graph, clips: facts, isLossless: LoadedPipeline.isLossless)
    }

    private var reconciled: Reconciler?

    /// Notes on the thresholds that the models of the pipeline's last run recommended and those of this one do not: exports
    /// go by the last run.
    private func droppedThresholds() throws -> [String] {
        let name = pipeline.graph.name
        guard let last = try ledger.pipelines().first(where: { $0.name == name }),
            let before = PipelineSettings(text: last.settings)?.models,
            let now = PipelineSettings(pipeline).models
        else { return [] }
        let (count, left) = (before.reduce(0) { $0 + $1.thresholds.count }, now.reduce(0) { $0 + $1.thresholds.count })
        guard count > 0, left == 0 else { return [] }
        return [
            "the model of this run recommends no thresholds; that of the last run of '\(name)' did, for "
                + "\(counted(count, "class", "classes")): exports now use 0.5 unless they are given others"
        ]
    }

    /// The clips that the plan redoes only because of changed settings; nil if there are none. To be called before the
    /// plan is carried out.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func changedSettings(_ plan: Plan) throws -> ChangedSettings? {
        try ChangedSettings(graph: pipeline.graph, plan: plan, ids: reconciled?.ids ?? [], ledger: ledger)
    }

    /// The pipeline as it is in this run.
    private var record: PipelineRecord {
        PipelineRecord(
            name: pipeline.graph.name, fingerprint: pipeline.graph.fingerprint.hex,
            stages: stageOfNode.values.sorted(), file: pipeline.graph.file, updated: Date().timeIntervalSince1970,
            targets: pipeline.graph.failureTargets.map(\.hex), settings: PipelineSettings(pipeline).text)
    }

    /// Closes the ledger and merges its log into its file, so that checks cover everything in a cache that is not in
    /// use.
    ///
    /// - Throws: `LedgerError` if the log cannot be merged.
    package func close() throws { try ledger.close() }

    /// Carries out the plan.
    ///
    /// - Parameters:
    ///   - stop: raised by the caller to interrupt the run.
    ///   - decodeLimit: seconds that decoding a clip may take beyond the clip's own length.
    ///   - progress: updated with every block of audio.
    ///   - onCommit: called with clips that became durable, on the committer's thread.
    /// - Throws: the error that ended the run: `FileError` or `LedgerError` if the disk is full or failing,
    ///   `PipelineError` if workers were lost.
    package func run(
        _ plan: Plan, workers: Int, stop: StopSignal, decodeLimit: Int = 30, progress: RunProgress? = nil,
        onCommit: @escaping @Sendable ([Outcome]) -> Void
    ) throws -> Report {
        guard let reconciled else { preconditionFailure("a run without a plan") }
        let dropped = try droppedThresholds()
        try ledger.put(record)
        for model in pipeline.models {
            try ledger.put(model: model.digest, path: model.path)
        }
        guard try plan.pending > 0 || isUnfinished() else {
            var report = Report(plan: plan, result: Runner.Result(), failures: plan.count(.failed))
            report.notes += dropped
            if access(cache.backupPath, F_OK) != 0 { backUp(&report) }
            return report
        }
        let run = try ledger.beginRun(pipeline: pipeline.graph.name, workers: workers, work: plan.work)
        let counts = CommittedCounts()
        let reserve = SpaceReserve(cache: cache)
        reserve.take()
        defer { reserve.free() }
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
            report.notes += dropped
            backUp(&report)
            return report
        } catch {
            // On a full disk the ledger needs this space to record the end.
            reserve.free()
            // The user must see the error itself, even if the ledger cannot record it.
            let ending: RunRecord.Ending = Self.isOutOfSpace(error) ? .outOfSpace("\(error)") : .fault("\(error)")
            try? ledger.finishRun(
                id: run, outcome: ending.text, done: counts.done, failed: counts.failed, audio: counts.audio)
            throw error
        }
    }

    /// Makes a copy of the ledger. The results are durable without it, so an error is only reported and does not fail
    /// the run.
    private func backUp(_ report: inout Report) {
        do { try ledger.backUp(to: cache.backupPath) } catch {
            report.notes.append("no copy of the ledger was made: \(error)")
        }
    }

    /// Whether there is work left although no clip is pending: the index is not current, a shard is not sealed, or the
    /// last run did not complete, for example because it was killed.
    private func isUnfinished() throws -> Bool {
        try !ShardIndex.isCurrent(cache: cache, ledger: ledger) || ledger.shards().contains { !$0.isSealed }
            || ledger.lastRun().map { $0.outcome != "complete" } ?? false
    }

    private static func isOutOfSpace(_ error: any Error) -> Bool {
        (error as? FileError)?.isOutOfSpace ?? ((error as? LedgerError)?.kind == .outOfSpace)
    }

    /// The clips of the plan whose files are gone, in the manifest's order.
    ///
    /// - Parameters:
    ///   - limit: how many are named.
    ///   - excluded: names of clips that are left out, such as those that are reported as failed.
    package func clipsWithoutFile(naming limit: Int, except excluded: Set<String>) -> ClipsWithoutFile {
        var found = ClipsWithoutFile()
        for (row, fact) in (reconciled?.facts ?? []).enumerated() where fact.isMissing {
            let clip = manifest.clip(row)
            if !excluded.contains(clip) { found.add(clip, path: manifest.path(row), limit: limit) }
        }
        return found
    }

    /// Total size in bytes of the files of the clips that have work to do.
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
        let skipped = SkippedCount.Counter(graph: graph)
        let committer = Committer(recorder: recorder) { outcomes in
            clipping.add(outcomes)
            accepted.add(outcomes)
            skipped.add(outcomes)
            onCommit(outcomes)
        }
        let pool = ShardPool(cache: cache.folder, ledger: ledger, stageIDs: names, committer: committer, tag: shardTag)
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
            return Runner.Clip(ids[index], entry.clip, entry.path, part: entry.part?.text)
        }
        let result = try runner.run(workers: workers)
        if !result.wasInterrupted { try pool.sealLeftovers() }
        inFlight.remove()
        try ShardIndex.write(cache: cache, ledger: ledger)
        let failures = try ledger.failures(of: record).count
        var report = Report(
            plan: plan, result: result, failures: failures, clipping: clipping.total, accepted: accepted.total,
            skipped: skipped.total)
        if let broken = ShardIndex.text(brokenShards: try ShardIndex.brokenShards(ledger)) {
            report.notes.append(broken)
        }
        return report
    }

    /// The pipeline's current failures, with their clips.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func failures() throws -> [FailureLine] {
        try FailureLine.all(ledger, pipeline: record)
    }

    /// Records a failure for clips that were being worked on at two crashes of the process, or in calls of a model that
    /// did not return, so that the run gets past them.
    ///
    /// - Parameter dead: what the last process was working on; of deaths before that, only the number is known.
    private func setAsideDeadly(_ dead: [InFlightLog.Survivor]) throws {
        let deadly = try ledger.clips(withDeaths: 2)
        guard !deadly.isEmpty else { return }
        var batch = CommitBatch(targets: record.targets)
        let last = Dictionary(dead.map { ($0.clip, $0) }) { first, _ in first }
        let known = try Set(ledger.failures(targets: batch.targets).map(\.clip))
        let wanted = Set(deadly).subtracting(known)
        guard !wanted.isEmpty else { return }
        try ledger.forEachClip { clip in
            guard wanted.contains(clip.id) else { return }
            let stat = SourceStat.find(clip.path)
            let failure = last[clip.id]?.failure ?? InFlightLog.Survivor(clip: clip.id).failure
            batch.failures.append(
                FailureRecord(
                    clip: clip.id,
                    // No stage can be named, so the failure stands until 'retry', or until the file changes.
                    target: pipeline.graph.failureTarget(node: nil, failureClass: failure.failureClass).hex,
                    failureClass: failure.failureClass, reason: failure.reason, offset: nil, size: stat?.size,
                    modified: stat?.modified))
        }
        try ledger.commit(batch)
    }
}

/// Counts what a run has made durable so far, for the run's record even if an error ends it.
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
    /// Seconds of audio processed.
    var audio: Double { lock.withLock { counts.audio } }
}
