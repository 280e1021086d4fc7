import GRDB

/// The front-end that a stage's rows were made by, and how they lie in time.
package struct StageFrontEnd: Sendable, Equatable {
    /// Ledger id of the stage.
    package let stage: Int64
    /// Samples per second.
    package let rate: Int
    /// Samples from one row to the next; 0 where there is one row a clip.
    package let hop: Int
    /// Its settings as a JSON object; of raw samples, the front-end that their chunks are cut for.
    package let settings: String

    package init(stage: Int64, rate: Int, hop: Int, settings: String) {
        self.stage = stage
        self.rate = rate
        self.hop = hop
        self.settings = settings
    }
}

extension Ledger {
    /// Remembers a stage's front-end.
    ///
    /// - Throws: `LedgerError`.
    package func put(_ frontEnd: StageFrontEnd) throws {
        if try frontEnds()[frontEnd.stage] == frontEnd { return }
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO front_ends VALUES(?, ?, ?, ?, 0)",
                arguments: [frontEnd.stage, frontEnd.rate, frontEnd.hop, frontEnd.settings])
            try CheckedTable.frontEnds.mark($0, [frontEnd.stage])
        }
    }

    /// The front-ends of stages, by ledger id. A stage that is not there is one of before the ledger told them, when there
    /// was YAMNet's alone.
    ///
    /// - Throws: `LedgerError`.
    package func frontEnds() throws -> [Int64: StageFrontEnd] {
        try read { database in
            // A ledger of before, opened for reading.
            guard try database.tableExists("front_ends") else { return [:] }
            let rows = try Row.fetchAll(database, sql: "SELECT stage, rate, hop, settings FROM front_ends")
            return try Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    let stage: Int64 = try row.number(0)
                    return try (
                        stage,
                        StageFrontEnd(
                            stage: stage, rate: Int(row.number(1)), hop: Int(row.number(2)), settings: row.text(3))
                    )
                })
        }
    }
}
