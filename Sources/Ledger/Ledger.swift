import Files
import Errors
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
    /// What the user should know of how the ledger is read; nil where there is nothing to say.
    package let note: String?
    /// Where a private copy lies, as long as it is read.
    private let temporary: TemporaryCopy?
    /// Told the names of the moments at which a test may want the process to die.
    let hook: @Sendable (String) -> Void

    /// Opens a ledger for writing, making it where there is none.
    ///
    /// - Parameter pageSize: bytes of a page of a ledger that is made; nil for SQLite's own choice.
    /// - Throws: `LedgerError` where the file is not a ledger, is damaged, or is of a newer version.
    package convenience init(
        path: String, pageSize: Int? = nil, hook: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        var configuration = Self.careful
        if let pageSize {
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA page_size = \(pageSize)") }
        }
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        // A file that is not ours must not even be switched to another journal.
        if FileSystem.status(path).map({ $0.st_size > 0 }) ?? false {
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

    /// Opens a ledger for reading, beside a process that may be writing. One that lies where nothing may be written, as on
    /// a read-only disk or in another user's folder, is read all the same.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package static func reading(path: String) throws -> Ledger {
        do {
            return try Ledger(path: path, configuration: readOnly, hook: { _ in })
        } catch let error as LedgerError where error.kind == .inputOutput {
            // SQLite makes a file of shared memory beside a ledger with a log, even to read it.
            let folder = (path as NSString).deletingLastPathComponent
            let isWritable = access(folder.isEmpty ? "." : folder, W_OK) == 0 && access(path, W_OK) == 0
            guard !isWritable, access(path, R_OK) == 0 else { throw error }
            return try readingAtRest(path: path)
        }
    }

    /// Opens a ledger for reading that no process writes to, and writes nothing beside it: as it is where there is no log,
    /// else by a private copy of ledger and log.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package static func readingAtRest(path: String) throws -> Ledger {
        var status = stat()
        let hasLog = stat(path + "-wal", &status) == 0 && status.st_size > 0
        if !hasLog {
            let allowed = CharacterSet.urlPathAllowed
            if let name = path.addingPercentEncoding(withAllowedCharacters: allowed),
                let ledger = try? Ledger(
                    path: path, opened: "file:\(name)?immutable=1", configuration: readOnly, hook: { _ in })
            {
                return ledger
            }
        }
        let copy = try TemporaryCopy(of: path)
        return try Ledger(
            path: path, opened: copy.path, configuration: readOnly,
            note: "\(path): may not be written: read from a copy of it in the temporary folder", temporary: copy,
            hook: { _ in })
    }

    /// Longest path of a ledger in bytes: SQLite takes no more.
    private static let longestPath = 504

    /// - Throws: `LedgerError` where SQLite would say no more than that it cannot open the file.
    private static func requireShort(_ path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        guard let real = realpath(folder.isEmpty ? "." : folder, nil) else { return }
        defer { free(real) }
        let length = strlen(real) + 1 + (path as NSString).lastPathComponent.utf8.count
        guard length > longestPath else { return }
        throw LedgerError(
            .inputOutput, path: path,
            "its path has \(length) bytes, expected at most \(longestPath), which is SQLite's limit: give the cache a "
                + "shorter path")
    }

    /// - Parameter opened: what SQLite opens in the place of `path`.
    private init(
        path: String, opened: String? = nil, configuration: Configuration, note: String? = nil,
        temporary: TemporaryCopy? = nil, hook: @escaping @Sendable (String) -> Void
    ) throws {
        self.path = path
        self.hook = hook
        self.note = note
        self.temporary = temporary
        try Self.requireShort(path)
        let file = opened ?? path
        do {
            queue = try Self.open(file, configuration, mayBeEmpty: !configuration.readonly)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            // SQLite gives a read that the disk refused this very name. If the disk refuses again, that is the fault.
            try Self.readThrough(path)
            do { queue = try Self.open(file, configuration, mayBeEmpty: !configuration.readonly) } catch {
                throw Self.translate(error, path)
            }
        } catch {
            throw Self.translate(error, path)
        }
    }

    /// Cells of a page are looked at before they are followed.
    private static var careful: Configuration {
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cell_size_check = ON") }
        return configuration
    }

    private static var readOnly: Configuration {
        var configuration = careful
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return configuration
    }

    private static func open(
        _ path: String, _ configuration: Configuration, mayBeEmpty: Bool
    ) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let isOld = try queue.read { database in
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
            if tables > 0, try LedgerSchema.migrator.hasBeenSuperseded(database) {
                throw LedgerError(
                    .corrupt, path: path,
                    "made by a newer or an unreleased version, expected schema \(LedgerSchema.version)")
            }
            if tables > 0, try LedgerSchema.migrator.hasCompletedMigrations(database) {
                let found = try LedgerSchema.tables(database)
                guard try found == LedgerSchema.expected.get() else {
                    throw LedgerError(
                        .corrupt, path: path,
                        "its tables are not those that were made, expected a sound ledger; run 'earmark verify --repair'"
                    )
                }
                return false
            }
            return tables > 0
        }
        // A ledger that is written to is brought up to date instead.
        if isOld, configuration.readonly { try queue.writeWithoutTransaction(LedgerSchema.showAsCurrent) }
        return queue
    }

    /// Whether a ledger is sound and of a version that this program does not know. It is not to be mended by it.
    package static func isNewer(path: String) -> Bool {
        let found = try? DatabaseQueue(path: path, configuration: readOnly).read { database in
            try LedgerSchema.migrator.hasBeenSuperseded(database)
                && String.fetchAll(database, sql: "PRAGMA integrity_check(1)") == ["ok"]
        }
        return found ?? false
    }

    /// - Throws: `LedgerError` where the disk does not give the file's bytes.
    package static func readThrough(_ path: String) throws {
        for file in [path, path + "-wal"] where access(file, F_OK) == 0 {
            do throws(FileError) {
                _ = try Checksum.ofFile(file)
            } catch {
                throw error.code.map { LedgerError(path: file, "cannot read", code: $0) }
                    ?? LedgerError(.inputOutput, path: file, "cannot read: \(error.message)")
            }
        }
    }

    /// Folds the log into the file and lets go of both. Without it the log stays, to be folded in by the next run.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func close() throws { try guarded { try queue.close() } }

    /// Writes a compact copy, in a form that needs no log.
    func vacuum(into path: String) throws { try guarded { try queue.vacuum(into: path) } }

    /// Everything that is read inside sees one state of the ledger, whatever a running writer does meanwhile.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
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
            return LedgerError(error.kind, path: path, error.message, code: error.code)
        }
        guard let error = error as? DatabaseError else { return error }
        let message = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return LedgerError(
                .corrupt, path: path, "found \(message), expected a sound SQLite ledger; run 'earmark verify --repair'")
        case .SQLITE_NOMEM: return LedgerError(.outOfMemory, path: path, message)
        case .SQLITE_FULL: return LedgerError(.outOfSpace, path: path, message)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return LedgerError(.busy, path: path, message)
        case .SQLITE_CANTOPEN: return LedgerError(.inputOutput, path: path, "no ledger here, or it cannot be opened")
        default: return LedgerError(.inputOutput, path: path, message)
        }
    }
}

/// A ledger and its log in a private temporary folder, removed with the last use of it.
private final class TemporaryCopy: Sendable {
    private let folder: String
    var path: String { folder + "/ledger.sqlite" }

    /// - Throws: `LedgerError` or `FileError` where it cannot be read or there is no room for it.
    init(of original: String) throws {
        var template = Array((NSTemporaryDirectory() + "/earmark-ledger-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw LedgerError(path: NSTemporaryDirectory(), "cannot make a folder", code: errno)
        }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do {
            for ending in ["", "-wal"] where access(original + ending, F_OK) == 0 {
                try FileSystem.copy(original + ending, to: path + ending)
            }
        } catch {
            try? FileSystem.remove(folder)
            throw error
        }
    }

    deinit { try? FileSystem.remove(folder) }
}
