import Features
import Pipeline

/// Cuts a clip's streams of mel frames and samples into the chunks of its plan, holding no more than it must.
package final class PatchAssembler {
    private let plan: ChunkPlan
    private let needsWave: Bool
    /// Floats of the frames that a padded chunk has; the patch is the first of them.
    private let chunkSize: Int
    /// Floats of the frames from one chunk to the next. With little overlap that is more than a chunk has: YAMNet's has 98
    /// frames, and a hop of a whole chunk is 100.
    private let hopSize: Int
    private var mel = FloatQueue()
    private var wave = FloatQueue()

    /// - Parameter needsWave: false where the model sees log-mel alone: samples are then not kept.
    package init(plan: ChunkPlan, needsWave: Bool) {
        self.plan = plan
        self.needsWave = needsWave
        let frontEnd = plan.frontEnd
        chunkSize = plan.chunkFrames * frontEnd.bands
        hopSize = plan.hop / frontEnd.hop * frontEnd.bands
    }

    /// Makes it ready for another clip.
    package func reset() {
        mel.removeAll()
        wave.removeAll()
    }

    /// Takes the next frames, (frames, bands).
    package func append(mel block: Block) { mel.append(block.values) }

    /// Takes the next samples.
    package func append(wave block: Block) { if needsWave { wave.append(block.values) } }

    /// Hands out every chunk that is whole by now.
    ///
    /// - Parameter body: gets the patch (frames, bands) and, where the model needs it, the chunk's samples. Both are
    ///   borrowed for the call.
    package func drain(_ body: (UnsafePointer<Float>, UnsafePointer<Float>?) throws -> Void) rethrows {
        while mel.count >= chunkSize, !needsWave || wave.count >= plan.frontEnd.chunk {
            try mel.withFront { patch in
                if needsWave {
                    try wave.withFront { try body(patch, $0) }
                } else {
                    try body(patch, nil)
                }
            }
            mel.drop(hopSize)
            if needsWave { wave.drop(plan.hop) }
        }
    }
}

/// A queue of floats whose front is contiguous. Moves what is left to its start only when half of it is spent.
private struct FloatQueue {
    private var values: [Float] = []
    private var start = 0
    /// Floats that are dropped already but have not come yet.
    private var owed = 0

    var count: Int { values.count - start }

    /// Borrows the floats from the front on; there must be some.
    func withFront(_ body: (UnsafePointer<Float>) throws -> Void) rethrows {
        try values.withUnsafeBufferPointer { try body($0.baseAddress! + start) }
    }

    mutating func append(_ more: UnsafeBufferPointer<Float>) {
        let skipped = min(owed, more.count)
        owed -= skipped
        if start > 0, start * 2 >= values.count {
            values.removeSubrange(..<start)
            start = 0
        }
        values.append(contentsOf: more[skipped...])
    }

    /// Drops the next floats, those that are still to come included.
    mutating func drop(_ number: Int) {
        let held = min(number, count)
        start += held
        owed += number - held
    }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        start = 0
        owed = 0
    }
}
