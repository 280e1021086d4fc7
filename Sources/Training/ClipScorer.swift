import Engines
import Evaluation
import Foundation
import Models

/// Scores the clips of a chunk set with a model on any engine. A clip's score is pooled from its chunks as the model was
/// trained: their mean, except for some heads. The pipeline's `aggregate` stage does the same with `method: model`.
package struct ClipScorer: Sendable {
    private let engine: any InferenceEngine
    private let threads: Int
    /// The number of chunks in one forward pass.
    private static let batch = 64

    package init(engine: any InferenceEngine, threads: Int) {
        self.engine = engine
        self.threads = threads
    }

    /// One worker's buffers.
    private final class Buffers {
        let session: any InferenceSession
        let mel: AlignedFloats
        let wave: AlignedFloats
        let scores: AlignedFloats
        /// The session as one that weighs chunks; nil if the model's pooling is not by weights.
        let weigher: (any WeighingSession)?
        let embeddings: AlignedFloats
        let weights: AlignedFloats

        init(_ engine: any InferenceEngine) throws {
            session = try engine.makeSession(maxBatch: ClipScorer.batch)
            mel = AlignedFloats(count: ClipScorer.batch * engine.model.patchSize)
            wave = AlignedFloats(count: ClipScorer.batch * engine.model.waveSize)
            scores = AlignedFloats(count: ClipScorer.batch * engine.model.classCount)
            weigher = engine.model.pooling == .attention ? session as? any WeighingSession : nil
            let rows = weigher == nil ? 0 : ClipScorer.batch
            embeddings = AlignedFloats(count: rows * engine.model.embeddingSize)
            weights = AlignedFloats(count: rows * engine.model.classCount)
        }
    }

    /// The scores of a chunk set's clips.
    package struct Scored {
        /// Shape (clips, classes).
        package let table: ScoreTable
        package let truth: LabelTable
        /// The mean binary cross-entropy of the chunks.
        package let loss: Double
        /// The hours, by class, covered by chunks that score at or above the threshold; nil if no thresholds were
        /// given.
        package let hoursAbove: [Double]?
    }

    /// Scores all clips of a chunk set.
    ///
    /// - Parameter thresholds: one per class, in class order.
    /// - Throws: `FileError` if rows cannot be read, `EvaluationError` if a score is not finite, and any error of the
    ///   engine.
    package func score(_ set: ChunkSet, thresholds: [Double]? = nil) throws -> Scored {
        let classes = engine.model.classCount
        let rows = Locked([[Float]](repeating: [], count: set.clipCount))
        let losses = Locked([Double](repeating: 0, count: set.clipCount))
        let covered = Locked([Int](repeating: 0, count: classes))
        let failure = Locked<(any Error)?>(nil)
        let buffers = Locked([Int: Buffers]())
        Parallel.forEach(set.clipCount, threads: threads) { clip, worker in
            do {
                let mine = try buffers.withLock { known in
                    if let found = known[worker] { return Unshared(found) }
                    let made = try Buffers(engine)
                    known[worker] = made
                    return Unshared(made)
                }
                var time = thresholds.map { CoveredTime(thresholds: $0) }
                let (row, loss) = try score(set, clip, mine.value, &time)
                if let own = time?.samples {
                    covered.withLock { sums in for place in own.indices { sums[place] += own[place] } }
                }
                rows.withLock { $0[clip] = row }
                losses.withLock { $0[clip] = loss }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        var truth = LabelTable(classes: classes)
        for clip in set.clips { try truth.append(clip.labels) }
        let table = try ScoreTable(
            classes: engine.model.classes, scores: rows.withLock { $0.flatMap { $0 } },
            seconds: set.clips.map(\.seconds))
        let loss = losses.withLock { $0.reduce(0, +) } / Double(max(1, set.chunkCount * classes))
        let hours = covered.withLock { $0.map { Double($0) / Double(set.rate) / 3600 } }
        return Scored(table: table, truth: truth, loss: loss, hoursAbove: thresholds == nil ? nil : hours)
    }

    /// Lets a worker's buffers leave the lock: only the table of buffers is shared between workers, not the buffers.
    private struct Unshared: @unchecked Sendable {
        let value: Buffers
        init(_ value: Buffers) { self.value = value }
    }

    private func score(
        _ set: ChunkSet, _ index: Int, _ buffers: Buffers, _ time: inout CoveredTime?
    ) throws -> ([Float], Double) {
        let clip = set.clips[index]
        let model = engine.model
        let classes = model.classCount
        var aggregator = Aggregator(try Aggregation(name: model.pooling.rawValue), classes: classes)
        var loss = 0.0
        for start in stride(from: 0, to: clip.chunks, by: Self.batch) {
            let count = min(Self.batch, clip.chunks - start)
            for place in 0..<count {
                try set.fill(
                    clip.firstChunk + start + place,
                    mel: model.needsMel ? buffers.mel.pointer + place * model.patchSize : nil,
                    wave: model.needsWave ? buffers.wave.pointer + place * model.waveSize : nil)
            }
            try buffers.session.forward(
                mel: model.needsMel ? UnsafePointer(buffers.mel.pointer) : nil,
                wave: model.needsWave ? UnsafePointer(buffers.wave.pointer) : nil, count: count,
                embeddings: buffers.weigher == nil ? nil : buffers.embeddings.pointer, scores: buffers.scores.pointer)
            try buffers.weigher?.weigh(
                embeddings: buffers.embeddings.pointer, count: count, weights: buffers.weights.pointer)
            for place in 0..<count {
                let row = UnsafeBufferPointer(start: buffers.scores.pointer + place * classes, count: classes)
                aggregator.add(
                    row,
                    weights: buffers.weigher == nil
                        ? nil : UnsafeBufferPointer(start: buffers.weights.pointer + place * classes, count: classes))
                let samples = set.samples(ofChunk: start + place, in: clip)
                time?.add(row, from: samples.lowerBound, to: samples.upperBound)
                loss += Self.crossEntropy(row, clip.labels)
            }
        }
        return (try aggregator.finish(), loss)
    }

    /// Returns the cross-entropy, summed over classes. Scores are kept away from 0 and 1 by about the resolution of
    /// single precision.
    private static func crossEntropy(_ scores: UnsafeBufferPointer<Float>, _ labels: [Int]) -> Double {
        var loss = 0.0
        var next = 0
        for (index, score) in scores.enumerated() {
            let p = min(max(Double(score), 1e-7), 1 - 1e-7)
            if next < labels.count, labels[next] == index {
                loss -= log(p)
                next += 1
            } else {
                loss -= log(1 - p)
            }
        }
        return loss
    }
}
