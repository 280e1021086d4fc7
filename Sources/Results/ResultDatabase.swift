import Errors
import Evaluation
import Files
import GRDB
import Ledger
import Tables

/// An SQLite file of labels or events: `clips`, `classes`, `provenance`, and `labels` or `events`, whose columns are those of the
/// CSV tables, so that one query, or a filter in any SQLite browser, answers "all dogs above 0.6":
///
///     SELECT * FROM labels WHERE label = 'Dog' AND score > 0.6
///
/// Every row holds its clip's and class's names. Numbers instead would halve the file, but turn every such query into a join of
/// three tables.
final class ResultDatabase {
    enum Kind: String { case labels, events }

    private let database: Database
    private let clip: Statement
    private let row: Statement
    private let isReviewed: Bool
    private let carried: CarriedColumns

    /// The manifest's further columns as the table `clips` has them. Names of columns have no case in SQL.
    static func further(_ columns: ManifestColumns) -> CarriedColumns {
        CarriedColumns(columns, besides: ["clip", "path", "seconds", "state"], ignoresCase: true)
    }

    /// Makes the file and fills it.
    ///
    /// - Parameter fill: writes the rows; what it returns is added to `provenance`.
    /// - Throws: `FileError` if the file cannot be written, and anything `fill` throws.
    static func make(
        _ path: String, _ kind: Kind, classes: [String], thresholds: Thresholds, provenance: Provenance,
        _ fill: (ResultDatabase) throws -> Coverage
    ) throws {
        try FileSystem.make(path) { file in
            do {
                var configuration = Configuration()
                // Clips are written before their rows, and classes before both: checking each row's parents costs a third more.
                configuration.foreignKeysEnabled = false
                let queue = try DatabaseQueue(path: address(file), configuration: configuration)
                try queue.writeWithoutTransaction { database in
                    // The file has only a temporary name so far, so it appears whole or not at all. A new database needs no
                    // journal.
                    try database.execute(sql: "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
                    try database.inTransaction(.exclusive) {
                        try database.execute(sql: tables(kind, provenance))
                        try write(classes, thresholds, database)
                        let coverage = try fill(ResultDatabase(database, kind, provenance))
                        try write(provenance, coverage, database)
                        // Built at the end: updating them row by row would take most of the time.
                        try database.execute(
                            sql: """
                                CREATE INDEX \(kind.rawValue)_by_label ON \(kind.rawValue)(label, score);
                                CREATE INDEX \(kind.rawValue)_by_clip ON \(kind.rawValue)(clip);
                                """)
                        return .commit
                    }
                }
                try queue.close()
            } catch let error as DatabaseError {
                let isFull = error.resultCode == .SQLITE_FULL
                throw FileError(
                    path: path == "-" ? "standard output" : path,
                    "cannot write: \(isFull ? "No space left on device" : error.message ?? "\(error)")",
                    category: isFull && path != "-" ? .shortage : .inputOutput)
            }
        }
    }

    /// SQLite's own locks are useless here, and on some network file systems they would clash with the lock held while the file
    /// is written: hence `unix-none`. Every byte that is not a plain letter is escaped, whatever the name's encoding.
    private static func address(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-".utf8)
        let escaped = PathText.bytes(FileSystem.absolute(path)).flatMap { byte in
            plain.contains(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return "file:" + String(decoding: escaped, as: UTF8.self) + "?vfs=unix-none"
    }

    private static func tables(_ kind: Kind, _ provenance: Provenance) -> String {
        let isReviewed = provenance.isReviewed
        let further = provenance.further.titles.map { ", \(quoted($0)) TEXT" }.joined()
        // What was judged and is not found any more has no score.
        let must = isReviewed ? "" : " NOT NULL"
        let reviews =
            isReviewed
            ? ", verdict TEXT, reviewer TEXT, judged_at TEXT, corrected_label TEXT, corrected_start REAL, corrected_end REAL"
            : ""
        let own =
            switch kind {
            case .labels: "score REAL\(must), rank INTEGER\(must)\(reviews)"
            case .events: "score REAL\(must), peak REAL\(must), began TEXT\(reviews)"
            }
        let span = kind == .events ? "start REAL NOT NULL, \"end\" REAL NOT NULL, " : ""
        return """
            PRAGMA user_version = 1;
            CREATE TABLE provenance(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE classes(label TEXT PRIMARY KEY, threshold REAL NOT NULL, release REAL NOT NULL);
            CREATE TABLE clips(clip TEXT PRIMARY KEY, path TEXT NOT NULL, seconds REAL, state TEXT NOT NULL\(further));
            CREATE TABLE \(kind.rawValue)(clip TEXT NOT NULL REFERENCES clips, \(span)label TEXT NOT NULL REFERENCES classes, \
            \(own));
            """
    }

    /// A name as SQL has it.
    private static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"").replacing("\0", with: "") + "\""
    }

    private static func write(_ classes: [String], _ thresholds: Thresholds, _ database: Database) throws {
        // A model may have the same name twice; the first counts everywhere else too.
        let insert = try database.makeStatement(sql: "INSERT OR IGNORE INTO classes VALUES(?, ?, ?)")
        for (place, name) in classes.enumerated() {
            try insert.execute(arguments: [name, number(thresholds.on[place]), number(thresholds.release[place])])
        }
    }

    private static func write(_ provenance: Provenance, _ coverage: Coverage, _ database: Database) throws {
        let insert = try database.makeStatement(sql: "INSERT OR REPLACE INTO provenance VALUES(?, ?)")
        let counts = [
            ("clips", coverage.clips), ("clips.done", coverage.done), ("clips.failed", coverage.failed),
            ("clips.pending", coverage.pending),
        ]
        var values = counts.map { (name: $0, value: String($1)) }
        if let skipped = coverage.skipped {
            values += [
                ("skipped.below", "\(skipped.below) dBFS"), ("skipped.chunks", String(skipped.chunks)),
                ("skipped.seconds", "\(skipped.seconds)"), ("skipped.clips", String(skipped.clips)),
            ]
        }
        for (name, value) in provenance.fields + values {
            try insert.execute(arguments: [name, value])
        }
    }

    private init(_ database: Database, _ kind: Kind, _ provenance: Provenance) throws {
        self.database = database
        isReviewed = provenance.isReviewed
        carried = provenance.further
        // A clip without scores is noted first, and comes again with what was judged in it.
        let places = [String](repeating: "?", count: 4 + carried.names.count).joined(separator: ", ")
        clip = try database.makeStatement(sql: "INSERT\(isReviewed ? " OR IGNORE" : "") INTO clips VALUES(\(places))")
        let count = (kind == .labels ? 4 : 7) + (isReviewed ? EventText.reviewColumns.count : 0)
        let marks = [String](repeating: "?", count: count).joined(separator: ", ")
        row = try database.makeStatement(sql: "INSERT INTO \(kind.rawValue) VALUES(\(marks))")
    }

    func write(_ clip: EventClip, state: String) throws {
        let values: [(any DatabaseValueConvertible)?] = [clip.name, clip.path, clip.seconds, state]
        self.clip.setUncheckedArguments(StatementArguments(values + carried.values(clip.metadata)))
        try self.clip.execute()
    }

    /// - Parameters:
    ///   - label: nil for a class that was judged, and is none of the labels.
    ///   - review: only in a file with judgements.
    func write(_ label: ClipLabel?, clip: String, name: String, review: EventReview? = nil) throws {
        let values: [(any DatabaseValueConvertible)?] = [
            clip, name, label.map { Self.number($0.score) }, label.map(\.rank),
        ]
        row.setUncheckedArguments(StatementArguments(values + reviewValues(review)))
        try row.execute()
    }

    private func reviewValues(_ review: EventReview?) -> [(any DatabaseValueConvertible)?] {
        guard isReviewed else { return [] }
        return [
            review?.verdict.rawValue, review?.reviewers.joined(separator: EventText.reviewerSeparator),
            review?.judgedAt, review?.correction.label, review?.correction.start, review?.correction.end,
        ]
    }

    func write(_ event: Event) throws {
        let values: [(any DatabaseValueConvertible)?] = [
            event.clip, event.start, event.end, event.label,
            event.score.isNaN ? nil : Self.number(Float(event.score)),
            event.peak.isNaN ? nil : Self.number(Float(event.peak)), event.began,
        ]
        row.setUncheckedArguments(StatementArguments(values + reviewValues(event.review)))
        try row.execute()
    }

    /// The float64 with the same text as the float32: 0.6 and not 0.60000002384, so that `score >= 0.6` finds it.
    private static func number(_ value: Float) -> Double { Double(value.description) ?? Double(value) }
}
