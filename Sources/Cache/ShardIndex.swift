import Errors
import Files
import Foundation
import Ledger
import Tables
import Wording

/// The table that says where each clip's rows are: `clip,kind,shard,first,count,stage,hop`.
///
/// It lists only rows of sealed, whole shards: the header of a shard still being written does not count its rows, and a
/// shard whose file is missing or not the size that was written cannot be read.
package enum ShardIndex {
    /// The table's columns.
    package static let header = ["clip", "kind", "shard", "first", "count", "stage", "hop"]
    /// The kinds in the index, in their order within a clip.
    private static let kinds = ["raw", "mel", "scores", "embeddings", "levels"]

    /// Where a clip's rows from one stage are.
    package struct Row {
        package let clip: String
        package let kind: String
        /// Relative to the cache.
        package let shard: String
        package let first: Int64
        package let count: Int64
        /// The first twelve digits of the stage's fingerprint. It distinguishes rows of one clip and kind that were
        /// made with different settings.
        package let stage: String
        /// Samples from the start of one chunk to the start of the next, at the rate of the stage's pipeline; nil if
        /// the pipeline has not run since Earmark began to record it.
        package let hop: Int64?
        /// The manifest's further columns, as the ledger has them; nil if there are none.
        package let metadata: String?

        /// In the order of `header`.
        package var fields: [String] {
            [clip, kind, shard, String(first), String(count), stage, hop.map(String.init) ?? ""]
        }
    }

    /// Writes `shards/index.csv` for all pipelines of the cache, replacing the old one in one step, and records its
    /// digest. A second file beside it says how many clips it covers and what made their rows.
    ///
    /// - Throws: `FileError` or `LedgerError`; the next run then writes it again.
    package static func write(cache: CacheFolder, ledger: Ledger) throws {
        let checksum = Checksum()
        try FileSystem.replace(cache.indexPath) { put in
            try lines(ledger) { line in
                line.withUnsafeBytes { checksum.update($0) }
                try put(line)
            }
        }
        let record = try IndexRecord.text(ledger)
        try FileSystem.replace(cache.indexPath + ".meta.json") { try $0(Array(record.utf8)[...]) }
        try ledger.noteIndex(pipelines: pipelines(ledger), digest: checksum.digest.description)
    }

    /// Sealed shards whose files are missing or not the size that was written: their rows are not in the index.
    ///
    /// - Returns: their paths, relative to the cache.
    /// - Throws: `LedgerError`.
    package static func brokenShards(_ ledger: Ledger) throws -> [String] {
        try ledger.shards().filter { $0.isSealed && !isWhole($0, ledger) }.map(\.path)
    }

    /// The message about them; nil if there are none.
    package static func text(brokenShards paths: [String]) -> String? {
        guard let first = paths.first else { return nil }
        return
            "\(counted(paths.count, "shard")), such as \(first), \(paths.count == 1 ? "is" : "are") not whole and left out of "
            + "the index; run 'earmark verify --repair'"
    }

    private static func isWhole(_ shard: ShardRecord, _ ledger: Ledger) -> Bool {
        let folder = (ledger.path as NSString).deletingLastPathComponent
        let status = FileSystem.status((folder.isEmpty ? "." : folder) + "/" + shard.path)
        return status.map { $0.st_mode & S_IFMT == S_IFREG && Int64($0.st_size) == shard.bytes } ?? false
    }

    /// The fingerprints of all pipelines of the cache, each as it last ran.
    private static func pipelines(_ ledger: Ledger) throws -> String {
        try ledger.pipelines().map(\.fingerprint).sorted().joined(separator: ",")
    }

    /// Whether the file is the one last written, and matches the current pipelines and manifest.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
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

    /// Calls `body` with every row, in clip order, and within a clip by kind and stage. Only `shard` and `first` depend
    /// on the number of workers.
    ///
    /// - Parameter pipeline: its name; nil for all pipelines of the cache.
    /// - Throws: `LedgerError` if the ledger cannot be read, `CacheError` if it has no such pipeline, and what `body`
    ///   throws.
    package static func forEach(_ ledger: Ledger, pipeline: String?, _ body: (Row) throws -> Void) throws {
        let chosen =
            try pipeline.map { try Set(PipelineChoice.find(ledger, name: $0).stages) }
            ?? Set(ledger.pipelines().flatMap(\.stages))
        let shards = Dictionary(uniqueKeysWithValues: try ledger.shards().map { ($0.id, $0) })
        let stages = try ledger.stages().filter { chosen.contains($0.id) && kinds.contains($0.kind) }
            .sorted { (kinds.firstIndex(of: $0.kind) ?? 0, $0.id) < (kinds.firstIndex(of: $1.kind) ?? 0, $1.id) }
        let made = Dictionary(uniqueKeysWithValues: stages.map { ($0.id, $0) })
        let frontEnds = try ledger.frontEnds()
        let whole = Set(shards.values.filter { $0.isSealed && isWhole($0, ledger) }.map(\.id))
        try ledger.forEachCurrentResult(stages: stages.map(\.id)) { clip, result in
            guard let stage = made[result.stage] else { return }
            guard let shard = shards[result.shard] else {
                throw CacheError(
                    .badInput, path: ledger.path,
                    "the ledger has no shard \(result.shard), in which rows of clip '\(clip.name)' lie; "
                        + "run 'earmark verify --repair'")
            }
            guard whole.contains(shard.id) else { return }
            try body(
                Row(
                    clip: clip.name, kind: stage.kind, shard: shard.path, first: result.firstRow,
                    count: result.rowCount, stage: String(stage.fingerprint.prefix(12)),
                    hop: frontEnds[stage.id].map { Int64($0.chunkHop) }, metadata: clip.metadata))
        }
    }
}
