import Engines
import Features
import Pipeline

/// Cuts a clip's streams of mel frames and samples into the chunks of its plan, holding no more than it must.
package final class PatchAssembler {
    private let plan: ChunkPlan
    private let needsMel: Bool
    private let needsWave: Bool
    /// Samples that must be there for a chunk: where no frames tell, all that a lone chunk is padded to. In padding that is
    /// longer than the chunk there would be further chunks else, which the plan does not have.
    private let waveSize: Int
    /// Floats of the frames that a padded chunk has; the patch is the first of them.
    private let chunkSize: Int
    /// Floats of the frames from one chunk to the next. With little overlap that is more than a chunk has: YAMNet's has 98
    /// frames, and a hop of a whole chunk is 100.
    private let hopSize: Int
    private var mel = FloatQueue()
    private var wave = FloatQueue()

    /// - Parameters:
    ///   - plan: the chunks as the mel frames see them, where those are read.
    ///   - inputs: what the model reads; the other is not kept.
    package init(plan: ChunkPlan, inputs: ModelInputs) {
        self.plan = plan
        needsMel = inputs.contains(.mel)
        needsWave = inputs.contains(.wave)
        waveSize = needsMel ? plan.frontEnd.chunk : plan.span
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
    package func append(mel block: Block) { if needsMel { mel.append(block.values) } }

    /// Takes the next samples.
    package func append(wave block: Block) { if needsWave { wave.append(block.values) } }

    /// Hands out every chunk that is whole by now.
    ///
    /// - Parameter body: gets the patch (frames, bands) and the chunk's samples, each where the model reads it. Both are
    ///   borrowed for the call.
    package func drain(_ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) throws -> Void) rethrows {
        guard needsMel || needsWave else { return }
        while !needsMel || mel.count >= chunkSize, !needsWave || wave.count >= waveSize {
            if !needsMel {
                try wave.withFront { try body(nil, $0) }
            } else {
                try mel.withFront { patch in
                    if needsWave {
                        try wave.withFront { try body(patch, $0) }
                    } else {
                        try body(patch, nil)
                    }
                }
            }
            if needsMel { mel.drop(hopSize) }
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
