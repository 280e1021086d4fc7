import Engines
import Evaluation
import Models

/// Scores the clips of an embedding set with a head, bit for bit as a pipeline does that gives the embeddings to an `infer`
/// stage and its scores to `aggregate` with `method: model`.
package struct HeadScorer: Sendable {
    private let head: Head

    package init(_ head: Head) { self.head = head }

    /// The scores of some clips, and their labels.
    ///
    /// - Parameter clips: places in the set.
    /// - Throws: `EvaluationError` if a score is not finite.
    package func score(_ set: EmbeddingSet, clips: [Int]) throws -> (table: ScoreTable, truth: LabelTable) {
        let classes = head.classCount
        let batch = 64
        let scratch = Head.Scratch(head, rows: batch)
        let scores = AlignedFloats(count: batch * classes)
        let weights = AlignedFloats(count: head.hasAttention ? batch * classes : 0)
        defer { withExtendedLifetime((scratch, scores, weights)) {} }
        var aggregator = Aggregator(try Aggregation(name: head.metadata.pooling.rawValue), classes: classes)
        var rows: [Float] = []
        var truth = LabelTable(classes: classes)
        for clip in clips {
            let own = set.clips[clip].rows
            for start in stride(from: own.lowerBound, to: own.upperBound, by: batch) {
                let count = min(batch, own.upperBound - start)
                head.forward(
                    set.row(start), count: count, scratch, scores: scores.pointer,
                    weights: head.hasAttention ? weights.pointer : nil)
                for row in 0..<count {
                    aggregator.add(
                        UnsafeBufferPointer(start: scores.pointer + row * classes, count: classes),
                        weights: head.hasAttention
                            ? UnsafeBufferPointer(start: weights.pointer + row * classes, count: classes) : nil)
                }
            }
            rows += try aggregator.finish()
            try truth.append(set.clips[clip].labels)
        }
        let table = try ScoreTable(classes: set.classes, scores: rows, seconds: clips.map { set.clips[$0].seconds })
        return (table, truth)
    }
}
