import Errors
import Foundation
import GRDB

extension Ledger {
    /// What was recovered from a damaged ledger.
    package struct Salvage: Sendable, Equatable {
        package var clips = 0
        package var results = 0
        /// Results that were found only in the copy.
        package var fromBackup = 0
        /// Results that were left out because the row with their stage's front-end is lost.
        package var ofLostFrontEnds = 0
    }

    /// Recovers what is intact in a ledger that is missing, or whose pages, header or schema are damaged: every row
    /// that matches its check, from the file, its log and its copy, goes into a new file, which replaces the old one.
    ///
    /// What a row says was true when it was written, and rows in shards are verified against their digests when they
    /// are read. So a stale row from a free page or from the copy costs some repeated work at worst. Failures and
    /// deaths are left out, because one that was deleted since must not come back. What is lost becomes pending again.
    ///
    /// The caller holds the cache's lock and has no other connection open.
    /// - Parameter backup: path of the copy, which may be missing.
    /// - Throws: `LedgerError` of kind corrupt, leaving the file untouched, if no clip's row is intact; of another kind
    ///   if a file cannot be read or written.
    package static func salvage(path: String, backup: String? = nil) throws -> Salvage {
        let target = path + ".salvaged"
        func clear() { for ending in ["", "-wal", "-shm"] { unlink(target + ending) } }
        clear()
        var found = Salvage()
        do {
            let new = try Ledger(path: target)
            try new.write { database in
                let sink = try SalvageSink(database)
                try sink.take(path)
                let own = try sink.results()
                if let backup, access(backup, F_OK) == 0 { try sink.takeCopy(backup) }
                try Self.raiseShardNumber(database)
                let copied = try sink.results() - own
                found.ofLostFrontEnds = try sink.dropResultsOfLostFrontEnds()
                found.clips = try sink.clips()
                found.results = try sink.results()
                found.fromBackup = min(copied, found.results)
            }
            try new.close()
        } catch {
            clear()
            throw error
        }
        guard found.clips > 0 else {
            clear()
            throw LedgerError(
                .corrupt, path: path,
                "no clip can be read from it\(backup == nil ? "" : " or from its copy"), so it is no longer known whose rows the "
                    + "shards hold. Remove the cache's folder, or name another, and run again to redo everything"
            )
        }
        // SQLite would replay a log left next to a file it does not belong to, so the log is deleted first.
        for ending in ["-wal", "-shm"] where unlink(path + ending) != 0 && errno != ENOENT {
            throw LedgerError(path: path + ending, "cannot remove", code: errno)
        }
        try replace(target, path)
        return found
    }

    /// Writes a copy of the ledger next to it, completely or not at all; `salvage` uses it if the ledger is damaged.
    ///
    /// - Throws: `LedgerError`; a previous copy is then still usable.
    package func backUp(to copy: String) throws {
        let target = copy + ".partial"
        unlink(target)
        do {
            try vacuum(into: target)
            try Self.replace(target, copy)
        } catch {
            unlink(target)
            throw error
        }
    }

    /// Renames a finished file to its final name, durably.
    private static func replace(_ from: String, _ to: String) throws {
        func sync(_ path: String, _ flags: Int32) throws {
            let descriptor = open(path, flags | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw LedgerError(path: path, "cannot open", code: errno)
            }
            defer { Foundation.close(descriptor) }
            // Some file systems cannot sync a folder and report EINVAL; that loses nothing.
            guard fsync(descriptor) == 0 || errno == EINVAL else {
                throw LedgerError(path: path, "cannot sync", code: errno)
            }
        }
        try sync(from, O_RDONLY)
        guard rename(from, to) == 0 else {
            throw LedgerError(path: from, "cannot rename", code: errno)
        }
        let folder = (to as NSString).deletingLastPathComponent
        try sync(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY)
    }
}

/// Inserts rows found on pages into the tables of a new ledger.
private final class SalvageSink {
    private struct Target {
        let table: LedgerTable
        /// The new ledger's columns, in the order in which a page stores them.
        let columns: [String]
        let isKeyed: Bool
        /// Floating-point columns: a page stores a whole number in them as an integer.
        let reals: Set<Int>
        let defaults: [DatabaseValue]
        /// For each column in the check's order, its index on a page.
        let places: [Int]
        let checkPlace: Int
        let insert: Statement
    }

    private let database: Database
    private var targets: [Target] = []
    /// Names of clips by id. An id found with two names counts for neither.
    private var names: [Int64: String] = [:]
    private var torn: Set<Int64> = []
    /// Whether a schema found on the pages has the table of front-ends.
    private var knowsFrontEnds = false

    init(_ database: Database) throws {
        self.database = database
        for table in LedgerTable.all where !["failures", "deaths"].contains(table.name) {
            let info = try Row.fetchAll(database, sql: "PRAGMA table_info(\(table.name))")
            let columns = try info.map { try $0.text(1) }
            let sql = try String.fetchOne(
                database, sql: "SELECT sql FROM sqlite_master WHERE name = ?", arguments: [table.name])
            let order: String
            switch table.name {
            case "shards": order = "sealed"
            case "runs": order = "finished"
            case "pipelines": order = "updated"
            default: order = ""
            }
            let key = columns.prefix(table.keyLength).joined(separator: ", ")
            let settings = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            // Of two versions of a row, keep the later one; for rows that never change, keep the first one found.
            let conflict =
                order.isEmpty
                ? "" : " ON CONFLICT(\(key)) DO UPDATE SET \(settings) WHERE excluded.\(order) > coalesce(\(order), 0)"
            let marks = columns.map { _ in "?" }.joined(separator: ",")
            let ignore = order.isEmpty ? "OR IGNORE " : ""
            targets.append(
                Target(
                    table: table, columns: columns, isKeyed: sql?.contains("WITHOUT ROWID") ?? false,
                    reals: Set(info.indices.filter { info[$0].text(orNil: 2) == "REAL" }),
                    defaults: try info.map { row in
                        guard let text = row.text(orNil: 4) else { return .null }
                        return try DatabaseValue.fetchOne(database, sql: "SELECT \(text)") ?? .null
                    },
                    places: table.columns.compactMap { columns.firstIndex(of: $0) },
                    checkPlace: columns.firstIndex(of: "row_check") ?? columns.count,
                    insert: try database.makeStatement(
                        sql:
                            "INSERT \(ignore)INTO \(table.name)(\(columns.joined(separator: ", "))) VALUES(\(marks))\(conflict)"
                    )))
        }
    }

    func results() throws -> Int { try Int.fetchOne(database, sql: "SELECT count(*) FROM results") ?? 0 }
    /// Removes results whose stage has no front-end although the ledger had a table of front-ends: they would be taken
    /// for YAMNet's. An older ledger knew no other front-end, so all its results stay.
    ///
    /// - Returns: how many.
    func dropResultsOfLostFrontEnds() throws -> Int {
        let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM front_ends") ?? 0
        guard knowsFrontEnds || rows > 0 else { return 0 }
        try database.execute(sql: "DELETE FROM results WHERE stage NOT IN (SELECT stage FROM front_ends)")
        return database.changesCount
    }

    func clips() throws -> Int { try Int.fetchOne(database, sql: "SELECT count(*) FROM clips") ?? 0 }

    /// Takes every intact row of a file. Whatever the header says, the page size is the one that finds the most rows.
    func take(_ path: String) throws {
        var best: (scan: PageScan, rows: Int)?
        for size in PageScan.pageSizes {
            let scan = try PageScan(path: path, pageSize: size)
            var rows = 0
            try scan.forEachRecord { if target(of: $0) != nil { rows += 1 } }
            if rows > best?.rows ?? 0 { best = (scan, rows) }
            // Scanning with the wrong page size finds next to no rows.
            if size == PageScan.pageSizes[0], rows > 100 { break }
        }
        guard let best else { return }
        // Type, name and table of a schema entry, as stored on a page.
        if best.scan.holds("tablefront_endsfront_ends") { knowsFrontEnds = true }
        try best.scan.forEachRecord { try put($0) }
        for id in torn {
            for (table, column) in [("clips", "id"), ("sources", "clip"), ("results", "clip")] {
                try database.execute(sql: "DELETE FROM \(table) WHERE \(column) = ?", arguments: [id])
            }
            names[id] = nil
        }
        torn = []
    }

    /// Takes from a copy the rows that are still missing, unless the copy is of another ledger, where the same id means
    /// another clip. A copy that cannot be opened as a ledger is used without this check.
    func takeCopy(_ path: String) throws {
        let before = names
        guard let copy = try? Ledger.reading(path: path) else { return try take(path) }
        var isOfThis = true
        try copy.forEachKnownClip { id, name in
            if let known = before[id], known != name { isOfThis = false }
        }
        try copy.close()
        if isOfThis { try take(path) }
    }

    private func target(of record: PageScan.Record) -> (Target, [DatabaseValue])? {
        for target in targets where target.isKeyed == (record.rowID == nil) {
            guard record.values.count > target.checkPlace, record.values.count <= target.columns.count else { continue }
            var values = record.values
            // A row written before a column was added ends before that column.
            values += target.defaults[values.count...]
            if let id = record.rowID {
                guard values[0].isNull else { continue }
                values[0] = id.databaseValue
            }
            for place in target.reals {
                if case .int64(let number) = values[place].storage { values[place] = Double(number).databaseValue }
            }
            if target.table.isSound(target.places.map { values[$0] }), isNamed(target, values) {
                return (target, values)
            }
        }
        return nil
    }

    /// Rows of `models` and `meta` have the same shape, and only the name tells them apart. Nothing is taken from
    /// `meta`: a run works it out again.
    private func isNamed(_ target: Target, _ values: [DatabaseValue]) -> Bool {
        guard ["models", "meta"].contains(target.table.name), case .string(let text) = values[0].storage else {
            return true
        }
        return target.table.name == "models"
            && !["hop ", Ledger.sharedKeyStart, Ledger.takenOverKey].contains { text.hasPrefix($0) }
            && !["manifest", "clips", "index", "next-shard", Ledger.removedKey, Ledger.nextClipKey].contains(text)
    }

    private func put(_ record: PageScan.Record) throws {
        guard let (target, values) = target(of: record) else { return }
        if target.table.name == "clips", let id = record.rowID,
            let clip = KnownClip(checked: target.places.map { values[$0] }, from: 0)
        {
            if let known = names[id], known != clip.name { torn.insert(id) }
            names[id] = clip.name
        }
        target.insert.setUncheckedArguments(StatementArguments(values))
        // A row that conflicts with others, such as a second clip of the same name, is dropped.
        try? target.insert.execute()
    }
}
