import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Stages

/// Estimates how long a plan's work takes and how much disk space it needs, without writing anything.
///
/// The speed is that of earlier runs on the cache that did exactly the same work. If there are none, or they processed
/// too little audio, a few clips are tried. The space needs no trial: the pipeline determines how many rows there are
/// per second of audio and how large they are.
package struct WorkEstimator {
    /// How many of the latest runs a speed is taken from.
    private static let runsCounted = 8
    /// Seconds of audio that these runs must have processed together: a shorter time says more about how a run starts
    /// and ends. Less is accepted if clips may not be tried.
    private static let leastAudio = 60.0
    /// Time limits in seconds for reading headers and for trying clips, each for all routes together.
    private static let headerTime = 1.0
    private static let probeTime = 2.0
    /// Largest file to try, in bytes, if there are smaller ones.
    private static let longestTried: Int64 = 32 << 20
    /// How many routes are tried, those with the most audio first.
    private static let routesTried = 2

    private let pipeline: LoadedPipeline
    private let manifest: Manifest
    private let cache: CacheFolder
    private let ledger: Ledger?
    private let workers: Int

    /// - Parameters:
    ///   - ledger: nil if there is no cache yet.
    ///   - workers: number of workers of the run to estimate.
    package init(pipeline: LoadedPipeline, manifest: Manifest, cache: CacheFolder, ledger: Ledger?, workers: Int) {
        self.pipeline = pipeline
        self.manifest = manifest
        self.cache = cache
        self.ledger = ledger
        self.workers = workers
    }

    /// Estimates the work of a plan.
    ///
    /// - Parameters:
    ///   - known: the facts that the plan was made from.
    ///   - probes: whether files may be opened and clips tried.
    /// - Throws: `LedgerError` if the ledger is damaged or cannot be read.
    package func estimate(_ plan: Plan, known: Reconciler, probes: Bool) throws -> WorkEstimate {
        var estimate = WorkEstimate(workers: workers)
        estimate.free = freeBytes()
        guard plan.pending > 0 else {
            (estimate.audio, estimate.seconds, estimate.bytes) = (0, 0, 0)
            return estimate
        }
        let watch = Stopwatch()
        let audio = PendingAudio(plan: plan, manifest: manifest, known: known, readsHeaders: probes) {
            watch.seconds > Self.headerTime
        }
        estimate.lengths = audio.lengths
        estimate.audio = audio.total
        let speeds = try speeds(plan, audio, known, probes: probes, &estimate)
        guard audio.total != nil else { return estimate }
        estimate.bytes = bytes(plan, audio)
        if let slowest = speeds.compactMap(\.self).min() {
            estimate.seconds = zip(audio.seconds, speeds).reduce(0) {
                $0 + $1.0 / (($1.1 ?? slowest) * Double(workers))
            }
        }
        return estimate
    }

    /// Seconds of audio that one worker processes per second, by route; nil if unknown.
    private func speeds(
        _ plan: Plan, _ audio: PendingAudio, _ known: Reconciler, probes: Bool, _ estimate: inout WorkEstimate
    ) throws -> [Double?] {
        var speeds = [Double?](repeating: nil, count: plan.routes.count)
        let order = plan.routes.indices.sorted {
            (audio.seconds[$0], plan.clipsPerRoute[$0]) > (audio.seconds[$1], plan.clipsPerRoute[$1])
        }
        var probed = 0
        for route in order {
            let past = try past(plan.work(of: plan.routes[route]))
            if let past, past.audio >= Self.leastAudio || !probes {
                speeds[route] = past.audio / past.seconds
                estimate.bases.append(.runs(past.runs))
                continue
            }
            guard probes, probed < Self.routesTried else { continue }
            probed += 1
            let probe = WorkProbe(pipeline: pipeline, manifest: manifest, cache: cache, ledger: ledger)
            let found = probe.run(
                plan, route: plan.routes[route], rows: tried(plan, route: route, known), ids: known.ids,
                seconds: Self.probeTime / Double(Self.routesTried))
            guard let found else { continue }
            speeds[route] = found.audio / found.seconds
            estimate.bases.append(.probe(clips: found.clips, seconds: found.seconds))
        }
        return speeds
    }

    /// The manifest rows of the clips to try for a route: spread over it, and none of the largest files if there are
    /// smaller ones, because each is read completely for its digest before it is decoded.
    private func tried(_ plan: Plan, route: Int, _ known: Reconciler) -> [Int] {
        let rows = plan.assignments.indices.filter { plan.assignments[$0] == Int32(route) }
        let sampled = PendingAudio.spread(rows, 8 * WorkProbe.clipsTried).sorted {
            (known.sizes[$0], $0) < (known.sizes[$1], $1)
        }
        let short = sampled.filter { known.sizes[$0] <= Self.longestTried }
        return PendingAudio.spread(short.isEmpty ? Array(sampled.prefix(1)) : short, WorkProbe.clipsTried)
    }

    /// Earlier runs with the same work: how many there are, the seconds of audio that they processed, and the seconds
    /// that their workers took together. nil if there are none.
    private func past(_ work: String) throws -> (runs: Int, audio: Double, seconds: Double)? {
        guard let runs = try ledger?.measuredRuns(work: work, limit: Self.runsCounted), !runs.isEmpty else {
            return nil
        }
        return runs.reduce(into: (runs: 0, audio: 0, seconds: 0)) { sum, run in
            guard let audio = run.audio, let finished = run.finished else { return }
            sum.runs += 1
            sum.audio += audio
            sum.seconds += (finished - run.started) * Double(run.workers)
        }
    }

    /// Bytes of the rows that the plan's routes store in the cache.
    private func bytes(_ plan: Plan, _ audio: PendingAudio) -> Int64 {
        var bytes = 0.0
        for (place, route) in plan.routes.enumerated() {
            for node in plan.graph.nodes where route.isTarget(node.index) {
                guard let size = pipeline.storage(of: node) else { continue }
                bytes += audio.seconds[place] * size.perSecond + Double(plan.clipsPerRoute[place]) * size.perClip
            }
        }
        return Int64(bytes.rounded())
    }

    /// Bytes free for this user on the disk of the cache, or of the folder in which it would be created; nil if
    /// unknown.
    private func freeBytes() -> Int64? {
        var folder = FileSystem.absolute(cache.folder)
        var status = statvfs()
        while statvfs(folder, &status) != 0 {
            if folder == "/" { return nil }
            folder = FileSystem.folder(of: folder)
        }
        let (free, overflow) = Int64(status.f_bavail).multipliedReportingOverflow(by: Int64(status.f_frsize))
        return overflow ? nil : free
    }
}
