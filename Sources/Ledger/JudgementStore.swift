import Errors
import Files
import Foundation
import GRDB
import Glibc

/// The judgements of a cache's reviewers, in a separate SQLite file, `judgements.sqlite`.
///
/// They are not in the ledger for two reasons. A run holds the ledger's lock for hours, and reviewing must not wait for
/// a run. Also, a second connection that writes to a ledger with a write-ahead log can damage it (before 3.51.3, SQLite
/// may lose a reset of the log). This file uses a rollback journal, so any number of processes may add rows. Rows are
/// only added, each in a transaction that is on disk when `add` returns, so no reviewer overwrites another's judgement.
package final class JudgementStore: @unchecked Sendable {
    /// The rows of a store that can be trusted, and a list of its damage.
    package struct Contents: Sendable, Equatable {
        /// In the order in which they were added.
        package var rows: [JudgementRow] = []
        /// The damage found: a line for each altered row and each gap where rows are missing.
        package var damage: [String] = []

        package init() {}
    }

    /// The format version that this program writes.
    static let version = 1
    /// Marks the file as Earmark's, in SQLite's application_id: "EARJ".
    static let applicationID = 0x4541_524A
    /// The seconds to wait for another process's transaction when adding: a reviewer is waiting for the answer, and the
    /// page keeps what cannot be written now. A transaction of another review takes some ten milliseconds.
    package static let writePatience: TimeInterval = 1.5
    /// The seconds to wait when reading, unless the caller says otherwise.
    package static let readPatience: TimeInterval = 10

    package let path: String
    private let lock = NSLock()
    /// Whether this instance has checked the file's structure. It checks only once, because the check takes longer the
    /// more judgements there are.
    private var isChecked = false
    /// The file that this instance has read or written; nil if there was none yet.
    private var known: Identity?
    /// `changes` when the file was last read.
    private var countRead: Int64?

    /// Descriptors for `changes`: the last one is of the file that was there last.
    private var counters: [(identity: Identity, file: Int32)] = []

    /// What tells a file from others on this machine.
    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t

        init(_ status: stat) { (device, inode) = (status.st_dev, status.st_ino) }
    }

    /// - Parameter path: the file's path. The file is created with the first judgement.
    package init(path: String) { self.path = path }

    /// Whether the file exists.
    package var exists: Bool { access(path, F_OK) == 0 }

    /// Whether the file is the one that was read before; true if none was.
    package var isSame: Bool {
        guard let known = lock.withLock({ known }) else { return true }
        return FileSystem.status(path).map(Identity.init) == known
    }

    /// Whether a judgement could be stored here, judging by file permissions.
    package var isWritable: Bool {
        let folder = FileSystem.folder(of: path)
        return access(folder, W_OK) == 0 && (!exists || access(path, W_OK) == 0)
    }

    /// SQLite's count of the transactions that changed the file, which shows whether there is anything new; -1 if it
    /// cannot be read. The file's modification time was rejected: two transactions may have the same one.
    ///
    /// The descriptor stays open: whenever a process closes one of a file, the system gives up all its locks on it, also
    /// that of a transaction on another thread.
    package var changes: Int64 {
        lock.withLock {
            guard let now = FileSystem.status(path).map(Identity.init) else { return -1 }
            if counters.last?.identity != now {
                let file = FileSystem.withBytes(path) { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
                guard file >= 0 else { return -1 }
                counters.append((now, file))
            }
            // "File Format For SQLite Databases", 1.3.8: big-endian, at byte 24.
            var bytes = [UInt8](repeating: 0, count: 4)
            guard let file = counters.last?.file, pread(file, &bytes, 4, 24) == 4 else { return -1 }
            return bytes.reduce(0) { $0 << 8 | Int64($1) }
        }
    }

    /// `changes` as it was when `contents` last read the file; nil if it did not yet. `changes` itself may count a
    /// transaction in whose middle a process was killed, and have the same value again once that is undone and another
    /// judgement is there.
    package var changesRead: Int64? { lock.withLock { countRead } }

    deinit { for counter in counters { close(counter.file) } }

    // MARK: - Adding

    /// Adds a judgement.
    ///
    /// - Returns: the judgement, once it is on disk.
    /// - Throws: `LedgerError` if the file is damaged, is not a file of judgements or cannot be written; `SettingError`
    ///   if the judgement is not valid.
    package func add(
        _ subject: Judgement.Subject, _ verdict: Judgement.Verdict, correction: Judgement.Correction = .init(),
        reviewer: String, time: String
    ) throws -> Judgement {
        try Self.check(subject, verdict, correction, reviewer)
        return try append { id, _ in
            let judgement = Judgement(
                id: id, subject: subject, verdict: verdict, correction: correction, reviewer: reviewer, time: time)
            return (.judgement(judgement), judgement)
        }
    }

    /// Undoes a judgement of the same reviewer.
    ///
    /// - Throws: what `add` throws, and `SettingError` if there is no such judgement, it is another reviewer's, or it
    ///   has already been undone.
    package func undo(_ id: Int64, reviewer: String, time: String) throws {
        try append { next, database in
            let columns = (JudgementRow.columns + ["row_check"]).joined(separator: ", ")
            let row = try Row.fetchOne(
                database, sql: "SELECT \(columns) FROM judgements WHERE id = ?", arguments: [id])
            let undone = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM judgements WHERE undoes = ?", arguments: [id])
            guard case .judgement(let judgement) = row.flatMap(JudgementRow.init(checked:)),
                judgement.reviewer == reviewer, undone == 0
            else {
                throw SettingError(
                    name: "undo", found: "judgement \(id)",
                    expected: "one of \(reviewer)'s that was not taken back before")
            }
            return (.undo(id: next, of: id, reviewer: reviewer, time: time), ())
        }
    }

    /// Adds rows of another store, those that are not here yet, in one transaction. They keep verdicts, reviewers and times;
    /// their numbers follow those that are here.
    ///
    /// - Returns: how many rows were added.
    /// - Throws: `LedgerError` if the file is damaged, is not a file of judgements or cannot be written.
    @discardableResult
    package func takeOver(_ rows: [JudgementRow]) throws -> Int {
        if rows.isEmpty { return 0 }
        return try guarded {
            if try !isThere() { try create() }
            // No reviewer waits for this.
            let queue = try open(isReadOnly: false, patience: Self.readPatience)
            defer { try? queue.close() }
            return try queue.write { database in
                let own = try Self.contents(database, path, after: 0).rows
                let known = Dictionary(
                    own.compactMap { row in row.judgement.map { ($0.numbered(0), $0.id) } }, uniquingKeysWith: { $1 })
                let undone = Set(own.compactMap(\.undoes))
                var numbers: [Int64: Int64] = [:]
                var last = try Int64.fetchOne(database, sql: "SELECT max(id) FROM judgements") ?? 0
                let first = last
                let marks = [String](repeating: "?", count: JudgementRow.columns.count + 1).joined(separator: ", ")
                for row in rows {
                    let added: JudgementRow
                    switch row {
                    case .judgement(let judgement):
                        if let here = known[judgement.numbered(0)] {
                            numbers[judgement.id] = here
                            continue
                        }
                        numbers[judgement.id] = last + 1
                        added = .judgement(judgement.numbered(last + 1))
                    case .undo(_, let of, let reviewer, let time):
                        // Without the judgement that it undoes, which was damaged, it says nothing.
                        guard let number = numbers[of], !undone.contains(number) else { continue }
                        added = .undo(id: last + 1, of: number, reviewer: reviewer, time: time)
                    }
                    last += 1
                    try database.execute(
                        sql: "INSERT INTO judgements VALUES(\(marks))", arguments: added.arguments)
                }
                return Int(last - first)
            }
        }
    }

    private static func check(
        _ subject: Judgement.Subject, _ verdict: Judgement.Verdict, _ correction: Judgement.Correction,
        _ reviewer: String
    ) throws {
        guard Judgement.isReviewerName(reviewer) else {
            throw SettingError(
                name: "reviewer", found: reviewer.isEmpty ? "no name" : "a name of \(reviewer.utf8.count) bytes",
                expected: Judgement.reviewerNames)
        }
        guard correction.label == nil || verdict == .accept else {
            throw SettingError(
                name: "verdict", found: "'\(verdict.rawValue)' with another label",
                expected: "'accept', as a label is that of an event which is there")
        }
        let start = correction.start ?? subject.start
        let end = correction.end ?? subject.end
        guard start >= 0, end > start, end.isFinite else {
            throw SettingError(
                name: "correction", found: "from \(start) to \(end) s", expected: "seconds, the end after the start")
        }
    }

    private func append<Value>(_ make: (Int64, Database) throws -> (JudgementRow, Value)) throws -> Value {
        try guarded {
            if try !isThere() { try create() }
            let queue = try open(isReadOnly: false, patience: Self.writePatience)
            defer { try? queue.close() }
            return try queue.write { database in
                let last = try Int64.fetchOne(database, sql: "SELECT max(id) FROM judgements") ?? 0
                let (row, value) = try make(last + 1, database)
                let marks = [String](repeating: "?", count: JudgementRow.columns.count + 1).joined(separator: ", ")
                try database.execute(sql: "INSERT INTO judgements VALUES(\(marks))", arguments: row.arguments)
                return value
            }
        }
    }

    // MARK: - Reading

    /// Reads every row that can be trusted; there are no rows if there is no file. Writes nothing, unless a process was
    /// killed in the middle of a transaction: SQLite must then undo that by its journal before anyone can read.
    ///
    /// - Parameters:
    ///   - last: the number of the last row already known; 0 for all rows.
    ///   - patience: the seconds to wait for another process's transaction.
    /// - Throws: `LedgerError` if the file as a whole cannot be read, or is no longer the one that was there before.
    package func contents(after last: Int64 = 0, patience: TimeInterval = readPatience) throws -> Contents {
        guard try isThere() else {
            try requireNoStrayJournal()
            return Contents()
        }
        return try guarded {
            do { return try read(after: last, patience: patience) } catch let error as DatabaseError
                where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK
            {
                try rollBack(patience: patience)
                return try read(after: last, patience: patience)
            }
        }
    }

    private func read(after last: Int64, patience: TimeInterval) throws -> Contents {
        let queue = try open(isReadOnly: true, patience: patience)
        defer { try? queue.close() }
        return try queue.read { database in
            let contents = try Self.contents(database, path, after: last)
            // Nobody changes the file before this transaction ends.
            let count = changes
            lock.withLock { countRead = count }
            return contents
        }
    }

    /// Undoes the transaction of a process that was killed, as adding a judgement would: a connection that may write
    /// does so when it first reads. It locks the file for it, and touches no transaction that is under way.
    private func rollBack(patience: TimeInterval) throws {
        do {
            let queue = try open(isReadOnly: false, patience: patience)
            try queue.close()
        } catch let error as DatabaseError
            where [.SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_IOERR].contains(error.resultCode)
        {
            throw LedgerError(.inputOutput, path: path, cannotRollBack(error))
        }
    }

    private func cannotRollBack(_ error: DatabaseError) -> String {
        "a process was killed while it stored a judgement, and that cannot be undone here "
            + "(\(error.message ?? "SQLite error \(error.resultCode.rawValue)")); make the file and its folder writable, "
            + "or copy it together with \(journal) to where it may be written"
    }

    /// Refuses to take a lost file for one that never was. SQLite would apply the journal to whatever file has this name
    /// next. A file comes before its journal.
    private func requireNoStrayJournal() throws {
        guard FileSystem.exists(journal), !exists else { return }
        throw LedgerError(
            .corrupt, path: path,
            "found its journal \(journal) without it; put the file back, or move the journal away")
    }

    /// SQLite's journal, which is there during a transaction, and after one that was cut off.
    private var journal: String { path + "-journal" }

    private static func contents(_ database: Database, _ path: String, after last: Int64) throws -> Contents {
        var contents = Contents()
        let columns = (JudgementRow.columns + ["row_check"]).joined(separator: ", ")
        let rows = try Row.fetchCursor(
            database, sql: "SELECT \(columns) FROM judgements WHERE id > ? ORDER BY id", arguments: [last])
        var next = last + 1
        while let row = try rows.next() {
            let id = row.number(orNil: 0) ?? next
            // Rows are never removed, so the numbers have no gaps.
            if id > next {
                contents.damage.append(
                    id == next + 1
                        ? "\(path): judgement \(next) is missing"
                        : "\(path): judgements \(next) to \(id - 1) are missing")
            }
            if let sound = JudgementRow(checked: row) {
                contents.rows.append(sound)
            } else {
                contents.damage.append("\(path): judgement \(id) is not what was written; it is ignored")
            }
            next = max(next, id) + 1
        }
        return contents
    }

    // MARK: - The file

    /// Whether there is a file; false only if this instance has never seen one.
    ///
    /// A file that was moved away or replaced meanwhile is not begun anew: the judgements would be in two files, and the
    /// page would show them as one.
    ///
    /// - Throws: `LedgerError` if the file that was there before is not.
    private func isThere() throws -> Bool {
        let found = FileSystem.status(path).map(Identity.init)
        guard let known = lock.withLock({ known }) else { return found != nil }
        if found == known { return true }
        throw LedgerError(
            .inputOutput, path: path,
            found == nil
                ? "the file was moved or removed while it was in use; put it back, or end the review and start it again "
                    + "to begin a new one"
                : "the file was replaced by another while it was in use; put the first one back, or end the review and "
                    + "start it again to use this one")
    }

    /// Creates the file under a temporary name and gives it its final name only when it is complete. An empty file with
    /// the final name is therefore always a damaged one, never one still being created.
    private func create() throws {
        try requireNoStrayJournal()
        var number = UInt64.random(in: 0...UInt64.max)
        var made = ""
        repeat {
            made = path + ".new-" + String(number, radix: 16)
            number &+= 1
        } while FileSystem.exists(made)
        defer { for ending in ["", "-journal"] { unlink(made + ending) } }
        let queue = try DatabaseQueue(
            path: made, configuration: Self.configuration(isReadOnly: false, patience: Self.writePatience))
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.inTransaction(.immediate) {
                try database.execute(sql: Self.schema)
                return .commit
            }
        }
        try queue.close()
        // Another process may have been faster; its file stays.
        if link(made, path) != 0, errno != EEXIST {
            // The file system does not support hard links.
            guard !exists else { return }
            guard rename(made, path) == 0 else { throw LedgerError(path: path, "cannot make it", code: errno) }
        }
        try PartialFile.sync(PathText.bytes(FileSystem.folder(of: path)))
    }

    private static let schema = """
        CREATE TABLE judgements(id INTEGER PRIMARY KEY, clip TEXT NOT NULL, content TEXT NOT NULL, label TEXT NOT NULL,
            start REAL NOT NULL, stop REAL NOT NULL, score REAL NOT NULL, peak REAL NOT NULL,
            threshold REAL NOT NULL, stage TEXT NOT NULL, verdict TEXT NOT NULL, corrected_label TEXT,
            corrected_start REAL, corrected_stop REAL, undoes INTEGER, reviewer TEXT NOT NULL, time TEXT NOT NULL,
            row_check INTEGER NOT NULL);
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    /// - Parameter patience: the seconds to wait for other processes, from now on and in all.
    private static func configuration(isReadOnly: Bool, patience: TimeInterval) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        // SQLite's own time limit would begin anew with each statement.
        let end = ContinuousClock.now + .seconds(patience)
        configuration.busyMode = .callback { _ in
            guard ContinuousClock.now < end else { return false }
            usleep(2000)
            return true
        }
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL")
        }
        return configuration
    }

    /// - Throws: `LedgerError` if the file is not a sound file of judgements; nothing is then written to it.
    private func open(isReadOnly: Bool, patience: TimeInterval) throws -> DatabaseQueue {
        guard let status = FileSystem.status(path), status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            throw LedgerError(
                .corrupt, path: path,
                "it is empty or no regular file, expected the judgements of this cache's reviewers; move it away, or "
                    + "put a copy in its place")
        }
        let queue = try DatabaseQueue(
            path: path, configuration: Self.configuration(isReadOnly: isReadOnly, patience: patience))
        try queue.read { database in
            let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard id == Self.applicationID else {
                throw LedgerError(
                    .corrupt, path: path, "found another SQLite database, expected judgements of reviewers")
            }
            guard version == Self.version else {
                throw LedgerError(
                    .corrupt, path: path,
                    "found version \(version) of the judgements, expected \(Self.version): a newer version made it")
            }
            let found = try LedgerSchema.tables(database)
            guard try found == Self.expectedTables.get() else {
                throw LedgerError(
                    .corrupt, path: path, "its table is not the expected one; put a copy in its place")
            }
            guard !lock.withLock({ isChecked }) else { return }
            let faults = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)").filter { $0 != "ok" }
            if let fault = faults.first {
                throw LedgerError(
                    .corrupt, path: path, "found \(fault), expected a sound SQLite file; put a copy in its place")
            }
        }
        lock.withLock {
            isChecked = true
            known = known ?? Identity(status)
        }
        return queue
    }

    private static let expectedTables = Result {
        let queue = try DatabaseQueue()
        try queue.write { try $0.execute(sql: schema) }
        return try queue.read(LedgerSchema.tables)
    }

    private func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError {
            let message = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_CONSTRAINT:
                throw LedgerError(
                    .corrupt, path: path, "found \(message), expected a sound SQLite file; put a copy in its place")
            case .SQLITE_NOMEM: throw LedgerError(.outOfMemory, path: path, message)
            case .SQLITE_FULL: throw LedgerError(.outOfSpace, path: path, message)
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                throw LedgerError(.busy, path: path, "another program holds the file (\(message))")
            case .SQLITE_READONLY where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK:
                throw LedgerError(.inputOutput, path: path, cannotRollBack(error))
            case .SQLITE_READONLY, .SQLITE_CANTOPEN:
                throw LedgerError(.inputOutput, path: path, "judgements cannot be written here: \(message)")
            default: throw LedgerError(.inputOutput, path: path, message)
            }
        }
    }
}

extension Judgement {
    /// The same judgement under another number.
    fileprivate func numbered(_ id: Int64) -> Judgement {
        Judgement(
            id: id, subject: subject, verdict: verdict, correction: correction, reviewer: reviewer, time: time)
    }
}

extension JudgementRow {
    /// nil for a row that undoes one.
    fileprivate var judgement: Judgement? { if case .judgement(let judgement) = self { judgement } else { nil } }
    /// The number of the judgement that it undoes; nil for a judgement.
    fileprivate var undoes: Int64? { if case .undo(_, let of, _, _) = self { of } else { nil } }

    /// The values of the columns, followed by the check.
    fileprivate var arguments: StatementArguments {
        switch self {
        case .judgement(let judgement):
            let (subject, correction) = (judgement.subject, judgement.correction)
            return [
                id, subject.clip, subject.content, subject.label, subject.start, subject.end, subject.score,
                subject.peak, subject.threshold, subject.stage, judgement.verdict.rawValue, correction.label,
                correction.start, correction.end, nil, judgement.reviewer, judgement.time, check,
            ]
        case .undo(_, let of, let reviewer, let time):
            return [
                id, "", "", "", 0, 0, 0, 0, 0, "", Self.undoWord, nil, nil, nil, of, reviewer, time, check,
            ]
        }
    }
}
