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
        // A file that is not ours must not even be switched to another journal.
        if let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size > 0 {
            do {
                try Self.open(path, Self.readOnly, mayBeEmpty: true).close()
            } catch let error as LedgerError {
                throw error
            } catch {
                // What cannot be read without writing, such as a journal to be rolled back, is told below.
            }
        }
        try self.init(path: path, configuration: configuration, hook: hook)
        try guarded {
            // Set after opening and outside a transaction: GRDB lowers it to NORMAL when it switches to WAL.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try LedgerSchema.migrator.migrate(queue)
        }
    }

    /// Opens a ledger for reading, beside a process that may be writing.
    package static func reading(path: String) throws -> Ledger {
        try Ledger(path: path, configuration: readOnly, hook: { _ in })
    }

    private init(path: String, configuration: Configuration, hook: @escaping @Sendable (String) -> Void) throws {
        self.path = path
        self.hook = hook
        do {
            queue = try Self.open(path, configuration, mayBeEmpty: !configuration.readonly)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            // SQLite gives a read that the disk refused this very name. If the disk refuses again, that is the fault.
            try Self.readThrough(path)
            do { queue = try Self.open(path, configuration, mayBeEmpty: !configuration.readonly) } catch {
                throw Self.translate(error, path)
            }
        } catch {
            throw Self.translate(error, path)
        }
    }

    private static var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return configuration
    }

    private static func open(
        _ path: String, _ configuration: Configuration, mayBeEmpty: Bool
    ) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { database in
            let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            // A process that was stopped while it made the ledger leaves no table but the migrator's own.
            let tables =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'")
                ?? 0
            if tables == 0, !mayBeEmpty {
                throw LedgerError(.corrupt, path: path, "the ledger is empty: no run got as far as its first clip")
            }
            guard id == LedgerSchema.applicationID || tables == 0 else {
                throw LedgerError(.corrupt, path: path, "found another SQLite database, expected an Earmark ledger")
            }
            if tables > 0, try LedgerSchema.migrator.hasCompletedMigrations(database) {
                let found = try LedgerSchema.tables(database)
                guard try found == LedgerSchema.expected.get() else {
                    throw LedgerError(
                        .corrupt, path: path, "its tables are not those that were made, expected a sound ledger")
                }
            }
            if tables > 0, try LedgerSchema.migrator.hasBeenSuperseded(database) {
                throw LedgerError(
                    .corrupt, path: path,
                    "made by a newer or an unreleased version, expected schema \(LedgerSchema.version)")
            }
        }
        return queue
    }

    /// - Throws: `LedgerError` where the disk does not give the file's bytes.
    private static func readThrough(_ path: String) throws {
        for file in [path, path + "-wal"] where access(file, F_OK) == 0 {
            do {
                _ = try FileHandle(forReadingFrom: URL(fileURLWithPath: file)).readToEnd()
            } catch {
                let code = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
                throw LedgerError(
                    .inputOutput, path: file,
                    "cannot read: " + (code.map { String(cString: strerror(Int32($0.code))) } ?? "\(error)"))
            }
        }
    }

    /// Folds the log into the file and lets go of both. Without it the log stays, to be folded in by the next run.
    package func close() throws { try guarded { try queue.close() } }

    /// Everything that is read inside sees one state of the ledger, whatever a running writer does meanwhile.
    package func consistently<Value>(_ body: () throws -> Value) throws -> Value {
        try read { database in
            if database.isInsideTransaction { return try body() }
            // A queue's own reads are statements by themselves: without this, each would see a state of its own.
            var value: Value?
            try database.inTransaction(.deferred) {
                // What a transaction sees is settled by its first read.
                _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM meta")
                value = try body()
                return .commit
            }
            guard let value else { preconditionFailure("a transaction that did not run") }
            return value
        }
    }

    /// Reentrant, so that one row-wise method may be called from the closure of another.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try guarded { try queue.unsafeReentrantRead(body) }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws -> Value { try guarded { try queue.write(body) } }

    private func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw Self.translate(error, path) }
    }

    private static func translate(_ error: any Error, _ path: String) -> any Error {
        // A damaged row does not know whose it is.
        if let error = error as? LedgerError, error.path.isEmpty {
            return LedgerError(error.kind, path: path, error.message)
        }
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
