import Cache
import Foundation
import Ledger

/// The progress of a run on the cache, from the same facts as `earmark status` reports.
struct RunProgress: Encodable {
    let running: Bool
    var pipeline: String?
    /// When the run started, in ISO 8601.
    var started: String?
    var clips: Int?
    var done: Int?
    var failed: Int?
    var pending: Int?

    /// Checks whether a process holds the cache, and counts clips only if one does.
    ///
    /// - Throws: `CacheError`, `LedgerError`.
    init(_ cache: CacheFolder) throws {
        guard case .held = CacheLock.state(folder: cache.folder) else {
            running = false
            return
        }
        let ledger = try cache.reading()
        let (run, counts) = try ledger.consistently { () -> (RunRecord?, ClipCounts?) in
            let run = try ledger.lastRun()
            let pipeline = try run.flatMap { run in try ledger.pipelines().first { $0.name == run.pipeline } }
            return (run, try pipeline.map { try ledger.counts(for: $0) })
        }
        // The process that holds the lock may be pruning or repairing rather than running.
        guard let run, run.outcome == nil else {
            running = false
            return
        }
        running = true
        pipeline = run.pipeline
        started = Date(timeIntervalSince1970: run.started).formatted(.iso8601)
        (clips, done, failed, pending) = (counts?.clips, counts?.done, counts?.failed, counts?.pending)
    }
}
