import Cache
import Corpora
import Errors
import Evaluation
import Files
import Ledger
import Shards
import Tables

/// Writes a cache's embeddings, chunk by chunk in the manifest's order. Chunks that no model heard have none: they are left
/// out and counted.
package struct EmbeddingExport {
    /// What `--format` takes.
    package enum Format: String, CaseIterable, Sendable { case npy, csv }

    /// The outcome of an export.
    package struct Summary: Sendable, Equatable {
        /// Chunks that were written, and those left out.
        package var chunks = 0
        package var unheard = 0
        /// Values in an embedding.
        package var size = 0
        /// What became of the manifest's further columns; nil if it has none.
        package var columns: ColumnRecord?
        package var coverage = Coverage(clips: 0, done: 0, failed: 0)
    }

    /// What follows the name of an array in the name of the table of its rows.
    package static let indexEnding = ".chunks.csv"
    private static let columns = ["clip", "path", "start", "end"]

    package let source: CachedEmbeddings
    /// What the user asked for.
    package let settings: [(name: String, value: String)]
    private let clips: ClipSelection

    /// - Parameter clips: patterns of the clips wanted, in `Glob` syntax; empty for all.
    /// - Throws: as `CachedEmbeddings.init`; `SettingError` for a pattern that fits no clip.
    package init(cache: CacheFolder, ledger: Ledger, pipeline: String?, stage: String?, clips: [String]) throws {
        source = try CachedEmbeddings(cache: cache, ledger: ledger, pipeline: pipeline, stage: stage)
        self.clips = ClipSelection(clips)
        try self.clips.check(ledger)
        settings =
            (source.stageName.map { [("stage", $0)] } ?? [])
            + (clips.isEmpty ? [] : [("clip", clips.joined(separator: "; "))])
    }

    /// Writes one array (chunks, size) of the numbers as they are stored, and beside it the table
    /// `clip,path,start,end,row`, with `began` where start times are known and then the manifest's further columns. Neither
    /// is in memory as a whole.
    ///
    /// - Throws: `FileError`, `CacheError`, `LedgerError`.
    package func writeArray(to path: String) throws -> Summary {
        let shape = try source.shape()
        var summary = Summary(size: shape.columns)
        // The header has the number of rows, so they are counted first.
        var counted = 0
        try source.forEach(where: clips.contains) { clip in
            try clip.forEachHeard { chunks, _ in counted += chunks.count }
        }
        let manifest = try ManifestColumns(source.ledger)
        let own = Self.columns + ["row"] + (manifest.hasStartTimes ? [ClipMetadata.began] : [])
        let further = CarriedColumns(manifest, besides: own)
        summary.columns = further.record
        try FileSystem.write(path) { put in
            try FileSystem.write(path + Self.indexEnding) { putRow in
                try put(NumpyHeader(dtype: shape.dtype, rows: counted, columns: shape.columns).bytes[...])
                var line = CSV.row(own + further.titles.map(CSV.safeField))
                try putRow(line[...])
                try forEach(shape, &summary) { clip, chunk, bytes, row in
                    try put(Array(bytes)[...])
                    line.removeAll(keepingCapacity: true)
                    let (start, end) = source.timing.span(of: chunk, in: clip.clip)
                    append(clip, start, end, to: &line)
                    line += ",\(row)".utf8
                    if manifest.hasStartTimes {
                        line.append(UInt8(ascii: ","))
                        line += CSV.field(clip.began?.text(after: start) ?? "")
                    }
                    line += further.csv(clip.clip.metadata)
                    line.append(UInt8(ascii: "\n"))
                    try putRow(line[...])
                }
            }
        }
        guard summary.chunks == counted else {
            throw CacheError(
                .badInput, path: source.ledger.path,
                "found \(summary.chunks) chunks with embeddings, expected the \(counted) counted before")
        }
        return summary
    }

    /// Writes a table `clip,path,start,end,e0,e1,...`, with `began` where start times are known and then the manifest's further
    /// columns.
    ///
    /// - Throws: `FileError`, `CacheError`, `LedgerError`.
    package func writeTable(to path: String) throws -> Summary {
        let shape = try source.shape()
        var summary = Summary(size: shape.columns)
        let manifest = try ManifestColumns(source.ledger)
        let own =
            Self.columns + (0..<shape.columns).map { "e\($0)" } + (manifest.hasStartTimes ? [ClipMetadata.began] : [])
        let further = CarriedColumns(manifest, besides: own)
        summary.columns = further.record
        var values = [Float](repeating: 0, count: shape.columns)
        try FileSystem.write(path) { put in
            var line = CSV.row(own + further.titles.map(CSV.safeField))
            try put(line[...])
            try forEach(shape, &summary) { clip, chunk, bytes, _ in
                values.withUnsafeMutableBufferPointer { values in
                    guard let from = bytes.baseAddress, let to = values.baseAddress else { return }
                    shape.dtype.decode(from, count: shape.columns, to: to)
                }
                line.removeAll(keepingCapacity: true)
                let (start, end) = source.timing.span(of: chunk, in: clip.clip)
                append(clip, start, end, to: &line)
                for value in values {
                    line.append(UInt8(ascii: ","))
                    NumberText.append(score: value, to: &line)
                }
                if manifest.hasStartTimes {
                    line.append(UInt8(ascii: ","))
                    line += CSV.field(clip.began?.text(after: start) ?? "")
                }
                line += further.csv(clip.clip.metadata)
                line.append(UInt8(ascii: "\n"))
                try put(line[...])
            }
        }
        return summary
    }

    /// A clip whose chunks are being written.
    private struct Current {
        let clip: EventClip
        let began: StartTime?
        /// The first fields of its rows, as CSV.
        let prefix: [UInt8]
    }

    private func append(_ clip: Current, _ start: Double, _ end: Double, to line: inout [UInt8]) {
        line += clip.prefix
        EventText.append(seconds: start, to: &line)
        line.append(UInt8(ascii: ","))
        EventText.append(seconds: end, to: &line)
    }

    /// Passes every chunk that has an embedding to `body`: its clip, its number in it, its row as it is stored, and how many
    /// chunks were passed on before it.
    private func forEach(
        _ shape: NumpyHeader, _ summary: inout Summary,
        _ body: (Current, Int, UnsafeRawBufferPointer, Int) throws -> Void
    ) throws {
        var (tally, written, all) = (ClipTally(), 0, 0)
        try source.forEach(where: clips.contains) { clip in
            let header = clip.shard.header
            guard header.columns == shape.columns, header.dtype == shape.dtype else {
                throw CacheError(
                    .badInput, path: clip.shard.path,
                    "found embeddings of \(header.columns) values in \(header.dtype.rawValue), expected "
                        + "\(shape.columns) in \(shape.dtype.rawValue) as in the first clip; run 'earmark verify --repair'"
                )
            }
            try CacheReader.check(clip.result, in: clip.shard)
            tally.note(clip.record)
            all += clip.chunks
            let own = try EventClip(clip.record, seconds: clip.seconds)
            let current = Current(
                clip: own, began: ClipMetadata.began(json: clip.record.metadata),
                prefix: CSV.field(CSV.safeField(own.name)) + [UInt8(ascii: ",")] + CSV.field(own.path)
                    + [UInt8(ascii: ",")])
            try clip.forEachHeard { chunks, bytes in
                for chunk in chunks {
                    let place = (chunk - chunks.lowerBound) * header.rowSize
                    let row = UnsafeRawBufferPointer(rebasing: bytes[place..<place + header.rowSize])
                    try body(current, chunk, row, written)
                    written += 1
                }
            }
        }
        summary.chunks = written
        summary.unheard = all - written
        summary.coverage = try tally.finish(source.ledger, source.pipeline, clips)
        summary.coverage.skipped = try source.skipped?.count(where: clips.contains)
    }
}
