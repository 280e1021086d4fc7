import Files
import Foundation
import Ledger
import Tables

/// The table that says where each clip's rows lie: `clip,kind,shard,first,count,stage,hop`.
///
/// It has the rows of sealed shards alone: one that is still written to has a header that does not count its rows.
package enum ShardIndex {
    /// The table's columns.
    package static let header = ["clip", "kind", "shard", "first", "count", "stage", "hop"]
    /// What the index tells of, in its order within a clip.
    private static let kinds = ["raw", "mel", "scores", "embeddings"]

    /// Where a clip's rows of one stage lie.
    package struct Row {
        package let clip: String
        package let kind: String
        /// Relative to the cache.
        package let shard: String
        package let first: Int64
        package let count: Int64
        /// The first twelve digits of the stage's fingerprint: rows of one clip and kind that were made by different
        /// settings differ in it.
        package let stage: String
        /// Samples from the start of a chunk to that of the next, at the rate of the stage's pipeline; nil where the
        /// pipeline has not run since Earmark notes it.
        package let hop: Int64?

        /// In the order of `header`.
        package var fields: [String] {
            [clip, kind, shard, String(first), String(count), stage, hop.map(String.init) ?? ""]
        }
    }

    /// Writes `shards/index.csv` for all pipelines of the cache, replacing the old one in one step, and notes its digest.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read, `FileError` where the table cannot be written.
    package static func write(cache: CacheFolder, ledger: Ledger) throws {
        let checksum = Checksum()
        try FileSystem.replace(cache.indexPath) { put in
            try lines(ledger) { line in
                line.withUnsafeBytes { checksum.update($0) }
                try put(line)
            }
        }
        try ledger.noteIndex(pipelines: pipelines(ledger), digest: checksum.digest.description)
    }

    /// Every pipeline of the cache as it ran last, by their fingerprints.
    private static func pipelines(_ ledger: Ledger) throws -> String {
        try ledger.pipelines().map(\.fingerprint).sorted().joined(separator: ",")
    }

    /// Whether the file is the one that was last written, for the pipelines and the manifest as they are.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package static func isCurrent(cache: CacheFolder, ledger: Ledger) throws -> Bool {
        guard access(cache.indexPath, R_OK) == 0 else { return false }
        guard let digest = try? Checksum.ofFile(cache.indexPath).description else { return false }
        return try ledger.isIndex(pipelines: pipelines(ledger), digest: digest)
    }

    private static func lines(_ ledger: Ledger, _ put: (ArraySlice<UInt8>) throws -> Void) throws {
        var line: [UInt8] = CSV.row(header)
        try put(line[...])
        try forEach(ledger, pipeline: nil) { row in
            line.removeAll(keepingCapacity: true)
            CSV.append(row.fields, to: &line)
            try put(line[...])
        }
    }

    /// Every row, in clip order, a clip's by kind and stage. Whatever the number of workers, only `shard` and `first` differ.
    ///
    /// - Parameter pipeline: its name; nil for all pipelines of the cache.
    /// - Throws: `LedgerError` where the ledger cannot be read, `CacheError` where it has no such pipeline, and what `body` throws.
    package static func forEach(_ ledger: Ledger, pipeline: String?, _ body: (Row) throws -> Void) throws {
        let chosen =
            try pipeline.map { try Set(PipelineChoice.find(ledger, name: $0).stages) }
            ?? Set(ledger.pipelines().flatMap(\.stages))
        let shards = Dictionary(uniqueKeysWithValues: try ledger.shards().map { ($0.id, $0) })
        let stages = try ledger.stages().filter { chosen.contains($0.id) && kinds.contains($0.kind) }
            .sorted { (kinds.firstIndex(of: $0.kind) ?? 0, $0.id) < (kinds.firstIndex(of: $1.kind) ?? 0, $1.id) }
        let made = Dictionary(uniqueKeysWithValues: stages.map { ($0.id, $0) })
        let frontEnds = try ledger.frontEnds()
        try ledger.forEachCurrentResult(stages: stages.map(\.id)) { clip, result in
            guard let stage = made[result.stage] else { return }
            guard let shard = shards[result.shard] else {
                throw CacheError(
                    .badInput, path: ledger.path,
                    "the ledger has no shard \(result.shard), in which rows of clip '\(clip.name)' lie; "
                        + "run 'earmark verify --repair'")
            }
            guard shard.isSealed else { return }
            try body(
                Row(
                    clip: clip.name, kind: stage.kind, shard: shard.path, first: result.firstRow,
                    count: result.rowCount, stage: String(stage.fingerprint.prefix(12)),
                    hop: frontEnds[stage.id].map { Int64($0.chunkHop) }))
        }
    }
}
