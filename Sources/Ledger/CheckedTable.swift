import GRDB

/// A table with few enough rows that each can be checked field by field as SQLite returns it.
///
/// The large tables (clips, sources, results, shards) have record types that compute their own checks.
struct CheckedTable {
    let name: String
    /// The columns of the primary key.
    let key: [String]
    /// All other columns except the check.
    let fields: [String]
    /// Columns that a later version of the schema added. They count in the check only when they hold a value, so older rows
    /// keep their checks.
    var later: [String] = []
    /// The column that names a clip, if one does.
    var clip: String?

    static let meta = CheckedTable(name: "meta", key: ["key"], fields: ["value"])
    static let pipelines = CheckedTable(
        name: "pipelines", key: ["name"], fields: ["fingerprint", "stages", "file", "updated"],
        later: ["targets", "settings"])
    static let stages = CheckedTable(name: "stages", key: ["id"], fields: ["fingerprint", "kind", "classes"])
    static let runs = CheckedTable(
        name: "runs", key: ["id"],
        fields: ["pipeline", "started", "finished", "workers", "outcome", "done", "failed"], later: ["audio", "work"])
    static let models = CheckedTable(name: "models", key: ["digest"], fields: ["path"])
    static let deaths = CheckedTable(name: "deaths", key: ["clip"], fields: ["count"], clip: "clip")
    static let failures = CheckedTable(
        name: "failures", key: ["clip", "target"],
        fields: ["class", "reason", "frame", "size", "modified", "attempts"], clip: "clip")
    /// Its column types differ from those of `sources`: on a page of a damaged ledger, only the types tell whose row it is.
    static let frontEnds = CheckedTable(
        name: "front_ends", key: ["stage"], fields: ["rate", "hop", "chunk_hop", "settings"])
    static let all = [meta, pipelines, stages, runs, models, deaths, failures, frontEnds]

    /// All columns except the check.
    var columns: [String] { key + fields + later }
    var keyCondition: String { key.map { "\($0) = ?" }.joined(separator: " AND ") }

    /// Writes the check of a row that was just written.
    func mark(_ database: Database, _ arguments: StatementArguments) throws {
        let select = try database.cachedStatement(
            sql: "SELECT \(columns.joined(separator: ", ")) FROM \(name) WHERE \(keyCondition)")
        guard let row = try Row.fetchOne(select, arguments: arguments) else { return }
        try database.cachedStatement(sql: "UPDATE \(name) SET row_check = ? WHERE \(keyCondition)")
            .execute(arguments: [check(row)] + arguments)
    }

    /// Rows, each verified against its check, with their values in the order of `columns`.
    ///
    /// - Parameter tail: what follows the table's name in the statement; the table's alias is `t`.
    /// - Throws: `LedgerError` of kind corrupt, naming table and key, for the first row that is not what was written.
    func rows(_ database: Database, _ tail: String = "", _ arguments: StatementArguments = []) throws -> [Row] {
        let list = (columns + ["row_check"]).map { "t." + $0 }.joined(separator: ", ")
        let rows = try Row.fetchAll(database, sql: "SELECT \(list) FROM \(name) t \(tail)", arguments: arguments)
        for row in rows where !isSound(row) { throw LedgerError.damaged(name, key.indices.map { row.value($0).shown }) }
        return rows
    }

    /// Whether a row matches its check, which comes right after `columns`.
    func isSound(_ row: some RowValues) -> Bool { row.number(orNil: columns.count) == check(row) }

    /// Covers each value's storage class as well: a byte that turns a text into a blob or a number must be noticed.
    private func check(_ row: some RowValues) -> Int64 {
        var check = RowCheck()
        for index in columns.indices {
            switch row.value(index).storage {
            case .null: if index < key.count + fields.count { check.add(nil as Int64?) }
            case .int64(let number): check.add(number)
            case .double(let number): check.add(number)
            case .string(let text): check.add(text)
            case .blob(let bytes): check.add(Array(bytes))
            }
        }
        return check.value
    }
}
