import Files
import Errors
import Foundation
import GRDB

/// The cache's record in one SQLite file: what was done for which clip, where the results are, and what failed.
///
/// Only one process writes, through this one connection. Others may read at the same time; `consistently` lets several
/// reads see the same state. Row-wise methods use positional columns and prepared statements, because a ledger may hold
/// a million clips.
package final class Ledger: Sendable {
    package let path: String
    private let queue: DatabaseQueue
    /// A notice for the user about how the ledger is read; nil if there is none.
    package let note: String?
    /// The private copy that is read instead of the file at `path`, if there is one; it lives as long as this object.
    private let temporary: TemporaryCopy?
    /// Called with the name of each point at which a test may want the process to die.
    let hook: @Sendable (String) -> Void

    /// Opens a ledger for writing, creating it if it does not exist.
    ///
    /// - Parameter pageSize: page size in bytes of a new ledger; nil for SQLite's default.
    /// - Throws: `LedgerError` if the file is not a ledger, is damaged, was made by a newer version or cannot be opened
    ///   or written.
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
        // If the file is not a ledger, not even its journal mode may be changed, so it is opened read-only first.
        if FileSystem.status(path).map({ $0.st_size > 0 }) ?? false {
            do {
                try Self.open(path, Self.readOnly, mayBeEmpty: true).close()
            } catch let error as LedgerError {
                throw error
            } catch {
                // A file that cannot be read without writing, such as one with a journal to roll back, is handled
                // below.
            }
        }
        try self.init(path: path, configuration: configuration, hook: hook)
        try guarded {
            // Set after opening and outside a transaction: GRDB lowers it to NORMAL when it switches to WAL.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try LedgerSchema.migrator.migrate(queue)
        }
    }

    /// Opens a ledger for reading while another process may be writing to it. This works even if the ledger is in a
    /// place where nothing can be written, such as a read-only disk or another user's folder.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read; `FileError` if a private copy is needed and cannot be
    ///   made.
    package static func reading(path: String) throws -> Ledger {
        do {
            return try Ledger(path: path, configuration: readOnly, hook: { _ in })
        } catch let error as LedgerError where error.kind == .inputOutput {
            // SQLite creates a shared-memory file next to a ledger with a log, even if it only reads.
            let folder = (path as NSString).deletingLastPathComponent
            let isWritable = access(folder.isEmpty ? "." : folder, W_OK) == 0 && access(path, W_OK) == 0
            guard !isWritable, access(path, R_OK) == 0 else { throw error }
            return try readingAtRest(path: path)
        }
    }

    /// Opens a ledger that no process is writing to, for reading, without writing anything next to it: directly if it
    /// has no log and that works, otherwise through a private copy of the ledger and its log.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read; `FileError` if the private copy cannot be made.
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
            note: "\(path): not writable, so it is read from a copy in the temporary folder", temporary: copy,
            hook: { _ in })
    }

    /// The longest path of a ledger, in bytes, that SQLite accepts.
    private static let longestPath = 504

    /// Rejects a path that is too long, of which SQLite would only say that it cannot open the file.
    ///
    /// - Throws: `LedgerError` if the path is too long.
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

    /// - Parameter opened: the path or URI that SQLite opens instead of `path`, which error messages still name.
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
            // SQLite also reports a failed disk read as corruption. If reading fails again here, the disk is to blame.
            try Self.readThrough(path)
            do { queue = try Self.open(file, configuration, mayBeEmpty: !configuration.readonly) } catch {
                throw Self.translate(error, path)
            }
        } catch {
            throw Self.translate(error, path)
        }
    }

    /// Settings that make SQLite check the cells of a page before it follows them.
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
            // A process that was killed while creating the ledger leaves no tables except the migrator's own.
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
                        "found altered tables, expected a sound ledger; run 'earmark verify --repair'"
                    )
                }
                return false
            }
            return tables > 0
        }
        // A ledger opened for writing is migrated instead.
        if isOld, configuration.readonly { try queue.writeWithoutTransaction(LedgerSchema.showAsCurrent) }
        return queue
    }

    /// Whether a ledger was created and has no tables yet: the process that made it was killed.
    package static func isEmpty(path: String) -> Bool {
        let tables = try? DatabaseQueue(path: path, configuration: readOnly).read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'")
        }
        return tables == 0
    }

    /// Whether a ledger is intact but made by a version that this program does not know, and so must not repair.
    package static func isNewer(path: String) -> Bool {
        let found = try? DatabaseQueue(path: path, configuration: readOnly).read { database in
            try LedgerSchema.migrator.hasBeenSuperseded(database)
                && String.fetchAll(database, sql: "PRAGMA integrity_check(1)") == ["ok"]
        }
        return found ?? false
    }

    /// Reads the ledger's file and its log to the end, to find out whether the disk can return them.
    ///
    /// - Throws: `LedgerError` if one of them cannot be read.
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

    /// Merges the log into the file and closes the ledger. If this is not called, the log stays, and the next run
    /// merges it.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be written.
    package func close() throws { try guarded { try queue.close() } }

    /// Writes a compact copy, in a form that needs no log.
    func vacuum(into path: String) throws { try guarded { try queue.vacuum(into: path) } }

    /// Runs `body` so that everything it reads comes from one state of the ledger, whatever a running writer does
    /// meanwhile.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read, and whatever `body` throws.
    package func consistently<Value>(_ body: () throws -> Value) throws -> Value {
        try read { database in
            if database.isInsideTransaction { return try body() }
            // Reads outside a transaction are separate statements, each of which would see the state of its own moment.
            var value: Value?
            try database.inTransaction(.deferred) {
                // A deferred transaction's first read determines the state that it sees.
                _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM meta")
                value = try body()
                return .commit
            }
            guard let value else { preconditionFailure("a transaction that did not run") }
            return value
        }
    }

    /// Runs a read on the connection. Reentrant, so that one row-wise method may be called from another's closure.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try guarded { try queue.unsafeReentrantRead(body) }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws -> Value { try guarded { try queue.write(body) } }

    private func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw Self.translate(error, path) }
    }

    private static func translate(_ error: any Error, _ path: String) -> any Error {
        // An error about a damaged row does not know which ledger the row is in.
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

/// A copy of a ledger and its log in a private temporary folder, which is deleted when the copy is no longer used.
private final class TemporaryCopy: Sendable {
    private let folder: String
    var path: String { folder + "/ledger.sqlite" }

    /// - Throws: `LedgerError` or `FileError` if the ledger cannot be read or there is no space for the copy.
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
