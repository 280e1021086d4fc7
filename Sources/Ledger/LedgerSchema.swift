import GRDB

/// The tables of a ledger, version by version.
///
/// Every row has a check over its other fields (in `clips`, all but the id). Version 1, whose small tables had none,
/// was never released.
enum LedgerSchema {
    /// The schema version that this program writes. It also reads versions from "2" on: "2" has no lengths and no
    /// settings, "3" no front-ends, "4" does not record how much audio a run processed, and "5" knows whole recordings only,
    /// without what else the manifest says of them.
    static let version = "6"
    /// Identifies the file as a ledger, in SQLite's application_id: "EARM" in ASCII.
    static let applicationID = 0x4541_524D

    /// The definitions of a database's tables and indexes. A flipped byte in one would rename a column or lose a key.
    static func tables(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database, sql: "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY name")
    }

    /// The definitions in a newly created ledger.
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
        // Existing rows keep their checks: a new column counts in a check only if it has a value.
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
        // A stage without a row here was recorded by an earlier version, when YAMNet's front-end was the only one.
        // Version 3, which was never released, recorded hops in `meta`; they are recorded here from a pipeline's next
        // run on.
        migrator.registerMigration("4") { database in
            try database.execute(
                sql: """
                    CREATE TABLE front_ends(stage INTEGER PRIMARY KEY, rate INTEGER NOT NULL, hop INTEGER NOT NULL,
                        chunk_hop INTEGER NOT NULL, settings TEXT NOT NULL, row_check INTEGER NOT NULL DEFAULT 0);
                    DELETE FROM meta WHERE key LIKE 'hop %';
                    """)
        }
        // How fast a cache's runs were: how many seconds of audio they processed, and what they did with them.
        migrator.registerMigration("5") { database in
            try database.execute(
                sql: "ALTER TABLE runs ADD COLUMN audio REAL; ALTER TABLE runs ADD COLUMN work TEXT;")
        }
        migrator.registerMigration("6") { database in
            try database.execute(
                sql: "ALTER TABLE clips ADD COLUMN part TEXT; ALTER TABLE clips ADD COLUMN metadata TEXT;")
        }
        return migrator
    }

    /// Makes the tables of an earlier version, which are opened read-only, look like this version's, with new columns
    /// NULL and new tables empty. Temporary views of the same names, which take precedence over the tables, do this.
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
        if !known.contains("6") {
            try database.execute(
                sql: "CREATE TEMP VIEW clips AS SELECT *, NULL AS part, NULL AS metadata FROM main.clips;")
        }
    }

    /// Whether a view stands in for the table of clips: SQLite then chooses the index itself, because a statement may not
    /// name one for a view.
    static func isShownAsCurrent(_ database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT count(*) > 0 FROM sqlite_temp_master WHERE name = 'clips'") ?? false
    }
}
