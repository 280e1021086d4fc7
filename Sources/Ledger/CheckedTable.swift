import GRDB

/// A table whose rows are few enough to be checked field by field as SQLite hands them out.
///
/// The large tables (clips, sources, results, shards) have records of their own that know their checks.
struct CheckedTable {
    let name: String
    /// The columns of the primary key.
    let key: [String]
    /// All others but the check itself.
    let fields: [String]
    /// The column that names a clip, if one does.
    var clip: String?

    static let meta = CheckedTable(name: "meta", key: ["key"], fields: ["value"])
    static let pipelines = CheckedTable(
        name: "pipelines", key: ["name"], fields: ["fingerprint", "stages", "file", "updated"])
    static let stages = CheckedTable(name: "stages", key: ["id"], fields: ["fingerprint", "kind", "classes"])
    static let runs = CheckedTable(
        name: "runs", key: ["id"],
        fields: ["pipeline", "started", "finished", "workers", "outcome", "done", "failed"])
    static let models = CheckedTable(name: "models", key: ["digest"], fields: ["path"])
    static let deaths = CheckedTable(name: "deaths", key: ["clip"], fields: ["count"], clip: "clip")
    static let failures = CheckedTable(
        name: "failures", key: ["clip", "target"],
        fields: ["class", "reason", "frame", "size", "modified", "attempts"], clip: "clip")
    static let frontEnds = CheckedTable(name: "front_ends", key: ["stage"], fields: ["rate", "hop", "settings"])
    static let all = [meta, pipelines, stages, runs, models, deaths, failures, frontEnds]

    private var columns: String { (key + fields).joined(separator: ", ") }
    var keyCondition: String { key.map { "\($0) = ?" }.joined(separator: " AND ") }

    /// Gives a row that was just written its check.
    func mark(_ database: Database, _ arguments: StatementArguments) throws {
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT \(columns) FROM \(name) WHERE \(keyCondition)", arguments: arguments)
        else { return }
        try database.execute(
            sql: "UPDATE \(name) SET row_check = ? WHERE \(keyCondition)",
            arguments: [Self.check(row, count: key.count + fields.count)] + arguments)
    }

    /// The rows that do not fit their checks.
    func damaged(_ database: Database) throws -> [RowDamage] {
        // A ledger of before that is only read has not got every table.
        guard try database.tableExists(name) else { return [] }
        let count = key.count + fields.count
        let rows = try Row.fetchCursor(database, sql: "SELECT \(columns), row_check FROM \(name)")
        var found: [RowDamage] = []
        while let row = try rows.next() {
            if Int64.fromDatabaseValue(row[count]) == Self.check(row, count: count) { continue }
            let values = key.indices.map { row[$0] as DatabaseValue }
            let place = clip.flatMap { key.firstIndex(of: $0) }
            found.append(
                RowDamage(
                    table: name, key: values.map(Self.shown).joined(separator: ", "),
                    clip: place.flatMap { Int64.fromDatabaseValue(values[$0]) },
                    stage: name == "stages" || name == "front_ends" ? Int64.fromDatabaseValue(values[0]) : nil,
                    keyValues: values))
        }
        return found
    }

    /// By storage class as well: a byte that turns a text into bytes or a number must show.
    private static func check(_ row: Row, count: Int) -> Int64 {
        var check = RowCheck()
        for index in 0..<count {
            switch (row[index] as DatabaseValue).storage {
            case .null: check.add(nil as Int64?)
            case .int64(let number): check.add(number)
            case .double(let number): check.add(number)
            case .string(let text): check.add(text)
            case .blob(let bytes): check.add(Array(bytes))
            }
        }
        return check.value
    }

    private static func shown(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .null: "nothing"
        case .int64(let number): String(number)
        case .double(let number): String(number)
        case .string(let text): text
        case .blob(let bytes): "\(bytes.count) bytes"
        }
    }
}
