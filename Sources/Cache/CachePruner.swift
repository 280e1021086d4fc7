import Errors
import Files
import Foundation
import Ledger
import Shards

/// Frees what no pipeline and no manifest of a cache needs any more.
///
/// Killed at any point, it leaves the cache whole: rows are copied and durable before the ledger refers to their new
/// place, a file is deleted only after the ledger has dropped it, and `index.csv` never names a missing file. The next
/// pruning finds whatever was left to do; files that the ledger has dropped are removed by the next process to lock the
/// cache.
package final class CachePruner {
    /// What was done.
    package struct Report: Sendable {
        package let plan: PrunePlan
        /// Shards that should have been copied but were not, for lack of space.
        package var uncopied = 0
        /// Why they were not copied.
        package var shortage: FileError?
        /// Whether it was asked to stop before it had finished.
        package var wasInterrupted = false
        /// What the user should be told although nothing is wrong.
        package var notes: [String] = []
    }

    /// How many results or clips one transaction removes: this keeps the log small, even on a nearly full disk.
    private static let batch = 20_000
    /// How many shards are copied before the old ones are removed. That much extra space is needed for a while; in
    /// return, the row table, which has a line for every clip, is written once for all of them.
    private static let copiedAtOnce = 8

    private let cache: CacheFolder
    /// nil once the pruner is closed.
    private var lock: CacheLock?
    /// The cache's ledger, open for writing.
    package let ledger: Ledger

    /// Locks the cache for this process.
    ///
    /// - Throws: `LedgerError` of kind busy if a run has the lock; `CacheError` if there is no cache, or a merge of parts was
    ///   interrupted.
    package init(cache: CacheFolder) throws {
        self.cache = cache
        guard cache.exists else {
            _ = try cache.reading()
            throw CacheError(.badInput, path: cache.folder, "found no ledger.sqlite, expected a cache")
        }
        lock = try CacheLock(folder: cache.folder)
        try cache.requireLedger()
        // What a run that was killed held back.
        SpaceReserve(cache: cache).free()
        ledger = try Ledger(path: cache.ledgerPath) { CrashPoint.hit($0) }
        try cache.requireNoMerge(ledger)
    }

    /// What would be removed. Leftovers of a process that died are dealt with first.
    ///
    /// - Parameters: see `PrunePlan`.
    /// - Throws: `LedgerError` if the ledger is damaged, or `FileError`.
    package func plan(dropping: Set<String>, share: Double, names: (String) -> Bool) throws -> PrunePlan {
        let dead = InFlightLog.survivors(cache: cache.folder)
        // Their deaths are recorded now, while the ledger still has these clips' ids.
        if !dead.isEmpty { try InFlightLog.count(dead, in: ledger) }
        InFlightLog.forget(cache: cache.folder)
        try ledger.raiseShardNumber()
        try RemovedFiles.unlink(cache, ledger)
        return try PrunePlan(
            cache: cache, ledger: ledger, dropping: dropping, share: share, looksForStrays: true, names: names)
    }

    /// Carries out a plan that has just been made.
    ///
    /// - Parameters:
    ///   - dropping: the pipelines that the plan was made without.
    ///   - models: digests of the models that the other pipelines use; nil if they are not known.
    ///   - shouldStop: asked between shards.
    /// - Throws: `LedgerError` or `FileError`; the cache is whole then, and what was freed so far stays freed.
    package func run(
        _ plan: PrunePlan, dropping: Set<String>, models: Set<String>?, shouldStop: () -> Bool
    ) throws -> Report {
        var report = Report(plan: plan)
        for name in dropping.sorted() { try ledger.forgetPipeline(name) }
        CrashPoint.hit("prune.after-pipelines")
        // The table may be out of date: a run that was killed can leave one that names files about to be removed.
        try writeIndex()
        for stray in plan.strays { unlink(cache.folder + "/" + stray.path) }
        var dropped: [Int64: [PruneStep.Key]] = [:]
        var kept: [Int64: [PruneStep.Key]] = [:]
        try plan.forEachResult(ledger) {
            dropped[$0.shard, default: []].append(($0.clip, $0.stage))
        } kept: {
            kept[$0.shard, default: []].append(($0.clip, $0.stage))
        }
        try remove(plan, &dropped, shouldStop)
        try copy(plan, &dropped, kept, shouldStop, &report)
        report.wasInterrupted = shouldStop()
        if !report.wasInterrupted {
            // What is left is in shards that stay as they are, or in none.
            for shard in dropped.keys.sorted() { try forget(dropped[shard] ?? []) }
            try inBatches(plan.clips) { try ledger.forgetClips($0) }
            if let models { try ledger.forgetModels(except: models) }
        }
        // Again, in case there was no room for it before.
        try writeIndex()
        CrashPoint.hit("prune.before-backup")
        // An older copy names rows that are gone.
        do { try ledger.backUp(to: cache.backupPath) } catch {
            report.notes.append("no new copy of the ledger was made: \(error)")
        }
        return report
    }

    /// Folds the ledger's log into its file, and releases the cache.
    ///
    /// - Throws: `LedgerError`.
    package func close() throws {
        defer { lock = nil }
        try ledger.close()
    }

    /// Brings the row table up to date, so that no file that it names is removed. If there is no room for a new table,
    /// the old one is deleted: there is then no table until there is room, and the next run writes it too.
    private func writeIndex() throws {
        if try ShardIndex.isCurrent(cache: cache, ledger: ledger) { return }
        do {
            try ShardIndex.write(cache: cache, ledger: ledger)
        } catch let error as FileError where error.isOutOfSpace {
            unlink(cache.indexPath)
        }
    }

    /// Removes the shards that hold nothing needed. They go first, to make room.
    private func remove(
        _ plan: PrunePlan, _ dropped: inout [Int64: [PruneStep.Key]], _ shouldStop: () -> Bool
    ) throws {
        var step = PruneStep()
        func carryOut() throws {
            if step.shards.isEmpty { return }
            try ledger.prune(step)
            try RemovedFiles.unlink(cache, ledger)
            step = PruneStep()
        }
        for shard in plan.removed where !shouldStop() {
            let keys = dropped.removeValue(forKey: shard.id) ?? []
            // A shard's last results are removed together with it; if there are very many, the earlier ones are removed
            // separately.
            try forget(Array(keys.dropLast(Self.batch)))
            step.results += keys.suffix(Self.batch)
            step.shards.append(shard)
            if step.results.count >= Self.batch { try carryOut() }
        }
        try carryOut()
    }

    private func copy(
        _ plan: PrunePlan, _ dropped: inout [Int64: [PruneStep.Key]], _ kept: [Int64: [PruneStep.Key]],
        _ shouldStop: () -> Bool, _ report: inout Report
    ) throws {
        let rewriter = ShardRewriter(cache: cache, ledger: ledger)
        var copied = 0
        func removeOld() throws {
            if copied == 0 { return }
            copied = 0
            try writeIndex()
            CrashPoint.hit("prune.after-index")
            try RemovedFiles.unlink(cache, ledger)
        }
        for (place, shard) in plan.rewritten.enumerated() where !shouldStop() {
            var step: PruneStep
            do {
                step = try rewriter.rewrite(shard, keeping: kept[shard.id] ?? [])
            } catch let error as FileError {
                // Finish what was copied so far.
                try removeOld()
                guard error.isOutOfSpace else { throw error }
                (report.uncopied, report.shortage) = (plan.rewritten.count - place, error)
                return
            }
            CrashPoint.hit("prune.copied")
            step.results = dropped.removeValue(forKey: shard.id) ?? []
            try ledger.prune(step)
            copied += 1
            if copied == Self.copiedAtOnce { try removeOld() }
        }
        try removeOld()
    }

    private func forget(_ keys: [PruneStep.Key]) throws {
        try inBatches(keys) { batch in
            var step = PruneStep()
            step.results = batch
            try ledger.prune(step)
        }
    }

    private func inBatches<Element>(_ list: [Element], _ body: ([Element]) throws -> Void) throws {
        for start in stride(from: 0, to: list.count, by: Self.batch) {
            try body(Array(list[start..<min(start + Self.batch, list.count)]))
        }
    }
}

/// Files of shards that the ledger has dropped.
package enum RemovedFiles {
    /// Deletes them durably, then removes them from the ledger.
    ///
    /// - Throws: `FileError` if one cannot be deleted, `LedgerError`.
    package static func unlink(_ cache: CacheFolder, _ ledger: Ledger) throws {
        let paths = try ledger.filesToRemove()
        for path in paths {
            let path = cache.folder + "/" + path
            for name in [path, ShardWriter.partial(path)] where Foundation.unlink(name) != 0 && errno != ENOENT {
                throw FileError(path: name, "cannot remove", code: errno)
            }
            CrashPoint.hit("prune.after-unlink")
        }
        if !paths.isEmpty { try FileOperations.system.syncFolder(cache.folder + "/shards") }
        try ledger.forgetRemovedFiles()
    }
}
