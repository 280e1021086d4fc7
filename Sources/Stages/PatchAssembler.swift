import Engines
import Features
import Pipeline

/// Cuts a clip's streams of mel frames and samples into the chunks of its plan, buffering no more than necessary.
package final class PatchAssembler {
    private let plan: ChunkPlan
    private let needsMel: Bool
    private let needsWave: Bool
    /// Samples that must have arrived for a chunk. If there are no mel frames to go by, this is the whole length that a
    /// lone chunk is padded to: in padding that is longer than the chunk, there would otherwise be further chunks,
    /// which the plan does not have.
    private let waveSize: Int
    /// Floats in the frames of a padded chunk; the patch is the first of these frames.
    private let chunkSize: Int
    /// Floats in the frames from one chunk to the next. With little overlap, this is more than a chunk has: YAMNet's
    /// chunk has 98 frames, but a hop of a whole chunk is 100.
    private let hopSize: Int
    private var mel = FloatQueue()
    private var wave = FloatQueue()

    /// - Parameters:
    ///   - plan: the chunks; if the model reads mel frames, as the log-mel stage has them.
    ///   - inputs: what the model reads; any other input is discarded.
    package init(plan: ChunkPlan, inputs: ModelInputs) {
        self.plan = plan
        needsMel = inputs.contains(.mel)
        needsWave = inputs.contains(.wave)
        waveSize = needsMel ? plan.frontEnd.chunk : plan.span
        let frontEnd = plan.frontEnd
        chunkSize = plan.chunkFrames * frontEnd.bands
        hopSize = plan.hop / frontEnd.hop * frontEnd.bands
    }

    /// Discards what is left, to be ready for another clip.
    package func reset() {
        mel.removeAll()
        wave.removeAll()
    }

    /// Appends the next frames, of shape (frames, bands).
    package func append(mel block: Block) { if needsMel { mel.append(block.values) } }

    /// Appends the next samples.
    package func append(wave block: Block) { if needsWave { wave.append(block.values) } }

    /// Calls `body` with every chunk that is complete by now.
    ///
    /// - Parameters:
    ///   - isDue: asked before each chunk; false keeps it and those after it for a later call.
    ///   - body: gets the patch (frames, bands) and the chunk's samples, each nil if the model does not read it. Both
    ///     pointers are valid only during the call.
    package func drain(
        while isDue: () -> Bool = { true }, _ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) throws -> Void
    ) rethrows {
        guard needsMel || needsWave else { return }
        while !needsMel || mel.count >= chunkSize, !needsWave || wave.count >= waveSize, isDue() {
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

/// A queue of floats that is contiguous from its front on. The remaining floats are moved to the start of the array
/// only when at least half of the array is used up.
private struct FloatQueue {
    private var values: [Float] = []
    private var start = 0
    /// Floats that are already dropped but have not arrived yet.
    private var owed = 0

    var count: Int { values.count - start }

    /// Calls `body` with a pointer to the floats from the front on; the queue must not be empty.
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

    /// Drops the next floats, including those that have not arrived yet.
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
