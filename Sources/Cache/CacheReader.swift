import Files
import Foundation
import Ledger
import Pipeline
import Shards

/// Reads clips' rows back from the cache, checked against their digests.
package final class CacheReader {
    /// Mapped shards kept open: clips follow one another in few shards.
    private static let keptShards = 8

    private let cache: String
    private let ledger: Ledger
    private let stageIDs: [String: Int64]
    private var shards: [(id: Int64, shard: MappedShard)] = []
    private var buffer: [Float] = []

    /// - Parameter stageIDs: ledger ids by stage name; empty where rows are only asked for by record.
    package init(cache: String, ledger: Ledger, stageIDs: [String: Int64] = [:]) {
        self.cache = cache
        self.ledger = ledger
        self.stageIDs = stageIDs
    }

    /// A place in a clip's rows.
    package final class Cursor {
        private let reader: CacheReader
        private let shard: MappedShard
        private var next: Int
        private let end: Int
        /// Rows that are left.
        package var rows: Int { end - next }
        /// Samples of the clip before padding, where the ledger has them.
        package let samples: Int?

        fileprivate init(_ reader: CacheReader, _ shard: MappedShard, _ record: ResultRecord) {
            self.reader = reader
            self.shard = shard
            next = Int(record.firstRow)
            end = Int(record.firstRow + record.rowCount)
            samples = record.samples.map(Int.init)
        }

        /// Hands out the next rows as floats, at most `rows` of them; true when they were the last.
        ///
        /// - Throws: `ClipFailure` where the rows are not what was written, `FileError` where they cannot be had, and what `body` throws.
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

    /// - Throws: `ClipFailure` where the rows are not there or not what they were.
    package func open(clip: Int64, node: Graph.Node) throws -> Cursor {
        guard let stage = stageIDs[node.name], let record = try ledger.result(clip: clip, stage: stage) else {
            throw ClipFailure(failureClass: "internal", reason: "no cached rows of stage '\(node.name)'")
        }
        let shard: MappedShard
        do {
            shard = try checked(record)
        } catch let error as FileError {
            // Too little memory says nothing about the rows: it ends the run, and the clip stays as it was.
            if error.isShortage { throw error }
            throw ClipFailure(
                failureClass: "damaged", reason: "\(error)\(error.code == nil ? "" : "; run 'earmark verify --repair'")"
            )
        }
        return Cursor(self, shard, record)
    }

    /// The shard of a record whose rows are what was written.
    ///
    /// - Throws: `FileError` where they are not, or cannot be had.
    private func checked(_ record: ResultRecord) throws -> MappedShard {
        let shard = try shard(record.shard)
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
        return shard
    }

    /// Rows of a record as floats, (rowCount, columns).
    ///
    /// - Throws: `FileError` where they are not what was written.
    package func floats(_ record: ResultRecord) throws -> (values: [Float], columns: Int) {
        let shard = try checked(record)
        var values = [Float](repeating: 0, count: Int(record.rowCount) * shard.header.columns)
        try values.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress { try shard.floats(Int(record.firstRow), Int(record.rowCount), to: base) }
        }
        return (values, shard.header.columns)
    }

    /// The mapped shard of an id, sealed or still open.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, `FileError` where a shard cannot be had.
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

    /// Under its final name or its partial one; it may be sealed between the two looks.
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
