import Cache
import Corpora
import Errors
import Files
import Foundation
import Ledger
import Pipeline
import Stages
import Tables
import Wording

/// Finds the plan of a job's parts, or makes it.
package struct PartPlanner: Sendable {
    /// What to do if there is no plan for the job yet.
    package enum Absent: Sendable {
        /// Make one. If all parts of the last plan were merged, `again` says whether the same job is planned once more, for
        /// clips that changed since.
        case make(again: Bool)
        /// It is an error: the plan was made on another machine, whose file system this one may not see.
        case refuse
    }

    /// How long to wait, in seconds, for another process that is making the plan.
    private static let patience = 3600.0
    /// Seconds between two looks.
    private static let pause: UInt32 = 500_000

    private let pipeline: LoadedPipeline
    private let manifest: Manifest
    private let folder: PartFolder
    private let job: PartPlan.Job

    package init(_ pipeline: LoadedPipeline, _ manifest: Manifest, cache: CacheFolder, parts: Int) {
        self.pipeline = pipeline
        self.manifest = manifest
        folder = PartFolder(cache)
        job = PartPlan.Job(pipeline.graph, manifest, parts: parts)
    }

    /// The plan that is there.
    ///
    /// - Returns: nil if there is none, or one of another job whose parts were all merged.
    /// - Throws: `CacheError` if there is a plan of another job with clips left to do, or it was written in what is the future
    ///   by this machine's clock; `FileError` if it cannot be read.
    package func current() throws -> PartPlan? {
        guard let plan = try PartPlan.read(folder.planPath) else { return nil }
        try ClockCheck.requirePast(folder.planPath)
        guard let difference = job.difference(from: plan.job) else { return plan }
        if plan.isFinished { return nil }
        throw CacheError(
            .badInput, path: folder.planPath,
            "it is the plan of another job, which is not merged yet: found \(difference). Go on with that job, merge what "
                + "it has (earmark merge --allow-missing), or remove \(folder.path) to give it up")
    }

    /// The plan of the job. If it has to be made, this holds the cache's lock meanwhile, so that of many processes that
    /// start at once only one reads the headers of the files, and only one opens the ledger.
    ///
    /// - Parameters:
    ///   - stop: gives up waiting when it is raised.
    ///   - wait: called once if another process has the cache, with its error.
    /// - Returns: nil if `stop` was raised first.
    /// - Throws: `CacheError` if the plan that is there is another job's; `LedgerError` of kind busy if another process
    ///   keeps the cache; `FileError` or `LedgerError` if something cannot be read or written.
    package func plan(_ absent: Absent, stop: StopSignal, wait: (LedgerError) -> Void = { _ in }) throws -> PartPlan? {
        let watch = Stopwatch()
        var hasTold = false
        while !stop.isRaised {
            if let plan = try current() {
                guard case .make(again: true) = absent, plan.isFinished else { return plan }
            }
            guard case .make = absent else {
                throw CacheError(
                    .badInput, path: folder.planPath,
                    "no plan of parts is here; does this machine see the file system on which it was made?")
            }
            do {
                let lock = try cacheLock()
                defer { withExtendedLifetime(lock) {} }
                try ClockCheck.require(in: folder.cache.folder)
                // Another process may have made it before this one got the lock.
                if let plan = try current() {
                    guard case .make(again: true) = absent, plan.isFinished else { return plan }
                }
                let plan = try make(stop)
                if stop.isRaised { return nil }
                try plan.write(folder.planPath)
                return plan
            } catch let error as LedgerError where error.kind == .busy && watch.seconds < Self.patience {
                if !hasTold { wait(error) }
                hasTold = true
                usleep(Self.pause)
            }
        }
        return nil
    }

    /// A plan that is not written anywhere, as `plan` would make it.
    ///
    /// - Throws: `TableError` if the clip of a channel has the name of another clip; `LedgerError` or `FileError` if something
    ///   cannot be read.
    package func make(_ stop: StopSignal = StopSignal()) throws -> PartPlan {
        let manifest = try manifest.countingChannels()
        let ledger = folder.cache.exists ? try folder.cache.reading() : nil
        let known = try Reconciler(manifest: manifest, graph: pipeline.graph, ledger: ledger)
        try ledger?.close()
        let plan = Plan(graph: pipeline.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
        let rows = plan.assignments.indices.filter { plan.assignments[$0] >= 0 }
        let lengths = ClipLengths(manifest, rows: rows, sizes: known.sizes, lengths: known.seconds) { stop.isRaised }
        let parts = PartBalance.assign(lengths.seconds, parts: job.parts)
        var partOfClip = [Int32](repeating: -1, count: manifest.count)
        for (row, part) in zip(rows, parts) { partOfClip[row] = part }
        return PartPlan(
            job: job, clipsOfRows: manifest.clipsOfRows, partOfClip: partOfClip, seconds: lengths.seconds,
            lengths: .init(known: lengths.known, fromHeaders: lengths.fromHeaders, fromSizes: lengths.fromSizes),
            merged: try earlierTags())
    }

    /// The tags of plans of this job whose parts were merged: a plan for the same clips again must not have the same tag.
    private func earlierTags() throws -> [String] {
        guard let plan = try PartPlan.read(folder.planPath) else { return [] }
        return plan.merged + [plan.tag]
    }

    private func cacheLock() throws -> CacheLock {
        try folder.cache.make()
        return try CacheLock(folder: folder.cache.folder)
    }
}
