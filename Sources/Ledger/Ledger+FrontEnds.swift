import GRDB

/// The front-end that made a stage's rows, and how the rows are spaced in time.
package struct StageFrontEnd: Sendable, Equatable {
    /// Ledger id of the stage.
    package let stage: Int64
    /// Samples per second.
    package let rate: Int
    /// Samples from one row to the next; 0 if there is one row per clip.
    package let hop: Int
    /// Samples from one chunk to the next, for the rows or for what is made from them.
    package let chunkHop: Int
    /// The front-end's settings as a JSON object; for raw samples, those of the front-end that their chunks are cut for.
    package let settings: String

    package init(stage: Int64, rate: Int, hop: Int, chunkHop: Int, settings: String) {
        self.stage = stage
        self.rate = rate
        self.hop = hop
        self.chunkHop = chunkHop
        self.settings = settings
    }
}

extension Ledger {
    /// Stores a stage's front-end.
    ///
    /// - Throws: `LedgerError`.
    package func put(_ frontEnd: StageFrontEnd) throws {
        if try frontEnds("WHERE t.stage = ?", [frontEnd.stage]).first == frontEnd { return }
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO front_ends VALUES(?, ?, ?, ?, ?, 0)",
                arguments: [frontEnd.stage, frontEnd.rate, frontEnd.hop, frontEnd.chunkHop, frontEnd.settings])
            try CheckedTable.frontEnds.mark($0, [frontEnd.stage])
        }
    }

    /// The front-ends of stages, by the stage's ledger id. A stage that is missing was recorded before the ledger stored
    /// front-ends, when YAMNet's was the only one.
    ///
    /// - Throws: `LedgerError`.
    package func frontEnds() throws -> [Int64: StageFrontEnd] {
        Dictionary(uniqueKeysWithValues: try frontEnds("", []).map { ($0.stage, $0) })
    }

    private func frontEnds(_ tail: String, _ arguments: StatementArguments) throws -> [StageFrontEnd] {
        try read { database in
            try CheckedTable.frontEnds.rows(database, tail, arguments).map {
                try StageFrontEnd(
                    stage: $0.number(0), rate: Int($0.number(1)), hop: Int($0.number(2)), chunkHop: Int($0.number(3)),
                    settings: $0.text(4))
            }
        }
    }
}
