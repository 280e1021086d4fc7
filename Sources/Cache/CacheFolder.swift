import Errors
import Files
import Foundation
import Ledger

/// A cache folder: `ledger.sqlite`, `lock`, the shards under `shards/`, and `judgements.sqlite` once something was judged.
package struct CacheFolder: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    package var ledgerPath: String { folder + "/ledger.sqlite" }
    /// A copy of the ledger as the last run left it. `verify --repair` uses it when the ledger is damaged or missing.
    package var backupPath: String { folder + "/ledger.backup.sqlite" }
    /// What reviewers judged. No run writes to it, and no prune or repair removes it.
    package var judgements: JudgementStore { JudgementStore(path: folder + "/judgements.sqlite") }
    package var indexPath: String { folder + "/shards/index.csv" }
    /// Total size of the ledger's file, its log and its copy.
    package var ledgerBytes: Int64 {
        [ledgerPath, ledgerPath + "-wal", backupPath].reduce(0) { $0 + Int64(FileSystem.status($1)?.st_size ?? 0) }
    }
    /// Whether there is a ledger or a copy of one.
    package var exists: Bool { hasLedger || access(backupPath, F_OK) == 0 }
    var hasLedger: Bool { access(ledgerPath, F_OK) == 0 }

    /// Creates the missing folders. Throws `FileError`.
    package func make() throws {
        try FileSystem.makeFolder(FileSystem.absolute(folder + "/shards"))
    }

    /// Opens the ledger for reading, even while a run is using it. Anything the user should know about how it is read
    /// goes to `notice`.
    ///
    /// - Throws: `CacheError` if there is no cache, `LedgerError` if its ledger cannot be read.
    package func reading() throws -> Ledger {
        try requireLedger()
        guard exists else {
            throw CacheError(
                .badInput, path: folder, "found no ledger.sqlite, expected a cache that 'earmark run' made")
        }
        let ledger = try Ledger.reading(path: ledgerPath)
        if let note = ledger.note { Self.notice(note) }
        return ledger
    }

    /// Prints something unusual that is not an error: a line on standard error.
    private static func notice(_ text: String) {
        // Best effort, and without `FileHandle`, which ends the process if standard error is full or closed.
        let line = Array("earmark: \(text)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// What a merge of parts has taken over belongs to no pipeline of the cache until its end, and would count as unused.
    ///
    /// - Throws: `CacheError` if a merge was interrupted and its parts are still there; `LedgerError` if the ledger cannot be
    ///   read.
    package func requireNoMerge(_ ledger: Ledger) throws {
        guard FileSystem.exists(folder + "/parts/plan.json"), try ledger.isTakingOver() else { return }
        throw CacheError(
            .badInput, path: folder,
            "a merge of parts was interrupted; run 'earmark merge' to its end first, or remove \(folder)/parts to give up "
                + "what is not merged")
    }

    /// SQLite treats a file smaller than its smallest page as an empty database.
    static let smallest = 512

    /// A run that started from scratch beside the copy of a lost ledger would make everything again.
    ///
    /// - Throws: `CacheError` if the ledger is missing or empty and there is a copy of it.
    package func requireLedger() throws {
        var status = stat()
        let isMissing = stat(ledgerPath, &status) != 0 || status.st_size < Self.smallest
        guard isMissing, access(backupPath, F_OK) == 0 else { return }
        throw CacheError(
            .badInput, path: ledgerPath,
            "it is \(hasLedger ? "empty or cut short" : "not there"), but a copy of it is: run 'earmark verify --repair'"
        )
    }
}

/// An error that concerns a cache as a whole.
package struct CacheError: EarmarkError {
    package let category: ErrorCategory
    package let path: String
    package let message: String

    package init(_ category: ErrorCategory, path: String, _ message: String) {
        self.category = category
        self.path = path
        self.message = message
    }

    package var place: ErrorPlace? { ErrorPlace(path) }
}
