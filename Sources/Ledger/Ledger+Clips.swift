import GRDB

extension Ledger {
    /// What the manifest says of a clip.
    package typealias ManifestRow = (name: String, path: String)

    /// Makes the ledger's clips those of a manifest, in its order, in one transaction. Clips it no longer names keep
    /// their results and lose their place.
    ///
    /// - Parameters:
    ///   - manifest: digest of the manifest; where it is the one of last time, nothing is written.
    ///   - row: the manifest's row at a place.
    package func adopt(manifest: String, count: Int, row: (Int) -> ManifestRow) throws {
        if try meta("manifest") == manifest { return }
        try write { database in
            try database.execute(sql: "UPDATE clips SET position = NULL WHERE position IS NOT NULL")
            let upsert = try database.makeStatement(
                sql: """
                    INSERT INTO clips(name, path, position, row_check) VALUES(?, ?, ?, ?)
                    ON CONFLICT(name) DO UPDATE SET path = excluded.path, position = excluded.position,
                        row_check = excluded.row_check
                    """)
            for position in 0..<count {
                let (name, path) = row(position)
                upsert.setUncheckedArguments([
                    name, path, position, ClipRecord.check(name, path, Int64(position)),
                ])
                try upsert.execute()
            }
            // Those that lost their place are checked anew, so that their rows stay sound.
            let lost = try Row.fetchAll(database, sql: "SELECT id, name, path FROM clips WHERE position IS NULL")
            for clip in lost {
                try database.execute(
                    sql: "UPDATE clips SET row_check = ? WHERE id = ?",
                    arguments: [ClipRecord.check(clip.text(1), clip.text(2), nil), clip.number(0)])
            }
            try Self.setMeta(database, "manifest", manifest)
            // The table beside the shards has the clips in the order of the manifest before.
            try database.execute(sql: "DELETE FROM meta WHERE key = 'index'")
        }
    }

    /// Every clip of the manifest in its order.
    package func forEachClip(_ body: (ClipRecord) throws -> Void) throws {
        try read { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT id, position, name, path FROM clips WHERE position IS NOT NULL ORDER BY position"
            )
            while let row = try rows.next() {
                try body(
                    ClipRecord(id: row.number(0), position: row.number(1), name: row.text(2), path: row.text(3)))
            }
        }
    }

    /// Ids of the manifest's clips, in its order. Cheaper than whole records.
    package func clipIDs() throws -> [Int64] {
        try read { try Int64.fetchAll($0, sql: "SELECT id FROM clips WHERE position IS NOT NULL ORDER BY position") }
    }

    /// Every clip the ledger knows by name, whether the manifest of the last run has it or not.
    package func forEachKnownClip(_ body: (_ id: Int64, _ name: String) throws -> Void) throws {
        try read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT id, name FROM clips")
            while let row = try rows.next() { try body(row.number(0), row.text(1)) }
        }
    }

    /// The name of a clip, whether the manifest of the last run has it or not.
    package func name(of clip: Int64) throws -> String? {
        try read { try String.fetchOne($0, sql: "SELECT name FROM clips WHERE id = ?", arguments: [clip]) }
    }

    /// What each clip's file was when it was read.
    package func forEachSource(_ body: (SourceRecord) throws -> Void) throws {
        try read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT clip, size, modified, content FROM sources")
            while let row = try rows.next() {
                try body(
                    SourceRecord(
                        clip: row.number(0), size: row.number(1), modified: row.number(2), content: row.text(3)))
            }
        }
    }

    package func meta(_ key: String) throws -> String? {
        try read { try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key]) }
    }

    /// The table of rows beside the shards, as it was last written: of which pipeline, and the digest of its bytes.
    package func noteIndex(pipeline: String, digest: String) throws {
        try write { try Self.setMeta($0, "index", pipeline + " " + digest) }
    }

    package func isIndex(pipeline: String, digest: String) throws -> Bool {
        try meta("index") == pipeline + " " + digest
    }

    static func setMeta(_ database: Database, _ key: String, _ value: String) throws {
        try database.execute(sql: "INSERT OR REPLACE INTO meta VALUES(?, ?, 0)", arguments: [key, value])
        try CheckedTable.meta.mark(database, [key])
    }
}
