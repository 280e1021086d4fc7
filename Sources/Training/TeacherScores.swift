import Cache
import Corpora
import Errors
import Ledger
import Shards
import Wording

/// A teacher's scores of a set's chunks, which become targets of the student (knowledge distillation, Hinton et al., arXiv
/// 1503.02531, with binary cross-entropy against the scores, as the classes do not exclude one another).
///
/// The rows stay in the cache and are read when a chunk is.
package final class TeacherScores: Sendable {
    package let classes: TeacherClasses
    /// The teacher's weight in the loss of a clip with labels.
    private let weight: Float
    /// The number of the teacher's own classes.
    private let width: Int
    /// The rows of each clip of the set.
    private let rows: [ChunkSet.Rows]
    /// The number of chunks that the teacher skipped.
    package let skippedChunks: Int
    /// The chunks that the teacher has heard, in order.
    package let heard: [Int32]
    /// A hash of what the targets depend on, besides the rows' content.
    package let identity: UInt64

    /// Finds the rows of a set's clips, checks them against their digests, and notes which chunks were skipped.
    ///
    /// - Throws: `TrainingError` if a clip has none, or others than of its chunks; `FileError` or `LedgerError` if the cache
    ///   cannot be read.
    package init(
        _ stage: TeacherStage, classes: TeacherClasses, weight: Float, set: ChunkSet, cache: CacheFolder
    ) throws {
        self.classes = classes
        self.weight = weight
        width = stage.classes.count
        let ledger = try cache.reading()
        try stage.check(set.plan, ledger: ledger.path)
        let reader = CacheReader(cache: cache.folder, ledger: ledger)
        let found = try Self.results(of: stage, ledger)
        var hash = SequenceHash()
        hash.add(stage.fingerprint)
        for columns in classes.columns { hash.add("\(columns)") }
        var rows: [ChunkSet.Rows] = []
        var heard: [Int32] = []
        var skipped = 0
        var row = [Float](repeating: 0, count: width)
        for clip in set.clips {
            guard let record = found[ClipName(clip.name)] else {
                throw TrainingError(
                    .badInput, at: ErrorPlace(cache.folder),
                    "clip '\(clip.name)' has no scores of teacher '\(stage.name)', expected a finished run of its pipeline "
                        + "over the manifest")
            }
            let shard = try reader.checked(record)
            guard Int(record.rowCount) == clip.chunks, shard.header.columns == width else {
                throw TrainingError(
                    .badInput, at: ErrorPlace(shard.path),
                    "clip '\(clip.name)' has \(record.rowCount) x \(shard.header.columns) scores of teacher "
                        + "'\(stage.name)', expected \(clip.chunks) x \(width)")
            }
            let first = Int(record.firstRow)
            for chunk in 0..<clip.chunks {
                try row.withUnsafeMutableBufferPointer {
                    if let base = $0.baseAddress { try shard.floats(first + chunk, 1, to: base) }
                }
                // Skipped chunks are NaN in every column.
                if row[0].isNaN { skipped += 1 } else { heard.append(Int32(clip.firstChunk + chunk)) }
            }
            rows.append(ChunkSet.Rows(shard: shard, first: first, count: clip.chunks))
            hash.add(record.digest)
        }
        guard !heard.isEmpty else {
            throw TrainingError(
                .badInput, at: ErrorPlace(cache.folder),
                "teacher '\(stage.name)' skipped all \(counted(skipped, "chunk")), expected one that it has heard")
        }
        self.rows = rows
        self.heard = heard
        skippedChunks = skipped
        identity = hash.value
    }

    /// The rows that the stage has of every clip, made from its file as last read.
    private static func results(of stage: TeacherStage, _ ledger: Ledger) throws -> [ClipName: ResultRecord] {
        var records: [Int64: ResultRecord] = [:]
        try ledger.forEachResult(stage: stage.id) { records[$0.clip] = $0 }
        try ledger.forEachSource { source in
            if records[source.clip]?.content != source.content { records[source.clip] = nil }
        }
        var found: [ClipName: ResultRecord] = [:]
        try ledger.forEachKnownClip { id, name in if let record = records[id] { found[ClipName(name)] = record } }
        return found
    }

    /// Writes a chunk's targets, and their weights in the loss; each (classes).
    ///
    /// The loss is linear in the target. So with t = (1 - w) label + w score, one cross-entropy against t is the sum of
    /// 1 - w times that against the label and w times that against the score, but for a constant of the teacher's own
    /// entropy. A class without a teacher has its label with weight 1 - w. A clip without labels has w = 1.
    ///
    /// - Parameters:
    ///   - place: the chunk's clip in the set, and its number in the clip.
    ///   - labels: the chunk's classes; nil if its clip has none.
    ///   - scratch: room for the teacher's own row.
    /// - Throws: `FileError` if the row cannot be read.
    package func fill(
        _ place: (clip: Int, chunk: Int), labels: [Int]?, targets: UnsafeMutablePointer<Float>,
        weights: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) throws {
        let rows = rows[place.clip]
        try rows.shard.floats(rows.first + place.chunk, 1, to: scratch)
        let share = labels == nil ? 1 : weight
        let own = labels ?? []
        for (index, columns) in classes.columns.enumerated() {
            let label: Float = own.contains(index) ? 1 : 0
            if let first = columns.first {
                let score = columns.dropFirst().reduce(scratch[first]) { max($0, scratch[$1]) }
                targets[index] = (1 - share) * label + share * score
                weights[index] = 1
            } else {
                targets[index] = label
                weights[index] = 1 - share
            }
        }
    }

    /// Room that `fill` needs, in floats.
    package var scratch: Int { width }
}
