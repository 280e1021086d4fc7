import Foundation
import Ledger
import Network
import Shards

/// Reads every byte of a cache against its digests, and takes back what is damaged.
///
/// What a repair does to files comes after the ledger has let go of their rows: a repair that is killed is one that can
/// be done again.
package struct Verifier {
    /// What is wrong, and which clips it touches.
    package struct Finding: Sendable {
        package let what: String
        package let clips: [String]
        /// True where a repair, with the run that follows, makes all of it good.
        package var isMended: Bool
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
        guard cache.exists else {
            _ = try cache.reading()
            return Report()
        }
        let lock = repair ? try CacheLock(folder: cache.folder) : nil
        defer { withExtendedLifetime(lock) {} }
        var report = Report()
        // Looked at before the ledger is opened: opening it for writing folds the log in.
        if let damage = LedgerLog.damage(beside: cache.ledgerPath) {
            report.findings.append(Finding(what: damage, clips: [], isMended: repair))
        }
        if repair { try salvageLedger(&report) }
        let ledger = repair ? try Ledger(path: cache.ledgerPath) : try cache.reading()
        defer { if repair { try? ledger.close() } }
        try checkRows(ledger, repair: repair, &report)
        for record in try ledger.shards() {
            let check = ShardCheck(cache: cache, ledger: ledger, record: record)
            try check.run(repair: repair, &report)
        }
        try checkModels(ledger, &report)
        try checkIndex(ledger, repair: repair, &report)
        return report
    }

    /// Saves what can be read of a ledger whose pages are damaged, where that is so.
    private func salvageLedger(_ report: inout Report) throws {
        var found: [String] = []
        do {
            let ledger = try Ledger(path: cache.ledgerPath)
            defer { try? ledger.close() }
            found = try ledger.verifyRows().structure
            if !found.isEmpty {
                try ledger.rebuildIndexes()
                if try ledger.verifyRows().structure.isEmpty {
                    report.findings += found.map {
                        Finding(what: "\(cache.ledgerPath): \($0)", clips: [], isMended: true)
                    }
                    return
                }
            }
        } catch let error as LedgerError where error.kind == .corrupt {
            found = [error.message]
        }
        guard !found.isEmpty else { return }
        try Ledger.salvage(path: cache.ledgerPath)
        report.findings += found.map { Finding(what: "\(cache.ledgerPath): \($0)", clips: [], isMended: true) }
    }

    private func checkRows(_ ledger: Ledger, repair: Bool, _ report: inout Report) throws {
        let (structure, rows) = try ledger.verifyRows()
        for line in structure {
            report.findings.append(Finding(what: "\(ledger.path): \(line)", clips: [], isMended: false))
        }
        for row in rows {
            report.findings.append(
                Finding(
                    what: "\(ledger.path): row \(row.key) of \(row.table) is not what was written",
                    clips: row.clip.map { [(try? ledger.name(of: $0)) ?? "#\($0)"] } ?? [], isMended: repair))
        }
        guard repair, !rows.isEmpty else { return }
        try ledger.repair(rows)
        report.repaired += rows.count
    }

    /// A model is not part of the cache, but scores are worth no more than it. One that was replaced by another sound
    /// one, or moved away, is no damage.
    private func checkModels(_ ledger: Ledger, _ report: inout Report) throws {
        for (digest, path) in try ledger.models() where access(path, F_OK) == 0 {
            if (try? ModelDigest.ofFile(path)) == digest { continue }
            do {
                _ = try Model.load(path: path)
            } catch {
                report.findings.append(
                    Finding(
                        what: "\(error); scores in this cache were made with it while it was sound", clips: [],
                        isMended: false))
            }
        }
    }

    private func checkIndex(_ ledger: Ledger, repair: Bool, _ report: inout Report) throws {
        // During a run, and after one that was killed, the table is still to be written.
        let outcome = try ledger.lastRun()?.outcome
        guard outcome == "complete" || outcome == "interrupted" else { return }
        let isDamaged = try !ledger.pipelines().isEmpty && !ShardIndex.isCurrent(cache: cache, ledger: ledger)
        if isDamaged, try ledger.meta("index") != nil || repair {
            report.findings.append(
                Finding(what: "\(cache.indexPath): is not what was written", clips: [], isMended: repair))
        }
        if repair, isDamaged || report.repaired > 0 { try ShardIndex.write(cache: cache, ledger: ledger) }
    }
}
