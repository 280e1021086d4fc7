import Engines
import Errors
import Features
import Pipeline
import Timing

/// Scores embeddings that another stage made or a cache holds. Nothing is held back: a block of embeddings becomes a block of
/// scores.
final class HeadOperator: Operator {
    private let node: Int
    private let head: Head
    private let plan: ChunkPlan
    /// Index of the node by which rows are NaN; nil if none are.
    private let skippedBy: Int?
    /// Index of the node that pads the clip's samples.
    private let chunkNode: Int?
    private let batch: Int
    private let outlets: [Outlet]
    private let scratch: Head.Scratch
    private let scores: AlignedFloats
    private let weights: AlignedFloats
    /// Of the clip whose rows arrive now. It counts only where they come from a cache, and so clip by clip: a stage that makes
    /// them has told of its skipped chunks by then.
    private var skipped: SkippedTime

    /// - Parameter batch: most chunks that are computed at once.
    init(
        node: Int, head: Head, plan: ChunkPlan, skippedBy: Int?, chunkNode: Int?, batch: Int, outlets: [Outlet]
    ) {
        self.node = node
        self.head = head
        self.plan = plan
        self.skippedBy = skippedBy
        self.chunkNode = chunkNode
        self.batch = batch
        self.outlets = outlets
        scratch = Head.Scratch(head, rows: batch)
        scores = AlignedFloats(count: batch * head.classCount)
        weights = AlignedFloats(count: head.hasAttention ? batch * head.classCount : 0)
        skipped = SkippedTime(hop: plan.hop, length: plan.frontEnd.chunk)
    }

    func begin(_ job: ClipJob) { skipped = SkippedTime(hop: plan.hop, length: plan.frontEnd.chunk) }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        guard block.columns == head.embeddingSize else {
            throw ClipFailure(
                failureClass: .internal,
                reason: "embeddings of \(block.columns) values for a head of \(head.embeddingSize)", node: node)
        }
        for first in stride(from: 0, to: block.rows, by: batch) {
            let count = min(batch, block.rows - first)
            let rows = UnsafeBufferPointer(
                rebasing: block.values[first * block.columns..<(first + count) * block.columns])
            try score(rows, count, job)
        }
    }

    private func score(_ rows: UnsafeBufferPointer<Float>, _ count: Int, _ job: ClipJob) throws {
        guard let start = rows.baseAddress else { return }
        let (size, classes) = (head.embeddingSize, head.classCount)
        WorkTimer.measure(.forward) {
            head.forward(
                start, count: count, scratch, scores: scores.pointer, weights: head.hasAttention ? weights.pointer : nil
            )
        }
        for row in 0..<count {
            let isSkipped = skippedBy != nil && start[row * size].isNaN
            if skippedBy != nil { skipped.add(isSkipped: isSkipped) }
            let own = scores.pointer + row * classes
            if isSkipped {
                own.update(repeating: .nan, count: classes)
                if head.hasAttention { (weights.pointer + row * classes).update(repeating: .nan, count: classes) }
            } else if !UnsafeBufferPointer(start: own, count: classes).allSatisfy(\.isFinite) {
                throw ClipFailure(
                    failureClass: .internal, reason: "the head's scores are not finite for this clip", node: node)
            }
        }
        try outlets[0].emit(
            Block(UnsafeBufferPointer(start: scores.pointer, count: count * classes), columns: classes), job)
        try outlets[1].emit(Block(rows, columns: size), job)
        guard head.hasAttention else { return }
        try outlets[2].emit(
            Block(UnsafeBufferPointer(start: weights.pointer, count: count * classes), columns: classes), job)
    }

    func finish(input: Int, job: ClipJob) throws {
        if let skippedBy, job.skippedAudio[skippedBy] == nil {
            skipped.finish(samples: chunkNode.flatMap { job.samples[$0] })
            job.note(
                skipped: SkippedAudio(
                    chunks: skipped.chunks, seconds: Double(skipped.samples) / Double(plan.frontEnd.rate)),
                of: skippedBy)
        }
        for outlet in outlets { try outlet.finish(job) }
    }
}
