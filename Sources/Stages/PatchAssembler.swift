import Features
import Pipeline

/// Cuts a clip's streams of mel frames and samples into the chunks of its plan, holding no more than it must.
final class PatchAssembler {
    private let plan: ChunkPlan
    private let needsWave: Bool
    /// Frames a padded chunk has; the patch is the first of them.
    private let chunkFrames: Int
    private let hopFrames: Int
    private var mel = RowFIFO()
    private var wave = RowFIFO()

    init(plan: ChunkPlan, needsWave: Bool) {
        self.plan = plan
        self.needsWave = needsWave
        let frontEnd = plan.frontEnd
        chunkFrames = (frontEnd.chunk - frontEnd.window) / frontEnd.hop + 1
        hopFrames = plan.hop / frontEnd.hop
    }

    func reset() {
        mel.removeAll()
        wave.removeAll()
    }

    func append(mel block: Block) { mel.append(block.values) }

    func append(wave block: Block) { if needsWave { wave.append(block.values) } }

    /// Hands out every chunk that is whole by now.
    ///
    /// - Parameter body: gets the patch (frames, bands) and, where the model needs it, the chunk's samples.
    func drain(_ body: (UnsafePointer<Float>, UnsafePointer<Float>?) throws -> Void) rethrows {
        let frontEnd = plan.frontEnd
        while mel.count >= chunkFrames * frontEnd.bands, !needsWave || wave.count >= frontEnd.chunk {
            try body(mel.front, needsWave ? wave.front : nil)
            mel.drop(hopFrames * frontEnd.bands)
            if needsWave { wave.drop(plan.hop) }
        }
    }
}

/// A queue of floats whose front is contiguous. Moves what is left to its start only when half of it is spent.
private struct RowFIFO {
    private var values: [Float] = []
    private var start = 0

    var count: Int { values.count - start }

    /// Valid until the next change.
    var front: UnsafePointer<Float> {
        values.withUnsafeBufferPointer { $0.baseAddress! + start }
    }

    mutating func append(_ more: UnsafeBufferPointer<Float>) {
        if start > 0, start * 2 >= values.count {
            values.removeSubrange(..<start)
            start = 0
        }
        values.append(contentsOf: more)
    }

    mutating func drop(_ number: Int) { start += min(number, count) }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        start = 0
    }
}
