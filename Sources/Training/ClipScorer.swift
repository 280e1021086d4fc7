import Engines
import Evaluation
import Foundation
import Models

/// Scores the clips of a chunk set by a model: each clip the mean over its chunks, as the pipeline's `aggregate` does.
package struct ClipScorer: Sendable {
    private let model: Model
    private let threads: Int
    /// Chunks of one forward pass.
    private static let batch = 64

    package init(model: Model, threads: Int) {
        self.model = model
        self.threads = threads
    }

    /// A worker's buffers.
    private final class Buffers {
        let session: Session
        let mel: AlignedFloats
        let wave: AlignedFloats
        let scores: AlignedFloats

        init(_ model: Model) {
            session = model.makeSession(maxBatch: ClipScorer.batch)
            mel = AlignedFloats(count: ClipScorer.batch * YAMNetShape.frames * YAMNetShape.bands)
            wave = AlignedFloats(count: model.needsWave ? ClipScorer.batch * LEANShape.samples : 1)
            scores = AlignedFloats(count: ClipScorer.batch * model.classCount)
        }
    }

    /// - Returns: scores (clips, classes), and the mean binary cross-entropy of the chunks.
    /// - Throws: `FileError` where rows cannot be read, `EvaluationError` where a score is not finite.
    package func score(_ set: ChunkSet) throws -> (table: ScoreTable, truth: LabelTable, loss: Double) {
        let classes = model.classCount
        let rows = Locked([[Float]](repeating: [], count: set.clipCount))
        let losses = Locked([Double](repeating: 0, count: set.clipCount))
        let failure = Locked<(any Error)?>(nil)
        let buffers = Locked([Int: Buffers]())
        Parallel.forEach(set.clipCount, threads: threads) { clip, worker in
            let mine = buffers.withLock { known in
                if let found = known[worker] { return Unshared(found) }
                let made = Buffers(model)
                known[worker] = made
                return Unshared(made)
            }
            do {
                let (row, loss) = try score(set, clip, mine.value)
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
            classes: model.classes, scores: rows.withLock { $0.flatMap { $0 } }, seconds: set.clips.map(\.seconds))
        let loss = losses.withLock { $0.reduce(0, +) } / Double(max(1, set.chunkCount * classes))
        return (table, truth, loss)
    }

    /// Each worker has its own; the table of them is what is shared.
    private struct Unshared: @unchecked Sendable {
        let value: Buffers
        init(_ value: Buffers) { self.value = value }
    }

    private func score(_ set: ChunkSet, _ index: Int, _ buffers: Buffers) throws -> ([Float], Double) {
        let clip = set.clips[index]
        let classes = model.classCount
        var aggregator = Aggregator(.mean, classes: classes)
        var loss = 0.0
        for start in stride(from: 0, to: clip.chunks, by: Self.batch) {
            let count = min(Self.batch, clip.chunks - start)
            for place in 0..<count {
                try set.fill(
                    clip.firstChunk + start + place,
                    mel: model.needsMel ? buffers.mel.pointer + place * YAMNetShape.frames * YAMNetShape.bands : nil,
                    wave: model.needsWave ? buffers.wave.pointer + place * LEANShape.samples : nil)
            }
            buffers.session.forward(
                mel: buffers.mel.pointer, wave: buffers.wave.pointer, count: count, embeddings: nil,
                scores: buffers.scores.pointer)
            for place in 0..<count {
                let row = UnsafeBufferPointer(start: buffers.scores.pointer + place * classes, count: classes)
                aggregator.add(row)
                loss += Self.crossEntropy(row, clip.labels)
            }
        }
        return (try aggregator.finish(), loss)
    }

    /// Summed over classes; scores are held away from 0 and 1 by what single precision can tell.
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
