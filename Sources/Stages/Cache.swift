import Corpus
import Foundation
import Ledger
import Pipeline

/// A cache folder: `ledger.sqlite`, `lock` and the shards under `shards/`.
package struct Cache: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    package var ledgerPath: String { folder + "/ledger.sqlite" }
    package var indexPath: String { folder + "/shards/index.csv" }
    package var exists: Bool { access(ledgerPath, F_OK) == 0 }

    /// Makes the folders where they are missing. Throws `CorpusError.file`.
    package func make() throws {
        try FileSystem.makeFolder(FileSystem.absolute(folder + "/shards"))
    }

    /// The ledger for reading, beside a run that may be going on.
    package func reading() throws -> Ledger {
        guard exists else {
            throw CacheError(
                .badInput, path: folder, "found no ledger.sqlite, expected a cache that 'earmark run' made")
        }
        return try Ledger.reading(path: ledgerPath)
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
