import Errors
import Files
import Foundation
import Ledger
import Pipeline
import Shards

/// Reads clips' rows back from the cache, checked against their digests.
package final class CacheReader {
    /// How many mapped shards are kept open: consecutive clips are in the same few shards.
    private static let keptShards = 8

    private let cache: String
    private let ledger: Ledger
    private let stageIDs: [String: Int64]
    private var shards: [(id: Int64, shard: MappedShard)] = []
    private var buffer: [Float] = []

    /// - Parameter stageIDs: ledger ids by stage name; empty if rows are only read by record.
    package init(cache: String, ledger: Ledger, stageIDs: [String: Int64] = [:]) {
        self.cache = cache
        self.ledger = ledger
        self.stageIDs = stageIDs
    }

    /// A position in a clip's rows.
    package final class Cursor {
        private let reader: CacheReader
        private let shard: MappedShard
        private var next: Int
        private let end: Int
        /// Rows still to be read.
        package var rows: Int { end - next }
        /// Values per row.
        package var columns: Int { shard.header.columns }
        /// The clip's length in samples before padding, if the ledger has it.
        package let samples: Int?

        fileprivate init(_ reader: CacheReader, _ shard: MappedShard, _ record: ResultRecord) {
            self.reader = reader
            self.shard = shard
            next = Int(record.firstRow)
            end = Int(record.firstRow + record.rowCount)
            samples = record.samples.map(Int.init)
        }

        /// Passes the next rows to `body` as floats, at most `rows` of them; returns true if they were the last.
        ///
        /// - Throws: `ClipFailure` if the rows are not what was written, `FileError` if they cannot be read, and what
        ///   `body` throws.
        package func next(rows: Int, _ body: (UnsafeBufferPointer<Float>, _ columns: Int) throws -> Void) throws -> Bool
        {
            let count = min(rows, end - next)
            let columns = shard.header.columns
            let size = count * columns
            if reader.buffer.count < size { reader.buffer = [Float](repeating: 0, count: size) }
            try reader.buffer.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress { try shard.floats(next, count, to: base) }
                try body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<size]), columns)
            }
            next += count
            return next >= end
        }
    }

    /// - Throws: `ClipFailure` if the rows are missing or not what was written.
    package func open(clip: Int64, node: Graph.Node) throws -> Cursor {
        guard let stage = stageIDs[node.name], let record = try ledger.result(clip: clip, stage: stage) else {
            throw ClipFailure(failureClass: .internal, reason: "no cached rows of stage '\(node.name)'")
        }
        let shard: MappedShard
        do {
            shard = try checked(record)
        } catch let error as FileError {
            // Running out of memory says nothing about the rows: it ends the run and leaves the clip as it was.
            if error.isShortage { throw error }
            throw ClipFailure(
                failureClass: .damaged, reason: "\(error)\(error.code == nil ? "" : "; run 'earmark verify --repair'")"
            )
        }
        return Cursor(self, shard, record)
    }

    /// The rows of a record, to be read block by block.
    ///
    /// - Throws: `FileError` if they are not what was written.
    package func cursor(_ record: ResultRecord) throws -> Cursor { Cursor(self, try checked(record), record) }

    /// The shard of a record, once the record's rows are found to be what was written.
    ///
    /// - Throws: `FileError` if they are not, or cannot be read.
    package func checked(_ record: ResultRecord) throws -> MappedShard {
        let shard = try shard(record.shard)
        try Self.check(record, in: shard)
        return shard
    }

    /// Compares the rows of a record with its digest.
    ///
    /// - Throws: `FileError` if the rows are not what was written, or cannot be read.
    package static func check(_ record: ResultRecord, in shard: MappedShard) throws {
        let (first, count) = (Int(record.firstRow), Int(record.rowCount))
        let found: String
        do { found = try shard.digest(first, count).description } catch {
            throw FileError(path: shard.path, "\(error.message); run 'earmark verify --repair'")
        }
        guard found == record.digest else {
            throw FileError(
                path: shard.path,
                "rows \(first) to \(first + count) are not what was written: found digest \(found), expected "
                    + "\(record.digest); run 'earmark verify --repair'")
        }
    }

    /// Rows of a record as floats, (rowCount, columns).
    ///
    /// - Throws: `FileError` if they are not what was written.
    package func floats(_ record: ResultRecord) throws -> (values: [Float], columns: Int) {
        let shard = try checked(record)
        var values = [Float](repeating: 0, count: Int(record.rowCount) * shard.header.columns)
        try values.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress { try shard.floats(Int(record.firstRow), Int(record.rowCount), to: base) }
        }
        return (values, shard.header.columns)
    }

    /// Up to this many bytes, a clip's rows are compared with their digest even if only a few are asked for: one digest is
    /// of all of them, and reading those of ten hours takes seconds.
    private static let checkedBytes = 16 << 20

    /// Some of a record's rows as floats, without reading the others.
    ///
    /// - Parameter rows: counted from the record's first.
    /// - Returns: the values, shape (rows, columns), and whether all rows of the record, at most 16 MiB, were compared with
    ///   their digest.
    /// - Throws: `FileError` if they are not what was written, or are not there.
    package func floats(_ record: ResultRecord, rows: Range<Int>) throws -> (
        values: [Float], columns: Int, isChecked: Bool
    ) {
        let end = Int(record.firstRow + record.rowCount)
        // A shard that a run is writing has grown since it was mapped.
        if let known = shards.firstIndex(where: { $0.id == record.shard }), shards[known].shard.header.rows < end {
            shards.remove(at: known)
        }
        var shard = try shard(record.shard)
        let isChecked = Int(record.rowCount) <= Self.checkedBytes / max(1, shard.header.rowSize)
        if isChecked { shard = try checked(record) }
        let columns = shard.header.columns
        guard rows.lowerBound >= 0, rows.upperBound <= Int(record.rowCount) else {
            throw FileError(
                path: shard.path, "rows \(rows.lowerBound) to \(rows.upperBound) were asked for, of \(record.rowCount)")
        }
        var values = [Float](repeating: 0, count: rows.count * columns)
        try values.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress {
                try shard.floats(Int(record.firstRow) + rows.lowerBound, rows.count, to: base)
            }
        }
        return (values, columns, isChecked)
    }

    /// The mapped shard with an id, sealed or still open.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read, `FileError` if a shard cannot be opened.
    package func shard(_ id: Int64) throws -> MappedShard {
        if let known = shards.first(where: { $0.id == id }) { return known.shard }
        guard let record = try ledger.shard(id: id) else {
            throw FileError(path: cache, "the ledger has no shard \(id), expected one; run 'earmark verify --repair'")
        }
        let mapped = try Self.map(cache + "/" + record.path, ledger, id)
        if shards.count >= Self.keptShards { shards.removeFirst() }
        shards.append((id, mapped))
        return mapped
    }

    /// Tries the shard's final name and its partial one; it may be sealed between the two attempts.
    private static func map(_ path: String, _ ledger: Ledger, _ id: Int64) throws -> MappedShard {
        for _ in 0..<2 {
            if access(path, F_OK) == 0 { return try MappedShard(path: path) }
            let partial = ShardWriter.partial(path)
            if access(partial, F_OK) == 0 {
                return try MappedShard(path: partial, rowsOfPartial: try ledger.committedRows(shard: id))
            }
        }
        return try MappedShard(path: path)
    }
}
