import Foundation
import GRDB
import Ledger
import Testing

/// A ledger of version 2, which knows no lengths and no settings: read as it is, and brought up to date by a run.
@Suite struct OldLedgerTests {
    /// The tables as version 2 made them.
    private static let tables = """
        CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL, row_check INTEGER NOT NULL DEFAULT 0)
            WITHOUT ROWID;
        CREATE TABLE pipelines(name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, stages TEXT NOT NULL,
            file TEXT NOT NULL, updated REAL NOT NULL, row_check INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE TABLE stages(id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
            classes TEXT NOT NULL, row_check INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE clips(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, path TEXT NOT NULL,
            position INTEGER, row_check INTEGER NOT NULL);
        CREATE INDEX clips_by_position ON clips(position) WHERE position IS NOT NULL;
        CREATE TABLE sources(clip INTEGER PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
            content TEXT NOT NULL, row_check INTEGER NOT NULL);
        CREATE TABLE results(clip INTEGER NOT NULL, stage INTEGER NOT NULL, content TEXT NOT NULL,
            shard INTEGER NOT NULL, first_row INTEGER NOT NULL, row_count INTEGER NOT NULL,
            digest TEXT NOT NULL, row_check INTEGER NOT NULL, PRIMARY KEY(clip, stage)) WITHOUT ROWID;
        CREATE TABLE failures(clip INTEGER NOT NULL, target TEXT NOT NULL, class TEXT NOT NULL,
            reason TEXT NOT NULL, frame INTEGER, size INTEGER, modified INTEGER,
            attempts INTEGER NOT NULL, row_check INTEGER NOT NULL,
            PRIMARY KEY(clip, target)) WITHOUT ROWID;
        CREATE TABLE shards(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stage INTEGER NOT NULL,
            kind TEXT NOT NULL, dtype TEXT NOT NULL, columns INTEGER NOT NULL, rows INTEGER NOT NULL,
            bytes INTEGER NOT NULL, digest TEXT, sealed INTEGER NOT NULL, row_check INTEGER NOT NULL);
        CREATE TABLE runs(id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, started REAL NOT NULL,
            finished REAL, workers INTEGER NOT NULL, outcome TEXT, done INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0, row_check INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE models(digest TEXT PRIMARY KEY, path TEXT NOT NULL,
            row_check INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE TABLE deaths(clip INTEGER PRIMARY KEY, count INTEGER NOT NULL,
            row_check INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES('2');
        PRAGMA application_id = 1161908813;
        """

    /// The check of a row by version 2's rule, written anew: FNV-1a over its fields.
    private static func check(_ fields: [Any]) -> Int64 {
        var state: UInt64 = 14_695_981_039_346_656_037
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { state = (state ^ UInt64(byte)) &* 1_099_511_628_211 }
        }
        func add(_ bits: UInt64) { add([3] + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }) }
        for field in fields {
            switch field {
            case let text as String: add([1] + Array(text.utf8) + [0])
            case let number as Int: add(UInt64(bitPattern: Int64(number)))
            case let number as Double:
                add([4])
                add(number.bitPattern)
            default: add([2])
            }
        }
        return Int64(bitPattern: state)
    }

    private func old() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        let queue = try DatabaseQueue(path: fixture.path)
        try queue.write { database in
            try database.execute(sql: Self.tables)
            func put(_ table: String, _ fields: [Any], checked: [Any]? = nil) throws {
                let values = fields.map { ($0 as? any DatabaseValueConvertible)?.databaseValue ?? .null }
                let marks = [String](repeating: "?", count: fields.count + 1).joined(separator: ",")
                try database.execute(
                    sql: "INSERT INTO \(table) VALUES(\(marks))",
                    arguments: StatementArguments(values + [Self.check(checked ?? fields).databaseValue]))
            }
            try put("clips", [1, "clip0", "/audio/path0.wav", 0], checked: ["clip0", "/audio/path0.wav", 0])
            try put("clips", [2, "clip1", "/audio/path1.wav", 1], checked: ["clip1", "/audio/path1.wav", 1])
            try put("stages", [1, "thestage", "mel", ""])
            try put("pipelines", ["p", "target", "1", "p.yaml", 1.0])
            try put("sources", [1, 1000, 5, "content1"])
            try put(
                "results", [1, 1, "content1", 1, 10, 10, "digest1"], checked: [1, 1, 1, 10, 10, "content1", "digest1"])
            try put("failures", [2, "target", "empty", "no audio", NSNull(), 1000, 5, 1])
        }
        try queue.close()
        return fixture
    }

    /// - Parameter failed: clips with a failure.
    private func isSound(_ ledger: Ledger, failed: [Int64] = [2]) throws {
        let (structure, rows) = try ledger.verifyRows()
        #expect(structure.isEmpty && rows.isEmpty, "\(rows)")
        let pipeline = try #require(try ledger.pipelines().first)
        #expect(try ledger.frontEnds().isEmpty)
        #expect(pipeline.targets == ["target"] && pipeline.settings.isEmpty)
        #expect(try ledger.counts(for: pipeline) == Parts(2, done: 1, failed: failed.count))
        #expect(try ledger.failures(of: pipeline).map(\.clip) == failed)
        try ledger.forEachSource { #expect($0.seconds == nil && $0.size == 1000) }
        var results = 0
        try ledger.forEachCurrentResult(stages: [1]) { clip, result in
            results += 1
            #expect(clip.name == "clip0" && result.samples == nil && result.digest == "digest1")
        }
        #expect(results == 1)
    }

    @Test("It is read as it is, and every row keeps its check when a run brings it up to date")
    func migrated() throws {
        let fixture = try old()
        let before = try fixture.bytes()
        try isSound(Ledger.reading(path: fixture.path))
        #expect(try fixture.bytes() == before)
        let ledger = try fixture.open()
        try isSound(ledger)
        var batch = CommitBatch(target: "target")
        batch.sources = [
            SourceRecord(clip: 2, size: 7, modified: 8, content: "content2", frames: 44_100, rate: 22_050)
        ]
        batch.results = [
            ResultRecord(
                clip: 2, stage: 1, content: "content2", shard: 1, firstRow: 20, rowCount: 10, digest: "d",
                samples: 32_000)
        ]
        batch.done = [2]
        try ledger.commit(batch)
        try ledger.close()
        // Opening holds the tables against those of a ledger that was just made.
        let again = try Ledger.reading(path: fixture.path)
        #expect(try again.verifyRows().rows.isEmpty)
        #expect(try again.result(clip: 2, stage: 1)?.samples == 32_000)
        var seconds: [Int64: Double] = [:]
        try again.forEachSource { seconds[$0.clip] = $0.seconds }
        #expect(seconds == [2: 2])
        #expect(try again.counts(for: #require(again.pipelines().first)) == Parts(2, done: 2, failed: 0))
    }

    @Test("What can be read of it is saved into a ledger of today, but for failures, which are tried again")
    func salvaged() throws {
        let fixture = try old()
        #expect(try Ledger.salvage(path: fixture.path).clips == 2)
        try isSound(fixture.open(), failed: [])
    }
}
