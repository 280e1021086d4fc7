import GRDB

/// Values of a table row in the order they were asked for, read either through SQLite or straight from a page.
protocol RowValues {
    func value(_ index: Int) -> DatabaseValue
    func text(orNil index: Int) -> String?
    func number(orNil index: Int) -> Int64?
}

/// A row as SQLite converts it, which takes half the time of checking each value's type first. A value of the wrong type is
/// converted either to a different value, which the row's check catches, or to the same value, which does no harm to a
/// reader. `verify` does check the types.
///
/// Use it only for a cursor's current row: on a copied row, GRDB crashes the process when a value has the wrong type.
private struct ConvertedRow: RowValues {
    let row: Row

    func value(_ index: Int) -> DatabaseValue { row[index] }
    func text(orNil index: Int) -> String? { row[index] as String? }
    func number(orNil index: Int) -> Int64? { row[index] as Int64? }
}

extension Row: RowValues {
    func value(_ index: Int) -> DatabaseValue { self[index] }
}

extension [DatabaseValue]: RowValues {
    func value(_ index: Int) -> DatabaseValue { self[index] }
}

extension RowValues {
    /// nil if there is no text. A flipped bit can turn a text into a blob that reads as the same text; a blob does not count
    /// as text.
    func text(orNil index: Int) -> String? {
        if case .string(let text) = value(index).storage { text } else { nil }
    }

    func number(orNil index: Int) -> Int64? { Int64.fromDatabaseValue(value(index)) }

    /// A number or NULL, for columns that may be NULL; nil for anything else.
    func optionalNumber(orNil index: Int) -> Int64?? {
        if let number = number(orNil: index) { return .some(number) }
        return value(index).isNull ? .some(nil) : nil
    }
}

extension RowValues {
    /// A text or NULL, for columns that may be NULL; nil for anything else.
    func optionalText(orNil index: Int) -> String?? {
        if let text = text(orNil: index) { return .some(text) }
        return value(index).isNull ? .some(nil) : nil
    }
}

/// A record of one of the large tables, made only from a row that matches its check.
protocol CheckedRecord {
    static var table: String { get }
    /// The columns to select, in the order `init` reads them. The check is the last.
    static var columns: [String] { get }
    /// How many of the leading columns form the row's key.
    static var keyLength: Int { get }

    /// nil if a value has the wrong type or the row does not match its check.
    ///
    /// - Parameter start: index of the first of `columns` in the row.
    init?(checked row: some RowValues, from start: Int)
}

extension CheckedRecord {
    /// The columns as a list for a statement.
    ///
    /// - Parameter alias: the table's alias in the statement.
    static func list(_ alias: String) -> String { columns.map { alias + "." + $0 }.joined(separator: ", ") }

    /// - Throws: `LedgerError` of kind corrupt, naming table and key, if the row is not what was written.
    static func read(_ row: Row, from start: Int = 0) throws -> Self {
        try read(row, row, from: start)
    }

    /// Like `read`, for a cursor's current row, in half the time.
    static func read(cursor row: Row, from start: Int = 0) throws -> Self {
        try read(row, ConvertedRow(row: row), from: start)
    }

    private static func read(_ row: Row, _ values: some RowValues, from start: Int) throws -> Self {
        if let record = Self(checked: values, from: start) { return record }
        throw LedgerError.damaged(table, (start..<start + keyLength).map { row.value($0).shown })
    }
}

extension LedgerError {
    /// A row that does not match its check. The ledger fills in its path.
    static func damaged(_ table: String, _ key: [String]) -> LedgerError {
        LedgerError(
            .corrupt, path: "",
            "row \(key.joined(separator: ", ")) of \(table) is not what was written; run 'earmark verify --repair'")
    }
}

extension DatabaseValue {
    /// For messages.
    var shown: String {
        switch storage {
        case .null: "nothing"
        case .int64(let number): String(number)
        case .double(let number): String(number)
        case .string(let text): text
        case .blob(let bytes): "\(bytes.count) bytes"
        }
    }
}

/// A row of `clips`, whether or not the last run's manifest names the clip.
struct KnownClip: CheckedRecord {
    static let table = "clips"
    static let columns = ["id", "name", "path", "position", "part", "metadata", "row_check"]
    static let keyLength = 1

    let id: Int64
    let name: String
    let path: String
    let position: Int64?
    let part: String?
    let metadata: String?

    init?(checked row: some RowValues, from start: Int) {
        let position = row.number(orNil: start + 3)
        guard let id = row.number(orNil: start), let name = row.text(orNil: start + 1),
            let path = row.text(orNil: start + 2), position != nil || row.value(start + 3).isNull,
            let part = row.optionalText(orNil: start + 4), let metadata = row.optionalText(orNil: start + 5),
            ClipRecord.check(.init(name, path, part: part, metadata: metadata), position)
                == row.number(orNil: start + 6)
        else { return nil }
        (self.id, self.name, self.path, self.position) = (id, name, path, position)
        (self.part, self.metadata) = (part, metadata)
    }

    /// - Throws: `LedgerError` if the clip has no position, although it was selected by position.
    var placed: ClipRecord {
        get throws {
            guard let position else { throw LedgerError.damaged(Self.table, [String(id)]) }
            return ClipRecord(id: id, position: position, name: name, path: path, part: part, metadata: metadata)
        }
    }
}

extension SourceRecord: CheckedRecord {
    static let table = "sources"
    static let columns = ["clip", "size", "modified", "content", "frames", "rate", "row_check"]
    static let keyLength = 1

    init?(checked row: some RowValues, from start: Int) {
        guard let clip = row.number(orNil: start), let size = row.number(orNil: start + 1),
            let modified = row.number(orNil: start + 2), let content = row.text(orNil: start + 3),
            let frames = row.optionalNumber(orNil: start + 4), let rate = row.optionalNumber(orNil: start + 5)
        else { return nil }
        self.init(clip: clip, size: size, modified: modified, content: content, frames: frames, rate: rate)
        guard check == row.number(orNil: start + 6) else { return nil }
    }
}

extension ResultRecord: CheckedRecord {
    static let table = "results"
    static let columns = [
        "clip", "stage", "content", "shard", "first_row", "row_count", "digest", "samples", "row_check",
    ]
    static let keyLength = 2

    init?(checked row: some RowValues, from start: Int) {
        guard let clip = row.number(orNil: start), let stage = row.number(orNil: start + 1),
            let content = row.text(orNil: start + 2), let shard = row.number(orNil: start + 3),
            let first = row.number(orNil: start + 4), let count = row.number(orNil: start + 5),
            let digest = row.text(orNil: start + 6), let samples = row.optionalNumber(orNil: start + 7)
        else { return nil }
        self.init(
            clip: clip, stage: stage, content: content, shard: shard, firstRow: first, rowCount: count, digest: digest,
            samples: samples)
        guard check == row.number(orNil: start + 8) else { return nil }
    }
}

extension ShardRecord: CheckedRecord {
    static let table = "shards"
    static let columns = [
        "id", "path", "stage", "kind", "dtype", "columns", "rows", "bytes", "digest", "sealed", "row_check",
    ]
    static let keyLength = 1

    init?(checked row: some RowValues, from start: Int) {
        let digest = row.text(orNil: start + 8)
        guard let id = row.number(orNil: start), let path = row.text(orNil: start + 1),
            let stage = row.number(orNil: start + 2), let kind = row.text(orNil: start + 3),
            let dtype = row.text(orNil: start + 4), let columns = row.number(orNil: start + 5),
            let rows = row.number(orNil: start + 6), let bytes = row.number(orNil: start + 7),
            digest != nil || row.value(start + 8).isNull, let sealed = row.number(orNil: start + 9), sealed & ~1 == 0
        else { return nil }
        self.init(
            id: id, path: path, stage: stage, kind: kind, dtype: dtype, columns: columns, rows: rows, bytes: bytes,
            digest: digest, isSealed: sealed == 1)
        guard check == row.number(orNil: start + 10) else { return nil }
    }
}
