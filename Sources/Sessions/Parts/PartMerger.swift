import Cache
import Corpora
import Errors
import Files
import Foundation
import Ledger
import Pipeline
import Stages
import Wording

/// Makes one cache of a plan's parts.
///
/// First every part is looked at, under its lock; what cannot be trusted ends the merge before anything is changed. Then
/// the parts are taken over, many at a time: their shards get a second name in the cache, then one transaction of the cache's
/// ledger makes them the cache's own. Only when all parts are in the ledger does a plan of what is left take the old one's
/// place, and only then are the parts removed. So a merge that is killed at any point can be run again, and loses nothing.
package struct PartMerger {
    /// A part that lacks clips.
    package struct Hole: Sendable, Equatable {
        package let part: Int
        /// Names of the first clips that it lacks.
        package let named: [String]
        /// How many it lacks.
        package let count: Int
        /// Whether the part has no ledger at all.
        package let isAbsent: Bool
    }

    /// The outcome of a merge.
    package struct Report: Sendable {
        /// What is missing, part by part.
        package var holes: [Hole] = []
        /// Whether the cache was changed: false if there are holes that were not allowed, or nothing was left to merge.
        package var hasMerged = false
        /// Parts taken over, by this merge and by one that was killed before.
        package var parts = 0
        package var taken = TakenOver()
        /// Judgements that reviewers had made in the parts.
        package var judgements = 0
        /// The state of the manifest's clips after the merge.
        package var counts: ClipCounts?
        package var notes: [String] = []
        /// The runs of the parts that were taken over.
        fileprivate var runs: [RunRecord] = []

        package init() {}

        /// Clips that are neither done nor failed.
        package var missing: Int { holes.reduce(0) { $0 + $1.count } }
    }

    /// How many clips of a hole are named.
    private static let named = 10

    /// How many parts are taken over in one transaction, so that their ledgers are open at the same time: each takes up to
    /// three descriptors. One by one, every page of the merged ledger would be written once a part.
    private let together: Int
    private let pipeline: LoadedPipeline
    private let manifest: Manifest
    private let plan: PartPlan
    private let folder: PartFolder
    private let lock: CacheLock

    private var cache: CacheFolder { folder.cache }

    /// Claims the cache for this process.
    ///
    /// - Parameter together: how many parts are taken over in one transaction. The merged cache is the same for any number.
    /// - Throws: `LedgerError` of kind busy if another process has the cache; `CacheError` if there is no plan, it is another
    ///   job's, or this machine's clock is not that of the file system; `FileError` or `LedgerError` if something cannot be
    ///   read or made.
    package init(
        _ pipeline: LoadedPipeline, _ manifest: Manifest, cache: CacheFolder, parts: Int, together: Int = 128
    ) throws {
        self.pipeline = pipeline
        self.together = max(together, 1)
        folder = PartFolder(cache)
        guard let plan = try PartPlanner(pipeline, manifest, cache: cache, parts: parts).current() else {
            throw CacheError(
                .badInput, path: folder.planPath,
                "no plan of parts is here for this job, expected one that 'earmark work' or 'earmark submit' made")
        }
        self.plan = plan
        self.manifest = try plan.clips(of: manifest)
        try cache.make()
        lock = try CacheLock(folder: cache.folder)
        try ClockCheck.require(in: cache.folder)
        try cache.requireLedger()
    }

    /// Merges the parts.
    ///
    /// - Parameters:
    ///   - allowsMissing: whether to merge what is there although clips are missing.
    ///   - stop: checked between parts; raised, it ends the merge, and the same merge goes on later.
    ///   - progress: called with the number of parts merged so far.
    /// - Returns: nil if `stop` was raised before the end.
    /// - Throws: what `PartSurvey` throws, nothing being merged then; `LedgerError` or `FileError` if something cannot be
    ///   written.
    package func run(
        allowsMissing: Bool, stop: StopSignal = StopSignal(), progress: (Int) -> Void = { _ in }
    ) throws -> Report? {
        try folder.removeMerged(plan)
        let ledger = try Ledger(path: cache.ledgerPath) { CrashPoint.hit($0) }
        defer { try? ledger.close() }
        var report = Report()
        if plan.isFinished {
            try ledger.forgetTakenOver()
            report.counts = try counts(ledger)
            return report
        }
        let rows = plan.rowsOfParts()
        var surveys: [PartSurvey] = []
        for part in rows.indices {
            if stop.isRaised { return nil }
            surveys.append(
                try PartSurvey(
                    part, plan: plan, rows: rows[part], manifest: manifest, graph: pipeline.graph, target: cache))
        }
        let missing = try missing(surveys, ledger)
        report.holes = missing.enumerated().filter { !$1.isEmpty }.map { part, rows in
            Hole(
                part: part, named: rows.prefix(Self.named).map { manifest.clip(Int($0)) }, count: rows.count,
                isAbsent: !surveys[part].hasLedger)
        }
        guard report.holes.isEmpty || allowsMissing else { return report }
        guard let pipeline = try takeOver(surveys, ledger, stop, &report, progress) else { return nil }
        if let pipeline {
            try ledger.put(pipeline)
            try record(pipeline, missing, ledger, report)
        }
        try conclude(surveys, missing, ledger, &report)
        return report
    }

    /// What each part lacks, apart from clips that an earlier merge, or a run on the cache itself, has done.
    private func missing(_ surveys: [PartSurvey], _ ledger: Ledger) throws -> [[Int32]] {
        guard surveys.contains(where: { !$0.missing.isEmpty }),
            let record = try ledger.pipelines().first(where: { $0.fingerprint == plan.job.fingerprint })
        else { return surveys.map(\.missing) }
        var accounted = try Set(ledger.doneClips(of: record))
        accounted.formUnion(try ledger.failures(of: record).map(\.clip))
        var rows: Set<Int32> = []
        try ledger.forEachKnownClip { id, name in
            if accounted.contains(id), let row = manifest.row(of: name) { rows.insert(Int32(row)) }
        }
        return surveys.map { $0.missing.filter { !rows.contains($0) } }
    }

    /// - Returns: the pipeline as the part that began last ran it, which is nil if none did; nil if it was stopped.
    private func takeOver(
        _ surveys: [PartSurvey], _ ledger: Ledger, _ stop: StopSignal, _ report: inout Report, _ progress: (Int) -> Void
    ) throws -> PipelineRecord?? {
        var latest: PipelineRecord?
        try ledger.beginTakingOver()
        try ledger.adopt(manifest: manifest.ledgerDigest, count: manifest.count) { manifest.ledgerRow($0) }
        let ids = try ledger.clipIDs()
        var rest = surveys.indices.filter { surveys[$0].hasLedger }[...]
        while !rest.isEmpty {
            if stop.isRaised { return .none }
            var opened: [(part: CacheFolder, ledger: Ledger)] = []
            defer { for other in opened { try? other.ledger.close() } }
            var others: [LedgerToTakeOver] = []
            for number in rest.prefix(together) {
                guard let part = surveys[number].folder else { continue }
                let other = try Ledger(path: part.ledgerPath)
                opened.append((part, other))
                // A part that did more since a merge was killed has run since, and one that was done anew has other runs.
                let runs = try other.allRuns()
                report.runs += runs
                let mark = "\(plan.tag)-\(number)-\(runs.last?.id ?? 0)-\(runs.last?.started ?? 0)"
                guard try !ledger.hasTakenOver(mark) else { continue }
                try ShardPool.sealAll(cache: part.folder, ledger: other)
                try link(other.shards(), from: part, ledger)
                CrashPoint.hit("merge.after-links")
                others.append(
                    LedgerToTakeOver(
                        other, clips: surveys[number].rowOfClip.mapValues { ids[Int($0)] }, mark: mark))
            }
            if !others.isEmpty { for taken in try ledger.takeOver(others) { report.taken.add(taken) } }
            for (part, other) in opened {
                for pipeline in try ledger.pipelines(of: other) where pipeline.updated > latest?.updated ?? 0 {
                    latest = pipeline
                }
                let judgements = try part.judgements.contents()
                report.notes += judgements.damage
                report.judgements += try cache.judgements.takeOver(judgements.rows)
                report.parts += 1
                progress(report.parts)
            }
            rest = rest.dropFirst(together)
        }
        return .some(latest)
    }

    /// Records what all parts came to, as the last run: else the last of the parts' own runs would stand for all of them.
    private func record(
        _ pipeline: PipelineRecord, _ missing: [[Int32]], _ ledger: Ledger, _ report: Report
    ) throws {
        let ids = try ledger.clipIDs()
        let hasFailed = try Set(ledger.failures(of: pipeline).map(\.clip))
        let failed = plan.partOfClip.indices.count { plan.partOfClip[$0] >= 0 && hasFailed.contains(ids[$0]) }
        let lacking = missing.reduce(0) { $0 + $1.count }
        try ledger.recordMerge(
            pipeline: pipeline.name, parts: report.parts, plan: plan.tag, done: plan.clips - lacking - failed,
            failed: failed, runs: report.runs)
    }

    /// Gives a part's shards a name in the cache, durably. On a file system without hard links they are renamed.
    private func link(_ shards: [ShardRecord], from part: CacheFolder, _ ledger: Ledger) throws {
        for shard in shards {
            let (old, new) = (part.folder + "/" + shard.path, cache.folder + "/" + shard.path)
            guard let source = FileSystem.status(old) else {
                // Renamed by a merge that was killed; the survey has seen that the file is whole.
                continue
            }
            if let there = FileSystem.status(new) {
                if there.st_ino == source.st_ino, there.st_dev == source.st_dev { continue }
                // Of a part that was done anew after a merge was killed: no row of the ledger refers to the old file.
                unlink(new)
            }
            guard Foundation.link(old, new) != 0 else { continue }
            let code = errno
            guard [EPERM, EXDEV, EMLINK, ENOTSUP, ENOSYS].contains(code) else {
                throw FileError(path: new, "cannot link", code: code)
            }
            guard rename(old, new) == 0 else {
                throw FileError(path: old, "cannot rename to \(new)", code: errno)
            }
        }
        if !shards.isEmpty { try FileOperations.system.syncFolder(cache.folder + "/shards") }
    }

    /// Writes what depends on all parts, then gives the parts up.
    private func conclude(
        _ surveys: [PartSurvey], _ missing: [[Int32]], _ ledger: Ledger, _ report: inout Report
    ) throws {
        try ShardIndex.write(cache: cache, ledger: ledger)
        do { try ledger.backUp(to: cache.backupPath) } catch {
            report.notes.append("no copy of the ledger was made: \(error)")
        }
        report.counts = try counts(ledger)
        report.hasMerged = true
        CrashPoint.hit("merge.before-plan")
        let left = plan.left(Set(missing.joined()))
        try left.write(folder.planPath)
        CrashPoint.hit("merge.after-plan")
        for survey in surveys {
            try survey.remove()
            CrashPoint.hit("merge.after-removal")
        }
        try ledger.forgetTakenOver()
    }

    private func counts(_ ledger: Ledger) throws -> ClipCounts? {
        try ledger.pipelines().first { $0.fingerprint == plan.job.fingerprint }.map { try ledger.counts(for: $0) }
    }
}

extension TakenOver {
    /// Adds up what several parts brought.
    fileprivate mutating func add(_ other: TakenOver) {
        clips += other.clips
        results += other.results
        failures += other.failures
        shards += other.shards
        runs += other.runs
    }
}
