import Foundation
import Ledger
import Shards

/// Reads every byte of a cache against its digests.
package struct Verifier {
    /// What is wrong, and which clips it touches.
    package struct Finding: Sendable {
        package let what: String
        package let clips: [String]
    }

    package struct Report: Sendable {
        package var shards = 0
        package var results = 0
        package var bytes: Int64 = 0
        package var findings: [Finding] = []
        /// Results that were taken back by a repair.
        package var repaired = 0
    }

    private let cache: Cache

    package init(cache: Cache) { self.cache = cache }

    /// - Parameter repair: takes the results of damaged rows back, so that the next run makes them anew. Takes the
    ///   cache's lock.
    package func run(repair: Bool) throws -> Report {
        let lock = repair ? try CacheLock(folder: cache.folder) : nil
        defer { withExtendedLifetime(lock) {} }
        let ledger = repair ? try Ledger(path: cache.ledgerPath) : try cache.reading()
        var report = Report()
        var bad: [(clip: Int64, stage: Int64)] = []
        let names = try clipNames(ledger)
        let (structure, rows) = try ledger.verifyRows()
        for line in structure { report.findings.append(Finding(what: "\(ledger.path): \(line)", clips: [])) }
        for row in rows {
            report.findings.append(
                Finding(
                    what: "\(ledger.path): row \(row.key) of \(row.table) is not what was written",
                    clips: row.clip.map { [names[$0] ?? "#\($0)"] } ?? []))
            if let clip = row.clip, row.table != "clips" {
                for stage in try ledger.stages() where row.stage == nil || row.stage == stage.id {
                    bad.append((clip, stage.id))
                }
            }
        }
        for record in try ledger.shards() {
            try check(record, ledger, names, &report, &bad)
        }
        if repair, !bad.isEmpty {
            try ledger.deleteResults(bad)
            report.repaired = bad.count
        }
        return report
    }

    private func check(
        _ record: ShardRecord, _ ledger: Ledger, _ names: [Int64: String], _ report: inout Report,
        _ bad: inout [(clip: Int64, stage: Int64)]
    ) throws {
        report.shards += 1
        var touched: [String] = []
        var damaged: [(clip: Int64, stage: Int64)] = []
        var whole: String?
        do {
            let path = cache.folder + "/" + record.path
            let isSealed = access(path, F_OK) == 0
            let shard =
                isSealed
                ? try MappedShard(path: path)
                : try MappedShard(
                    path: ShardWriter.partial(path), rowsOfPartial: try ledger.committedRows(shard: record.id))
            try ledger.forEachResult(shard: record.id) { result in
                report.results += 1
                let digest = try? shard.digest(Int(result.firstRow), Int(result.rowCount))
                report.bytes += result.rowCount * Int64(shard.header.rowSize)
                if digest?.description != result.digest {
                    touched.append(names[result.clip] ?? "#\(result.clip)")
                    damaged.append((result.clip, result.stage))
                }
            }
            if record.isSealed, try Checksum.ofFile(path).description != record.digest, damaged.isEmpty {
                whole = "\(record.path): bytes outside the clips' rows (its header, or rows of no clip) have changed"
            }
        } catch let error as ShardError {
            whole = "\(error)"
            try ledger.forEachResult(shard: record.id) { result in
                touched.append(names[result.clip] ?? "#\(result.clip)")
                damaged.append((result.clip, result.stage))
            }
        }
        if let whole {
            report.findings.append(Finding(what: whole, clips: touched))
        } else if !damaged.isEmpty {
            report.findings.append(
                Finding(what: "\(record.path): rows of \(damaged.count) clips are not what was written", clips: touched)
            )
        }
        bad += damaged
    }

    private func clipNames(_ ledger: Ledger) throws -> [Int64: String] {
        var names: [Int64: String] = [:]
        try ledger.forEachKnownClip { names[$0] = $1 }
        return names
    }
}
