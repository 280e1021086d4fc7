import Cache
import Corpora
import Engines
import Errors
import Ledger

/// The cached embeddings of some clips, in memory: one row for each chunk that a model heard, clip after clip.
package final class EmbeddingSet: Sendable {
    /// One clip: its labels and its rows.
    package struct Clip: Sendable, Equatable {
        package let name: String
        /// Places of its classes, ascending, each once.
        package let labels: [Int]
        /// Its rows in the set; never empty.
        package let rows: Range<Int>
        /// The length of the recording; 0 if it is not known.
        package let seconds: Double

        package init(name: String, labels: [Int], rows: Range<Int>, seconds: Double = 0) {
            self.name = name
            self.labels = labels
            self.rows = rows
            self.seconds = seconds
        }
    }

    /// What was asked for and is not in the set.
    package struct Left: Sendable, Equatable {
        /// Clips without cached embeddings, or whose file has changed since they were made.
        package var missing: [String] = []
        /// Clips of which no chunk was heard.
        package var silent: [String] = []
        /// Chunks that no model heard because of their level, in all clips.
        package var skippedChunks = 0
        /// How often clips have each label that is not a class.
        package var labels: [String: Int] = [:]

        package init() {}
    }

    /// Class names, in the order of the places.
    package let classes: [String]
    package let clips: [Clip]
    /// Values in a row.
    package let size: Int
    package let left: Left
    /// Row-major, (rows, size).
    private let values: AlignedFloats

    /// Makes a set of rows that are there already.
    ///
    /// - Parameter values: row-major, (rows of all clips, size); all finite.
    package init(classes: [String], clips: [Clip], size: Int, values: [Float], left: Left = Left()) {
        precondition(values.count == (clips.last?.rows.upperBound ?? 0) * size, "rows that are no clip's")
        self.classes = classes
        self.clips = clips
        self.size = size
        self.left = left
        self.values = AlignedFloats(values)
    }

    /// Reads the embeddings of clips and checks them against their digests.
    ///
    /// - Parameters:
    ///   - entries: the clips. Labels that are not in `classes` are counted.
    ///   - stage: the ledger's id of the stage that keeps the embeddings.
    /// - Throws: `FileError` if rows are not as they were written; `TrainingError` if a value is not finite.
    package convenience init(
        _ entries: [Manifest.Entry], classes: [String], cache: CacheFolder, stage: Int64
    ) throws {
        let ledger = try cache.reading()
        let reader = CacheReader(cache: cache.folder, ledger: ledger)
        var ids: [ClipName: Int64] = [:]
        try ledger.forEachKnownClip { ids[ClipName($1)] = $0 }
        var records: [Int64: ResultRecord] = [:]
        try ledger.forEachResult(stage: stage) { records[$0.clip] = $0 }
        var seconds: [Int64: Double] = [:]
        try ledger.forEachSource { source in
            if records[source.clip]?.content != source.content { records[source.clip] = nil }
            seconds[source.clip] = source.seconds
        }
        let places = ClassNames(classes)
        var left = Left()
        var clips: [Clip] = []
        var values: [Float] = []
        var size = 0
        for entry in entries {
            guard let id = ids[ClipName(entry.clip)], let record = records[id] else {
                left.missing.append(entry.clip)
                continue
            }
            let (rows, columns) = try reader.floats(record)
            size = columns
            let first = values.count / max(1, columns)
            for row in 0..<rows.count / max(1, columns) {
                let own = rows[row * columns..<(row + 1) * columns]
                if own.first?.isNaN ?? true {
                    left.skippedChunks += 1
                } else if own.allSatisfy(\.isFinite) {
                    values += own
                } else {
                    throw TrainingError(
                        .badInput, at: ErrorPlace(cache.folder),
                        "embedding \(row) of clip '\(entry.clip)' has a value that is not finite, expected finite numbers"
                    )
                }
            }
            let end = values.count / max(1, columns)
            guard end > first else {
                left.silent.append(entry.clip)
                continue
            }
            var labels: Set<Int> = []
            for label in entry.labels {
                if let place = places.place(of: label) {
                    labels.insert(place)
                } else {
                    left.labels[label, default: 0] += 1
                }
            }
            clips.append(
                Clip(name: entry.clip, labels: labels.sorted(), rows: first..<end, seconds: seconds[id] ?? 0))
        }
        self.init(classes: classes, clips: clips, size: size, values: values, left: left)
    }

    /// Number of chunks.
    package var rowCount: Int { clips.last?.rows.upperBound ?? 0 }

    /// The first value of a row; the rows after it follow end to end.
    package func row(_ row: Int) -> UnsafePointer<Float> { UnsafePointer(values.pointer + row * size) }
}
