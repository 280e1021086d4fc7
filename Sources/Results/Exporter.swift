import Errors
import Cache
import Evaluation
import Files
import Foundation
import Ledger
import Shards
import Tables

/// Writes the contents of a cache into files for other programs. A file is written whole or not at all.
package struct Exporter {
    /// The form in which a table is written.
    package enum Format: String, CaseIterable, Sendable { case csv, jsonl, npy }

    private let cache: CacheFolder
    private let ledger: Ledger
    private let pipeline: String?

    /// - Parameter pipeline: its name; nil for the one that ran last.
    /// - Throws: `CacheError` if the cache has no such pipeline, `LedgerError` if its ledger cannot be read.
    package init(cache: CacheFolder, pipeline: String?) throws {
        self.cache = cache
        self.pipeline = pipeline
        ledger = try cache.reading()
    }

    /// How many of the cache's clips an export covers.
    ///
    /// - Parameters:
    ///   - pipeline: the one whose rows were exported.
    ///   - written: number of clips in the export; nil if the export is not by clip: then the clips that are done.
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func coverage(of pipeline: PipelineRecord, written: Int?) throws -> Coverage {
        let counts = try ledger.counts(for: pipeline)
        var coverage = Coverage(
            clips: counts.clips, done: min(written ?? counts.done, counts.clips), failed: counts.failed)
        coverage.skipped = try SkippedChunks(cache: cache, ledger: ledger, pipeline: pipeline)?.count()
        return coverage
    }

    /// Clip scores: `clip,CLASS,...`, one row per clip in clip order; as `.npy` the matrix (clips, classes), with the clips'
    /// and classes' names beside it in `PATH.clips.csv` and `PATH.classes.csv`. A clip that was skipped as a whole has empty
    /// fields, null in JSON Lines, and NaN in `.npy`.
    ///
    /// - Returns: how many clips were written.
    /// - Throws: `LedgerError` and `FileError` if rows cannot be read or the file cannot be written, `CacheError` if there are
    ///   none.
    package func scores(_ format: Format, to path: String) throws -> Int {
        try ledger.consistently {
            let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
            return switch format {
            case .csv: try table(scores, to: path)
            case .jsonl: try lines(scores, to: path)
            case .npy: try matrix(scores, to: path)
            }
        }
    }

    /// The location of rows: `clip,kind,shard,first,count,stage,hop`, for all pipelines if none is named. Rows of shards that
    /// are not sealed are left out.
    ///
    /// - Throws: `LedgerError` and `FileError` if rows cannot be read or the file cannot be written, `CacheError` if there are
    ///   none.
    package func index(_ format: Format, to path: String) throws -> Int {
        guard format != .npy else {
            throw CacheError(.usage, path: path, "the index has text in it: expected --format csv or jsonl")
        }
        var count = 0
        let further = CarriedColumns(
            try ManifestColumns(ledger), besides: format == .csv ? ShardIndex.header : [])
        try FileSystem.write(path) { put in
            var line: [UInt8] =
                format == .csv ? CSV.row(ShardIndex.header + further.titles.map(CSV.safeField)) : []
            try put(line[...])
            try ShardIndex.forEach(ledger, pipeline: pipeline) { row in
                line.removeAll(keepingCapacity: true)
                if format == .csv {
                    CSV.append(
                        [CSV.safeField(row.clip)] + row.fields.dropFirst()
                            + further.values(row.metadata).map(CSV.safeValue), to: &line)
                } else {
                    line += Array(
                        (#"{"clip":\#(Self.json(row.clip)),"kind":\#(Self.json(row.kind)),"#
                            + #""shard":\#(Self.json(row.shard)),"first":\#(row.first),"count":\#(row.count),"#
                            + #""stage":"\#(row.stage)","hop":\#(row.hop.map(String.init) ?? "null")"#).utf8)
                    line += JSONLine.columns(row.metadata) + Array("}\n".utf8)
                }
                try put(line[...])
                count += 1
            }
        }
        return count
    }

    /// What `scores` makes of the manifest's further columns; nil if it has none.
    ///
    /// - Throws: as `scores` does.
    package func scoreColumns(_ format: Format) throws -> ColumnRecord? {
        let columns = try ManifestColumns(ledger)
        if columns.names.isEmpty { return nil }
        switch format {
        case .csv:
            let classes = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline).classes
            return CarriedColumns(columns, besides: ["clip"] + classes).record
        case .npy: return CarriedColumns(columns, besides: ["clip"]).record
        case .jsonl: return CarriedColumns(columns, besides: []).record
        }
    }

    /// What `index` makes of the manifest's further columns; nil if it has none.
    ///
    /// - Throws: `LedgerError`.
    package func indexColumns(_ format: Format) throws -> ColumnRecord? {
        CarriedColumns(try ManifestColumns(ledger), besides: format == .csv ? ShardIndex.header : []).record
    }

    /// Every pipeline of the cache, with how many of its clips have rows.
    ///
    /// - Throws: `LedgerError`.
    package func coverages() throws -> [(record: PipelineRecord, coverage: Coverage)] {
        try ledger.pipelines().map { ($0, try coverage(of: $0, written: nil)) }
    }

    /// A message about shards whose rows the index leaves out because their files are incomplete; nil if there are none.
    ///
    /// - Throws: `LedgerError`.
    package func brokenShards() throws -> String? {
        ShardIndex.text(brokenShards: try ShardIndex.brokenShards(ledger))
    }

    /// How many clips' rows the index leaves out because their shards are not sealed.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package func unsealed() throws -> Int { try ledger.unsealedResults() }

    private func table(_ scores: ClipScores, to path: String) throws -> Int {
        var count = 0
        let further = CarriedColumns(try ManifestColumns(ledger), besides: ["clip"] + scores.classes)
        try FileSystem.write(path) { put in
            var line = CSV.row(["clip"] + (scores.classes + further.titles).map(CSV.safeField))
            try put(line[...])
            try scores.forEach { clip, values in
                line.removeAll(keepingCapacity: true)
                CSV.append(
                    [CSV.safeField(clip.name)] + values.map { $0.isNaN ? "" : $0.description }
                        + further.values(clip.metadata).map(CSV.safeValue), to: &line)
                try put(line[...])
                count += 1
            }
        }
        return count
    }

    private func lines(_ scores: ClipScores, to path: String) throws -> Int {
        let names = scores.classes.map(Self.json)
        var count = 0
        try FileSystem.write(path) { put in
            try scores.forEach { clip, values in
                let pairs = zip(names, values).map { "\($0):\($1.isNaN ? "null" : $1.description)" }.joined(
                    separator: ",")
                var line = Array(#"{"clip":\#(Self.json(clip.name)),"scores":{\#(pairs)}"#.utf8)
                line += JSONLine.columns(clip.metadata) + Array("}\n".utf8)
                try put(line[...])
                count += 1
            }
        }
        return count
    }

    private func matrix(_ scores: ClipScores, to path: String) throws -> Int {
        let further = CarriedColumns(try ManifestColumns(ledger), besides: ["clip"])
        var names: [UInt8] = CSV.row(["clip"] + further.titles.map(CSV.safeField))
        var count = 0
        try scores.forEach { clip, _ in
            CSV.append(
                [CSV.safeField(clip.name)] + further.values(clip.metadata).map(CSV.safeValue), to: &names)
            count += 1
        }
        try FileSystem.write(path) { put in
            let header = NumpyHeader(dtype: .float32, rows: count, columns: scores.classes.count)
            try put(header.bytes[...])
            try scores.forEach { _, values in
                try values.withUnsafeBytes { try put(Array($0)[...]) }
            }
        }
        try FileSystem.write(path + ".clips.csv") { try $0(names[...]) }
        var classes: [UInt8] = CSV.row(["class"])
        for name in scores.classes { CSV.append([CSV.safeField(name)], to: &classes) }
        try FileSystem.write(path + ".classes.csv") { try $0(classes[...]) }
        return count
    }

    /// A JSON string.
    static func json(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
