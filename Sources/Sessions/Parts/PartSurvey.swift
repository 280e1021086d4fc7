import Cache
import Corpora
import Errors
import Files
import Foundation
import Ledger
import Pipeline
import Stages
import Wording

/// What a part of a plan has, found under the part's lock, and whether it can be trusted.
struct PartSurvey {
    /// Clips of the part's plan that are neither done nor failed, as rows of the manifest.
    private(set) var missing: [Int32]
    /// The part's cache; nil if there is none.
    private(set) var folder: CacheFolder?
    /// Whether the part's cache has a ledger, and so anything to take over.
    private(set) var hasLedger = false
    /// Names of the clips as they stand in the part's ledger, by its ids: the rows of the manifest.
    private(set) var rowOfClip: [Int64: Int32] = [:]
    private let lock: CacheLock?

    /// Looks at a part. Keeps the part's lock for as long as this value lives, so that nobody works on it meanwhile.
    ///
    /// - Parameters:
    ///   - rows: the manifest's rows that the plan gives the part.
    ///   - target: the merged cache, beside whose ledger the shards of a part that was taken over before may be already.
    /// - Throws: `LedgerError` of kind busy if a process works on the part; `CacheError` if it was computed from something
    ///   else than the plan says or where the clock is ahead, its ledger is damaged, or a shard is not as long as it must be;
    ///   `LedgerError` and `FileError` if it cannot be read.
    init(
        _ part: Int, plan: PartPlan, rows: [Int32], manifest: Manifest, graph: Graph, target: CacheFolder
    ) throws {
        let cache = PartFolder(target).part(part, of: plan.job.parts)
        missing = rows
        guard FileSystem.kind(cache.folder) == .folder else {
            lock = nil
            return
        }
        lock = try Self.lock(part, cache)
        folder = cache
        guard cache.exists else { return }
        try cache.requireLedger()
        guard let state = try PartState.read(cache) else {
            throw CacheError(
                .badInput, path: cache.folder,
                "it has a ledger but no part.json, expected the cache of part \(part); remove it to do the part anew")
        }
        try state.require(plan, in: cache)
        try ClockCheck.requirePast(state, in: cache)
        // Opened for writing: a process that was killed left a log, which only a writer may fold in.
        let ledger = try Ledger(path: cache.ledgerPath)
        defer { try? ledger.close() }
        hasLedger = true
        try requireSound(ledger, cache)
        let names = try clips(ledger, rows, manifest, cache)
        guard let record = try record(ledger, graph, plan, cache) else { return }
        var isMissing = [Bool](repeating: true, count: rows.count)
        for clip in try ledger.doneClips(of: record) { if let place = names[clip] { isMissing[place] = false } }
        for failure in try ledger.failures(of: record) {
            if let place = names[failure.clip] { isMissing[place] = false }
        }
        missing = rows.indices.filter { isMissing[$0] }.map { rows[$0] }
        try requireShards(ledger, cache, target)
    }

    /// Removes what only ever was in the part's folder.
    ///
    /// - Throws: `FileError`.
    func remove() throws { if let folder { try PartFolder.discard(folder) } }

    private static func lock(_ part: Int, _ cache: CacheFolder) throws -> CacheLock {
        do {
            return try CacheLock(folder: cache.folder)
        } catch {
            guard error.kind == .busy else { throw error }
            throw LedgerError(
                .busy, path: cache.folder, "part \(part) is still being written, so nothing is merged: \(error.message)"
            )
        }
    }

    /// The place in `rows` of each clip of the part's ledger, by id.
    private mutating func clips(
        _ ledger: Ledger, _ rows: [Int32], _ manifest: Manifest, _ cache: CacheFolder
    ) throws -> [Int64: Int] {
        var places: [Int64: Int] = [:]
        var next = 0
        try ledger.forEachClip { clip in
            guard next < rows.count, manifest.clip(Int(rows[next])).utf8.elementsEqual(clip.name.utf8) else {
                throw CacheError(
                    .badInput, path: cache.ledgerPath,
                    "found the clip '\(clip.name)' at place \(next + 1), expected "
                        + (next < rows.count ? "'\(manifest.clip(Int(rows[next])))'" : "\(rows.count) clips")
                        + " as in the plan; remove \(cache.folder) to do the part anew")
            }
            places[clip.id] = next
            rowOfClip[clip.id] = rows[next]
            next += 1
        }
        guard next == 0 || next == rows.count else {
            throw CacheError(
                .badInput, path: cache.ledgerPath,
                "found \(counted(next, "clip")), expected \(rows.count) as in the plan; remove \(cache.folder) to do the "
                    + "part anew")
        }
        return places
    }

    /// Checks the ledger's structure and every row. Without this, damage could come to light when other parts have been taken
    /// over already.
    private func requireSound(_ ledger: Ledger, _ cache: CacheFolder) throws {
        let found = try ledger.verifyRows()
        let strays = try ledger.strayRows()
        guard
            let first = found.structure.first
                ?? (found.rows + strays).first.map({ "row \($0.key) of \($0.table): \($0.reason)" })
        else { return }
        throw CacheError(
            .badInput, path: cache.ledgerPath,
            "the part's ledger is damaged: \(first); run 'earmark verify --repair --cache \(cache.folder)' and do the part "
                + "again")
    }

    /// The job's pipeline as the part ran it; nil if it did not get that far.
    private func record(
        _ ledger: Ledger, _ graph: Graph, _ plan: PartPlan, _ cache: CacheFolder
    ) throws -> PipelineRecord? {
        let pipelines = try ledger.pipelines()
        if let other = pipelines.first(where: { $0.fingerprint != plan.job.fingerprint }) {
            throw CacheError(
                .badInput, path: cache.ledgerPath,
                "pipeline '\(other.name)' ran on this part as well, with other settings; remove \(cache.folder) to do the "
                    + "part anew")
        }
        return pipelines.first { $0.name == graph.name }
    }

    /// Every sealed shard must be there and whole, in the part's cache or already beside the merged ledger.
    private func requireShards(_ ledger: Ledger, _ cache: CacheFolder, _ target: CacheFolder) throws {
        for shard in try ledger.shards() where shard.isSealed {
            let sizes = [cache, target].map {
                FileSystem.status($0.folder + "/" + shard.path).map { Int64($0.st_size) }
            }
            guard let found = sizes.compactMap(\.self).first else {
                throw CacheError(
                    .badInput, path: cache.folder + "/" + shard.path,
                    "the shard is gone; run 'earmark verify --repair --cache \(cache.folder)' and do the part again")
            }
            guard found == shard.bytes else {
                throw CacheError(
                    .badInput, path: cache.folder + "/" + shard.path,
                    "found \(found) bytes, expected \(shard.bytes); run 'earmark verify --repair --cache \(cache.folder)' "
                        + "and do the part again")
            }
        }
    }
}
