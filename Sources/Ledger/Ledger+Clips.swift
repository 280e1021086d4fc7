import GRDB

extension Ledger {
    /// A clip's entry in the manifest.
    package struct ManifestRow: Sendable {
        package let name: String
        package let path: String
        /// The part of the recording, as `RecordingPart` writes it; nil for all of it.
        package let part: String?
        /// A JSON object of the manifest's further columns; nil if there are none.
        package let metadata: String?

        package init(_ name: String, _ path: String, part: String? = nil, metadata: String? = nil) {
            self.name = name
            self.path = path
            self.part = part
            self.metadata = metadata
        }

        /// Whether the ledger has exactly this of a clip, byte by byte.
        fileprivate func equals(_ clip: ClipRecord) -> Bool {
            name.utf8.elementsEqual(clip.name.utf8) && isSame(as: clip)
        }

        /// Whether the ledger has all but the name exactly as it is here.
        fileprivate func isSame(as clip: ClipRecord) -> Bool {
            path.utf8.elementsEqual(clip.path.utf8) && Self.same(part, clip.part) && Self.same(metadata, clip.metadata)
        }

        private static func same(_ first: String?, _ second: String?) -> Bool {
            first.map { Array($0.utf8) } == second.map { Array($0.utf8) }
        }
    }

    /// Makes the ledger's clips match a manifest, in its order, in one transaction. Clips that it does not name keep their
    /// results but lose their position, unless `keepsOthers`: then all clips keep the positions that they have, and those
    /// that have none follow in the manifest's order.
    ///
    /// - Parameters:
    ///   - manifest: digest of the manifest. Nothing is written if it is the same as last time and every clip in the ledger
    ///     has the name, path, part, further columns and position that the manifest gives it. The digest alone is not enough: it does not change
    ///     when a damaged page loses a row.
    ///   - row: the manifest's row at a position.
    /// - Throws: `LedgerError` of kind corrupt if a clip's row is not what was written.
    package func adopt(
        manifest: String, count: Int, keepsOthers: Bool = false, row: (Int) -> ManifestRow
    ) throws {
        if try meta("manifest") == manifest, try holds(count, row) { return }
        let kept = keepsOthers ? try positions(count, row) : nil
        if let kept, kept.isUnchanged { return }
        try write { database in
            // Clips whose rows were lost may still be referred to by id in other tables; such an id is never reused.
            let highest =
                try Int64.fetchOne(
                    database,
                    sql: """
                        SELECT max(id) FROM (SELECT max(id) AS id FROM clips UNION ALL SELECT max(clip) FROM results
                        UNION ALL SELECT max(clip) FROM sources UNION ALL SELECT max(clip) FROM failures
                        UNION ALL SELECT max(clip) FROM deaths)
                        """) ?? 0
            var next = max(try Self.nextClip(database), highest + 1)
            if kept == nil { try database.execute(sql: "UPDATE clips SET position = NULL WHERE position IS NOT NULL") }
            let hadParts = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM clips WHERE part IS NOT NULL)")
            let upsert = try database.makeStatement(
                sql: """
                    INSERT INTO clips(id, name, path, position, part, metadata, row_check)
                        VALUES(?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT(name) DO UPDATE SET path = excluded.path, position = excluded.position,
                        part = excluded.part, metadata = excluded.metadata, row_check = excluded.row_check
                    """)
            for number in 0..<count {
                let entry = row(number)
                if entry.part != nil || hadParts == true { try Self.forgetOtherPart(database, of: entry) }
                let position = kept?.ofRow[number] ?? number
                upsert.setUncheckedArguments([
                    next, entry.name, entry.path, position, entry.part, entry.metadata,
                    ClipRecord.check(entry, Int64(position)),
                ])
                try upsert.execute()
                // A clip that was already known keeps its id.
                if database.lastInsertedRowID == next { next += 1 }
            }
            // The checks of clips that lost their position are recomputed, so that their rows stay valid.
            let lost = try Row.fetchAll(
                database, sql: "SELECT id, name, path, part, metadata FROM clips WHERE position IS NULL")
            for clip in lost {
                let entry = ManifestRow(
                    try clip.text(1), try clip.text(2), part: clip.text(orNil: 3), metadata: clip.text(orNil: 4))
                try database.execute(
                    sql: "UPDATE clips SET row_check = ? WHERE id = ?",
                    arguments: [ClipRecord.check(entry, nil), clip.number(0)])
            }
            // A part of the clips is no manifest that a later run could recognise as the one before.
            try Self.setMeta(database, "manifest", kept == nil ? manifest : "")
            let placed = try Int.fetchOne(database, sql: "SELECT count(*) FROM clips WHERE position IS NOT NULL") ?? 0
            try Self.setMeta(database, "clips", String(placed))
            // The index file next to the shards lists the clips in the previous manifest's order.
            try database.execute(sql: "DELETE FROM meta WHERE key = 'index'")
        }
    }

    /// Deletes what is known of the file of a clip that is no longer the same part of its recording, and its failures.
    /// Otherwise rows of the old part would count as the clip's until it has been read anew, for the size and time of its
    /// file are the same. In the transaction that records the new part, so that no crash comes between.
    private static func forgetOtherPart(_ database: Database, of clip: ManifestRow) throws {
        let found = try Int64.fetchOne(
            database, sql: "SELECT id FROM clips WHERE name = ? AND part IS NOT ?", arguments: [clip.name, clip.part])
        guard let found else { return }
        for table in ["sources", "failures"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE clip = ?", arguments: [found])
        }
    }

    /// The positions of a manifest's clips if no clip is to lose its own, by row, and whether the ledger has all of that
    /// already.
    private func positions(
        _ count: Int, _ row: (Int) -> ManifestRow
    ) throws -> (ofRow: [Int], isUnchanged: Bool) {
        try read { database in
            // By bytes: two names that Swift takes for equal may be two clips.
            var rows: [[UInt8]: Int] = [:]
            for number in 0..<count { rows[Array(row(number).name.utf8)] = number }
            var found = [Int?](repeating: nil, count: count)
            var (end, isUnchanged) = (0, true)
            let clips = try Self.placedClips(database)
            while let next = try clips.next() {
                let clip = try KnownClip.read(cursor: next).placed
                end = max(end, Int(clip.position) + 1)
                guard let number = rows[Array(clip.name.utf8)] else { continue }
                found[number] = Int(clip.position)
                if !row(number).isSame(as: clip) { isUnchanged = false }
            }
            return (
                found.map { position in
                    if let position { return position }
                    isUnchanged = false
                    defer { end += 1 }
                    return end
                }, isUnchanged
            )
        }
    }

    /// Whether the clips that have a position are exactly those of a manifest.
    private func holds(_ count: Int, _ row: (Int) -> ManifestRow) throws -> Bool {
        try read { database in
            var place = 0
            let clips = try Self.placedClips(database)
            while let found = try clips.next() {
                let clip = try KnownClip.read(cursor: found).placed
                guard place < count, clip.position == place else { return false }
                guard row(place).equals(clip) else { return false }
                place += 1
            }
            return place == count
        }
    }

    private static func placedClips(_ database: Database) throws -> RowCursor {
        try Row.fetchCursor(
            database,
            sql: "SELECT \(KnownClip.list("c")) FROM clips c WHERE c.position IS NOT NULL ORDER BY c.position")
    }

    /// Checks that as many clips have a position as the last manifest had, so that a lost row or index entry does not
    /// silently drop a clip.
    ///
    /// - Throws: `LedgerError` of kind corrupt.
    static func requireClips(_ database: Database) throws {
        guard let text = try CheckedTable.meta.rows(database, "WHERE key = 'clips'").first?.text(orNil: 1) else {
            return
        }
        let found = try Int.fetchOne(database, sql: "SELECT count(*) FROM clips WHERE position IS NOT NULL") ?? 0
        guard String(found) == text else {
            throw LedgerError(
                .corrupt, path: "",
                "found \(found) clips of the manifest, expected \(text); run 'earmark verify --repair', then run again")
        }
    }

    /// Every clip of the manifest, in its order.
    ///
    /// - Throws: `LedgerError` of kind corrupt where a row is not what was written, or rows are missing.
    package func forEachClip(_ body: (ClipRecord) throws -> Void) throws {
        try read { database in
            try Self.requireClips(database)
            let rows = try Self.placedClips(database)
            while let row = try rows.next() { try body(try KnownClip.read(cursor: row).placed) }
        }
    }

    /// Ids of the manifest's clips, in its order. Cheaper than whole records.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func clipIDs() throws -> [Int64] {
        try read { try Int64.fetchAll($0, sql: "SELECT id FROM clips WHERE position IS NOT NULL ORDER BY position") }
    }

    /// Every clip that the ledger knows, with its name, whether or not the last run's manifest names it.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachKnownClip(_ body: (_ id: Int64, _ name: String) throws -> Void) throws {
        try forEachKnownPart { id, name, _ in try body(id, name) }
    }

    /// Every clip that the ledger knows, and the part of its recording that it is, as `RecordingPart` writes it.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachKnownPart(_ body: (_ id: Int64, _ name: String, _ part: String?) throws -> Void) throws {
        try read { database in
            // A row's id is not covered by its check, but ids are unique and rows come in their order.
            var last = Int64.min
            let rows = try Row.fetchCursor(
                database, sql: "SELECT \(KnownClip.list("c")) FROM clips c NOT INDEXED ORDER BY c.id")
            while let row = try rows.next() {
                let clip = try KnownClip.read(cursor: row)
                guard clip.id > last else { throw LedgerError.damaged("clips", [String(clip.id)]) }
                last = clip.id
                try body(clip.id, clip.name, clip.part)
            }
        }
    }

    /// The name of a clip, whether or not the last run's manifest names it.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func name(of clip: Int64) throws -> String? {
        try read {
            try Row.fetchOne($0, sql: "SELECT \(KnownClip.list("c")) FROM clips c WHERE c.id = ?", arguments: [clip])
                .map { try KnownClip.read($0).name }
        }
    }

    /// What is known of each clip's file from when it was last read.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, and what `body` throws.
    package func forEachSource(_ body: (SourceRecord) throws -> Void) throws {
        try read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT \(SourceRecord.list("s")) FROM sources s")
            while let row = try rows.next() { try body(try SourceRecord.read(cursor: row)) }
        }
    }

    /// What is known of clips' files, in the order of the clips' ids, so many at a time.
    ///
    /// - Parameter clip: the clip after which to begin; nil for the first.
    /// - Throws: `LedgerError` where the ledger cannot be read, or a row is not what was written.
    package func sources(after clip: Int64?, limit: Int) throws -> [SourceRecord] {
        try read { database in
            var found: [SourceRecord] = []
            found.reserveCapacity(limit)
            let statement = try database.cachedStatement(
                sql:
                    "SELECT \(SourceRecord.list("s")) FROM sources s WHERE s.clip > ? ORDER BY s.clip LIMIT ?")
            let rows = try Row.fetchCursor(statement, arguments: [clip ?? .min, limit])
            while let row = try rows.next() { found.append(try SourceRecord.read(cursor: row)) }
            return found
        }
    }

    /// A value that the ledger stores under a key; nil if there is none.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func meta(_ key: String) throws -> String? {
        try read { try CheckedTable.meta.rows($0, "WHERE key = ?", [key]).first.map { try $0.text(1) } }
    }

    /// Records that the index file next to the shards was written: for which pipelines, and the digest of its bytes.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package func noteIndex(pipelines: String, digest: String) throws {
        try write { try Self.setMeta($0, "index", pipelines + " " + digest) }
    }

    /// Whether the index file next to the shards was last written for these pipelines, with these bytes.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package func isIndex(pipelines: String, digest: String) throws -> Bool {
        try meta("index") == pipelines + " " + digest
    }

    static func setMeta(_ database: Database, _ key: String, _ value: String) throws {
        try database.execute(sql: "INSERT OR REPLACE INTO meta VALUES(?, ?, 0)", arguments: [key, value])
        try CheckedTable.meta.mark(database, [key])
    }
}
