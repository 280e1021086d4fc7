import Files
import Foundation
import Ledger

/// A cache folder: `ledger.sqlite`, `lock` and the shards under `shards/`.
package struct CacheFolder: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    package var ledgerPath: String { folder + "/ledger.sqlite" }
    /// A copy of the ledger as the last run left it, which `verify --repair` takes where the ledger is damaged or missing.
    package var backupPath: String { folder + "/ledger.backup.sqlite" }
    package var indexPath: String { folder + "/shards/index.csv" }
    /// Whether there is a ledger or a copy of one.
    package var exists: Bool { hasLedger || access(backupPath, F_OK) == 0 }
    var hasLedger: Bool { access(ledgerPath, F_OK) == 0 }

    /// Makes the folders where they are missing. Throws `FileError`.
    package func make() throws {
        try FileSystem.makeFolder(FileSystem.absolute(folder + "/shards"))
    }

    /// The ledger for reading, beside a run that may be going on. What the user should know of how it is read goes to
    /// `notice`.
    ///
    /// - Throws: `CacheError` where there is no cache, `LedgerError` where its ledger cannot be read.
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

    /// Told what is no error and still not as usual: a line on standard error.
    private static func notice(_ text: String) {
        // Best effort, with no `FileHandle`: that ends the process where standard error is full or closed.
        let line = Array("earmark: \(text)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// SQLite takes a file of fewer bytes than its smallest page for an empty database.
    static let smallest = 512

    /// A run that began anew beside the copy of a lost ledger would make everything again.
    ///
    /// - Throws: `CacheError` where the ledger is missing or empty and a copy of it is there.
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

/// A fault of a cache as a whole.
package struct CacheError: Error, CustomStringConvertible {
    package enum Kind: Sendable { case badInput, inputOutput, usage }

    package let kind: Kind
    package let path: String
    package let message: String

    package init(_ kind: Kind, path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
