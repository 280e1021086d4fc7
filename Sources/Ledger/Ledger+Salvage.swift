import Foundation
import GRDB

extension Ledger {
    /// What was saved of a damaged ledger.
    package struct Salvage: Sendable, Equatable {
        package var clips = 0
        package var results = 0
        /// Results that stood in the copy alone.
        package var fromBackup = 0
        /// Results that were left out, as the row that tells their stage's front-end is lost.
        package var ofLostFrontEnds = 0
    }

    /// Saves what is sound of a ledger whose pages, header or schema are damaged, or which is missing: every row that fits
    /// its check, from the file, its log and the copy of it, goes into a new file, which takes the old one's place.
    ///
    /// What a row says was true when it was written, and rows of shards are held against their digests when they are
    /// read, so a stale row of a free page or of the copy costs work at most. Failures and deaths are left out: one that
    /// was forgotten since must not come back. What is lost is pending again.
    ///
    /// The caller holds the cache's lock and has no other connection open.
    /// - Parameter backup: path of a copy; one that is missing is none.
    /// - Throws: `LedgerError` of kind corrupt, the file untouched, where no row of a clip, stage or result is sound.
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
                "no clip can be read from it\(backup == nil ? "" : " or from its copy"): whose rows the shards hold is not "
                    + "known any more. Remove the cache's folder, or name another, and run again: everything is made anew"
            )
        }
        // A log that is left beside a file it does not belong to would be played into it, so it goes first.
        for ending in ["-wal", "-shm"] where unlink(path + ending) != 0 && errno != ENOENT {
            throw LedgerError(.inputOutput, path: path + ending, "cannot remove: " + String(cString: strerror(errno)))
        }
        try replace(target, path)
        return found
    }

    /// Writes a copy of the ledger beside it, whole or not at all: what `salvage` takes where the ledger is damaged.
    ///
    /// - Throws: `LedgerError`; the copy of before stands then.
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

    /// Gives a finished file its name, durably.
    private static func replace(_ from: String, _ to: String) throws {
        func sync(_ path: String, _ flags: Int32) throws {
            let descriptor = open(path, flags | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw LedgerError(.inputOutput, path: path, "cannot open: " + String(cString: strerror(errno)))
            }
            defer { Foundation.close(descriptor) }
            // Some file systems cannot sync a folder, and say so by an error that is no loss.
            guard fsync(descriptor) == 0 || errno == EINVAL else {
                throw LedgerError(.inputOutput, path: path, "cannot sync: " + String(cString: strerror(errno)))
            }
        }
        try sync(from, O_RDONLY)
        guard rename(from, to) == 0 else {
            throw LedgerError(.inputOutput, path: from, "cannot rename: " + String(cString: strerror(errno)))
        }
        let folder = (to as NSString).deletingLastPathComponent
        try sync(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY)
    }
}

/// Puts rows that were found on pages into the tables of a new ledger.
private final class SalvageSink {
    private struct Target {
        let table: LedgerTable
        /// As the new ledger has them, in the order in which a page holds them.
        let columns: [String]
        let isKeyed: Bool
        /// Columns of floating point: a page holds a whole number as an integer.
        let reals: Set<Int>
        let defaults: [DatabaseValue]
        /// For each column that the check wants its place on a page.
        let places: [Int]
        let checkPlace: Int
        let insert: Statement
    }

    private let database: Database
    private var targets: [Target] = []
    /// Names of clips by id. An id that two names have is of neither.
    private var names: [Int64: String] = [:]
    private var torn: Set<Int64> = []
    /// Whether a schema that was met has the table of front-ends.
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
            // Of two states of a row the later one; for rows that never change, the first that is found.
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
    /// Takes results out whose stage tells no front-end though the ledger had a table of them: they would be taken for
    /// YAMNet's. In a ledger of before there was no other, and all stay.
    ///
    /// - Returns: how many.
    func dropResultsOfLostFrontEnds() throws -> Int {
        let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM front_ends") ?? 0
        guard knowsFrontEnds || rows > 0 else { return 0 }
        try database.execute(sql: "DELETE FROM results WHERE stage NOT IN (SELECT stage FROM front_ends)")
        return database.changesCount
    }

    func clips() throws -> Int { try Int.fetchOne(database, sql: "SELECT count(*) FROM clips") ?? 0 }

    /// Takes every sound row of a file. Whatever its header says, the size of its pages is the one that most rows are
    /// found with.
    func take(_ path: String) throws {
        var best: (scan: PageScan, rows: Int)?
        for size in PageScan.pageSizes {
            let scan = try PageScan(path: path, pageSize: size)
            var rows = 0
            try scan.forEachRecord { if target(of: $0) != nil { rows += 1 } }
            if rows > best?.rows ?? 0 { best = (scan, rows) }
            // Pages of another size hold next to nothing where those of ours hold rows.
            if size == PageScan.pageSizes[0], rows > 100 { break }
        }
        guard let best else { return }
        // Kind, name and table of an entry of the schema, as they lie on a page.
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

    /// Takes the rows of a copy that are missing, unless it is of another ledger: then an id is another clip's.
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
            // A row that was written before a column was added ends before it.
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

    /// Rows of `models` and `meta` have one shape: a name tells them apart. Nothing of `meta` is taken: a run finds it out
    /// again.
    private func isNamed(_ target: Target, _ values: [DatabaseValue]) -> Bool {
        guard ["models", "meta"].contains(target.table.name), case .string(let text) = values[0].storage else {
            return true
        }
        return target.table.name == "models" && !text.hasPrefix("hop ")
            && !["manifest", "clips", "index", "next-shard"].contains(text)
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
        // A row that two others contradict, such as a second clip of one name, is one that is lost.
        try? target.insert.execute()
    }
}
