import Errors
import Foundation
import Ledger
import Models
import Wording

/// Checks every byte of a cache against its digests, and repairs what is damaged.
///
/// A repair changes files only after the ledger has dropped their rows, so a repair that is killed can simply be run
/// again.
package struct Verifier {
    /// What is wrong, and which clips it affects.
    package struct Finding: Sendable {
        package let what: String
        package let clips: [String]
        /// Whether a repair, with the run that follows, fixes all of it.
        package var isMended: Bool
    }

    /// What was checked, and what was found.
    package struct Report: Sendable {
        package var shards = 0
        package var results = 0
        package var bytes: Int64 = 0
        package var findings: [Finding] = []
        /// Results that a repair withdrew.
        package var repaired = 0
    }

    private let cache: CacheFolder

    package init(cache: CacheFolder) { self.cache = cache }

    /// - Parameter repair: whether to withdraw the results of damaged rows, so that the next run makes them again.
    ///   Locks the cache.
    /// - Throws: `LedgerError` or `CacheError` if the ledger cannot be read, or, in a repair, if nothing of it can be
    ///   saved.
    package func run(repair: Bool) throws -> Report {
        guard cache.exists else {
            _ = try cache.reading()
            return Report()
        }
        var status = stat()
        guard stat(cache.ledgerPath, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            throw CacheError(
                .badInput, path: cache.ledgerPath, "it is no regular file; move it away and run this again")
        }
        let lock = repair ? try CacheLock(folder: cache.folder) : nil
        defer { withExtendedLifetime(lock) {} }
        var report = Report()
        // Checked before the ledger is opened, because opening it for writing folds the log in.
        if let damage = LedgerLog.damage(beside: cache.ledgerPath) {
            report.findings.append(Finding(what: damage, clips: [], isMended: repair))
        }
        if repair { try mendLedger(&report) }
        let ledger = repair ? try Ledger(path: cache.ledgerPath) : try cache.reading()
        defer { if repair { try? ledger.close() } }
        try checkRows(ledger, repair: repair, &report)
        do {
            for record in try ledger.shards() {
                let check = ShardCheck(cache: cache, ledger: ledger, record: record)
                try check.run(repair: repair, &report)
            }
            try checkModels(ledger, &report)
            try checkIndex(ledger, repair: repair, &report)
        } catch let error as LedgerError where error.kind == .corrupt && !report.findings.isEmpty && !repair {
            // The ledger cannot be followed any further, and the reason has been found.
            report.findings.append(
                Finding(
                    what: "\(error.path): the shards were not all checked: \(error.message)", clips: [], isMended: false
                ))
        }
        try checkBackup(ledger, repair: repair, &report)
        checkJudgements(&report)
        return report
    }

    /// Makes the ledger sound: rows that do not match their checks are removed; if that is not enough, the sound parts
    /// of the file, its log and its copy go into a new one.
    private func mendLedger(_ report: inout Report) throws {
        guard !Ledger.isNewer(path: cache.ledgerPath) else { return }
        let faults = try mendInPlace(&report)
        guard !faults.isEmpty else { return }
        let saved = try Ledger.salvage(path: cache.ledgerPath, backup: cache.backupPath)
        let copied = saved.fromBackup > 0 ? ", \(saved.fromBackup) of them from its copy" : ""
        let lost =
            saved.ofLostFrontEnds > 0
            ? "; \(counted(saved.ofLostFrontEnds, "result")) of a front-end that is not known any more left out" : ""
        for fault in faults {
            report.findings.append(Finding(what: "\(cache.ledgerPath): \(fault)", clips: [], isMended: true))
        }
        report.findings.append(
            Finding(
                what: "\(cache.ledgerPath): made anew of its sound rows: \(saved.clips) clips, \(saved.results) "
                    + "results\(copied)\(lost); failures are forgotten, and their clips are tried again",
                clips: [], isMended: true))
    }

    /// - Returns: what cannot be mended in the file as it is; nothing if the file is now sound.
    private func mendInPlace(_ report: inout Report) throws -> [String] {
        var status = stat()
        guard stat(cache.ledgerPath, &status) == 0, status.st_size >= CacheFolder.smallest else {
            return ["it is not there, or empty"]
        }
        do {
            let ledger = try Ledger(path: cache.ledgerPath)
            defer { try? ledger.close() }
            let found = try ledger.verifyRows()
            if found.structure.isEmpty, found.rows.isEmpty { return [] }
            // Clips must be named now, while the rows that hold their names are still there.
            let findings = found.rows.map { finding($0, ledger, repair: true) }
            let count = found.rows.count
            if found.structure.isEmpty { try ledger.repair(found.rows) } else { try ledger.rebuildIndexes() }
            let left = try ledger.verifyRows()
            guard left.structure.isEmpty, left.rows.isEmpty else { return found.structure + findings.map(\.what) }
            report.findings += found.structure.map {
                Finding(what: "\(cache.ledgerPath): \($0)", clips: [], isMended: true)
            }
            report.findings += findings
            report.repaired += count
            return []
        } catch let error as LedgerError where [.busy, .shortage].contains(error.category) {
            throw error
        } catch {
            // A file that the disk cannot read, or that must not be written, is not damaged.
            try Ledger.readThrough(cache.ledgerPath)
            guard access(cache.ledgerPath, W_OK) == 0 else { throw error }
            return [(error as? any EarmarkError).map { $0.message } ?? "\(error)"]
        }
    }

    private func finding(_ row: RowDamage, _ ledger: Ledger, repair: Bool) -> Finding {
        Finding(
            what: "\(ledger.path): row \(row.key) of \(row.table) \(row.reason)",
            clips: row.clip.map { [(try? ledger.name(of: $0)) ?? "#\($0)"] } ?? [], isMended: repair)
    }

    /// In a repair, the individual rows are already sound by now.
    private func checkRows(_ ledger: Ledger, repair: Bool, _ report: inout Report) throws {
        if !repair {
            let (structure, rows) = try ledger.verifyRows()
            for line in structure {
                report.findings.append(Finding(what: "\(ledger.path): \(line)", clips: [], isMended: false))
            }
            report.findings += rows.map { finding($0, ledger, repair: false) }
        }
        let strays = try ledger.strayRows()
        report.findings += strays.map { finding($0, ledger, repair: repair) }
        guard repair, !strays.isEmpty else { return }
        try ledger.repair(strays)
        report.repaired += strays.count
    }

    /// Judgements are nobody's but their reviewers': a repair leaves them as they are.
    private func checkJudgements(_ report: inout Report) {
        do {
            let damage = try cache.judgements.contents().damage
            report.findings += damage.map { Finding(what: $0, clips: [], isMended: false) }
        } catch {
            report.findings.append(Finding(what: "\(error)", clips: [], isMended: false))
        }
    }

    /// Checks the copy against its own checks; a repair that changed the ledger makes the copy again.
    private func checkBackup(_ ledger: Ledger, repair: Bool, _ report: inout Report) throws {
        let isThere = access(cache.backupPath, F_OK) == 0
        if isThere, let fault = backupFault() {
            report.findings.append(
                Finding(what: "\(cache.backupPath): the copy of the ledger: \(fault)", clips: [], isMended: repair))
        }
        if repair, !isThere || !report.findings.isEmpty { try ledger.backUp(to: cache.backupPath) }
    }

    private func backupFault() -> String? {
        do {
            let (structure, rows) = try Ledger.reading(path: cache.backupPath).verifyRows()
            return structure.first ?? rows.first.map { "row \($0.key) of \($0.table) \($0.reason)" }
        } catch {
            return (error as? any EarmarkError).map { $0.message } ?? "\(error)"
        }
    }

    /// A model is not part of the cache, but scores are worth no more than the model that made them. A model that was
    /// moved away, or replaced by another sound one, does not count as damage.
    private func checkModels(_ ledger: Ledger, _ report: inout Report) throws {
        for (digest, path) in try ledger.models() where access(path, F_OK) == 0 {
            if (try? ModelDigest.ofScores(path)) == digest { continue }
            do {
                if ModelCard.isCard(path) {
                    try ModelCard(path: path).checkFiles()
                } else if HeadFile.isOne(path) {
                    try HeadFile.verify(path: path)
                } else {
                    try ModelFile.verify(path: path)
                }
            } catch {
                report.findings.append(
                    Finding(
                        what: "\(error); scores in this cache were made with it while it was sound", clips: [],
                        isMended: false))
            }
        }
    }

    private func checkIndex(_ ledger: Ledger, repair: Bool, _ report: inout Report) throws {
        // During a run, and after one that was killed, the table has not been written yet.
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
