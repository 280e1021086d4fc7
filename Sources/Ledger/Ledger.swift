import Foundation
import GRDB

/// The cache's book: what was done for which clip, where it lies, and what failed. One SQLite file.
///
/// One process writes, through this one connection. Others may read at the same time; each of their methods sees one
/// consistent state. Row-wise methods use positional columns and prepared statements: a ledger may hold a million
/// clips.
package final class Ledger: Sendable {
    package let path: String
    private let queue: DatabaseQueue
    /// Told the names of the moments at which a test may want the process to die.
    let hook: @Sendable (String) -> Void

    /// Opens a ledger for writing, making it where there is none.
    ///
    /// - Throws: `LedgerError` where the file is not a ledger, is damaged, or is of a newer version.
    package convenience init(path: String, hook: @escaping @Sendable (String) -> Void = { _ in }) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        try self.init(path: path, configuration: configuration, hook: hook)
        try guarded {
            // Set after opening and outside a transaction: GRDB lowers it to NORMAL when it switches to WAL.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try LedgerSchema.migrator.migrate(queue)
        }
    }

    /// Opens a ledger for reading, beside a process that may be writing.
    package static func reading(path: String) throws -> Ledger {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return try Ledger(path: path, configuration: configuration, hook: { _ in })
    }

    private init(path: String, configuration: Configuration, hook: @escaping @Sendable (String) -> Void) throws {
        self.path = path
        self.hook = hook
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { database in
                let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
                let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
                guard id == LedgerSchema.applicationID || (tables == 0 && !configuration.readonly) else {
                    throw LedgerError(.corrupt, path: path, "found another SQLite database, expected an Earmark ledger")
                }
                if tables > 0, try LedgerSchema.migrator.hasBeenSuperseded(database) {
                    throw LedgerError(.corrupt, path: path, "made by a newer version, expected schema 1")
                }
            }
        } catch {
            throw Self.translate(error, path)
        }
    }

    package func close() throws { try guarded { try queue.close() } }

    /// Everything that is read inside sees one state of the ledger, whatever a running writer does meanwhile.
    package func consistently<Value>(_ body: () throws -> Value) throws -> Value { try read { _ in try body() } }

    /// Reentrant, so that one row-wise method may be called from the closure of another.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try guarded { try queue.unsafeReentrantRead(body) }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws -> Value { try guarded { try queue.write(body) } }

    private func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw Self.translate(error, path) }
    }

    private static func translate(_ error: any Error, _ path: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let message = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return LedgerError(.corrupt, path: path, "found \(message), expected a sound SQLite ledger")
        case .SQLITE_FULL: return LedgerError(.outOfSpace, path: path, message)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return LedgerError(.busy, path: path, message)
        case .SQLITE_CANTOPEN: return LedgerError(.inputOutput, path: path, "no ledger here, or it cannot be opened")
        default: return LedgerError(.inputOutput, path: path, message)
        }
    }
}
