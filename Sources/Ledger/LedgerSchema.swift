import GRDB

/// The tables of a ledger, version by version.
///
/// Every row ends in a check over its other fields. Version 1, in which small tables had none, was never released.
enum LedgerSchema {
    /// The name of the version that this program writes. It reads those from "2" on as well: "2" knows no lengths and no
    /// settings, "3" no front-ends, "4" not how much audio a run went through.
    static let version = "5"
    /// Marks the file as ours, in SQLite's application_id: "EARM".
    static let applicationID = 0x4541_524D

    /// The texts that made a database's tables and indexes. A flipped byte among them would rename a column or lose a key.
    static func tables(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database, sql: "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY name")
    }

    /// Those of a ledger that was just made.
    static let expected = Result {
        let queue = try DatabaseQueue()
        try migrator.migrate(queue)
        return try queue.read(tables)
    }

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
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
                    PRAGMA application_id = \(applicationID);
                    """)
        }
        // Rows of before keep their checks: what is new counts in a check only where it is there.
        migrator.registerMigration("3") { database in
            try database.execute(
                sql: """
                    ALTER TABLE sources ADD COLUMN frames INTEGER;
                    ALTER TABLE sources ADD COLUMN rate INTEGER;
                    ALTER TABLE results ADD COLUMN samples INTEGER;
                    ALTER TABLE pipelines ADD COLUMN targets TEXT;
                    ALTER TABLE pipelines ADD COLUMN settings TEXT;
                    """)
        }
        // A stage without a row here is one of before: its rows were made by YAMNet's front-end, as there was no other.
        // What version 3, which was never released, noted of hops in `meta` stands here from a pipeline's next run on.
        migrator.registerMigration("4") { database in
            try database.execute(
                sql: """
                    CREATE TABLE front_ends(stage INTEGER PRIMARY KEY, rate INTEGER NOT NULL, hop INTEGER NOT NULL,
                        chunk_hop INTEGER NOT NULL, settings TEXT NOT NULL, row_check INTEGER NOT NULL DEFAULT 0);
                    DELETE FROM meta WHERE key LIKE 'hop %';
                    """)
        }
        // How fast a cache's runs were: seconds of audio, and what was done with them.
        migrator.registerMigration("5") { database in
            try database.execute(
                sql: "ALTER TABLE runs ADD COLUMN audio REAL; ALTER TABLE runs ADD COLUMN work TEXT;")
        }
        return migrator
    }

    /// Makes tables of earlier versions, which can only be read, answer as those of this one with nothing in what is new:
    /// views of the same names come before them.
    static func showAsCurrent(_ database: Database) throws {
        let known = try migrator.appliedIdentifiers(database)
        if !known.contains("3") {
            try database.execute(
                sql: """
                    CREATE TEMP VIEW sources AS SELECT *, NULL AS frames, NULL AS rate FROM main.sources;
                    CREATE TEMP VIEW results AS SELECT *, NULL AS samples FROM main.results;
                    CREATE TEMP VIEW pipelines AS SELECT *, NULL AS targets, NULL AS settings FROM main.pipelines;
                    """)
        }
        if !known.contains("4") {
            try database.execute(
                sql: """
                    CREATE TEMP VIEW front_ends AS
                    SELECT 0 AS stage, 0 AS rate, 0 AS hop, 0 AS chunk_hop, '' AS settings, 0 AS row_check WHERE 0;
                    """)
        }
        if !known.contains("5") {
            try database.execute(
                sql: "CREATE TEMP VIEW runs AS SELECT *, NULL AS audio, NULL AS work FROM main.runs;")
        }
    }
}
