import Engines
import Features
import Pipeline

/// Runs a network over the chunks of one clip after another; chunks of several clips share a forward pass.
///
/// The kernels compute each row by itself, so a chunk's scores are the same bits whatever shares its batch.
final class InferOperator: Operator {
    private struct Slot {
        let job: ClipJob
    }

    private let node: Int
    private let outlets: [Outlet]
    private let model: Model
    private let session: Session
    private let assembler: PatchAssembler
    private let normalization: Normalization
    private let batch: Int
    private let frontEnd: FrontEnd
    private let patchSize: Int
    private let chunkSize: Int
    private let inputs: Int

    private let mel: UnsafeMutablePointer<Float>
    private let wave: UnsafeMutablePointer<Float>
    private let scores: UnsafeMutablePointer<Float>
    private let embeddings: UnsafeMutablePointer<Float>
    private var slots: [Slot] = []
    /// The clip whose blocks come in now.
    private var current: ClipJob?
    private var openInputs = 0
    /// Clips whose inputs have ended while some of their chunks still wait.
    private var ended: Set<ObjectIdentifier> = []

    init(_ prepared: PreparedInference, node: Int, outlets: [Outlet]) {
        self.node = node
        self.outlets = outlets
        model = prepared.model
        normalization = prepared.normalization
        batch = prepared.batch
        inputs = prepared.model.needsWave ? 2 : 1
        session = prepared.model.makeSession(maxBatch: prepared.batch)
        assembler = PatchAssembler(plan: prepared.plan, needsWave: prepared.model.needsWave)
        frontEnd = prepared.plan.frontEnd
        patchSize = prepared.plan.frontEnd.patchFrames * prepared.plan.frontEnd.bands
        chunkSize = prepared.plan.frontEnd.chunk
        mel = .allocate(capacity: batch * patchSize)
        wave = .allocate(capacity: inputs == 2 ? batch * chunkSize : 1)
        scores = .allocate(capacity: batch * model.classCount)
        embeddings = .allocate(capacity: batch * model.embeddingSize)
        slots.reserveCapacity(batch)
    }

    deinit {
        mel.deallocate()
        wave.deallocate()
        scores.deallocate()
        embeddings.deallocate()
    }

    func begin(_ job: ClipJob) {
        current = job
        openInputs = inputs
        assembler.reset()
    }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        if input == 0 { assembler.append(mel: block) } else { assembler.append(wave: block) }
        try assembler.drain { patch, samples in
            let slot = slots.count
            let target = UnsafeMutableBufferPointer(start: mel + slot * patchSize, count: patchSize)
            _ = target.update(fromContentsOf: UnsafeBufferPointer(start: patch, count: patchSize))
            frontEnd.finish(target)
            normalization.apply(to: target, bands: frontEnd.bands)
            if let samples { (wave + slot * chunkSize).update(from: samples, count: chunkSize) }
            slots.append(Slot(job: job))
            if slots.count == batch { try forward() }
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        openInputs -= 1
        guard openInputs == 0 else { return }
        current = nil
        if slots.last?.job === job {
            ended.insert(ObjectIdentifier(job))
        } else {
            try finishOutlets(job)
        }
    }

    func flush() throws { if !slots.isEmpty { try forward() } }

    func abandon(_ job: ClipJob) {
        guard current === job else { return }
        current = nil
        assembler.reset()
    }

    private func forward() throws {
        session.forward(
            mel: mel, wave: inputs == 2 ? UnsafePointer(wave) : nil, count: slots.count, embeddings: embeddings,
            scores: scores)
        let done = slots
        slots.removeAll(keepingCapacity: true)
        var start = 0
        while start < done.count {
            let job = done[start].job
            var end = start + 1
            while end < done.count, done[end].job === job { end += 1 }
            if job.failure == nil { try emit(job, start, end - start) }
            if ended.remove(ObjectIdentifier(job)) != nil, job.failure == nil { try finishOutlets(job) }
            start = end
        }
    }

    private func emit(_ job: ClipJob, _ first: Int, _ count: Int) throws {
        let rows = UnsafeBufferPointer(start: scores + first * model.classCount, count: count * model.classCount)
        guard rows.allSatisfy(\.isFinite) else {
            job.fail(
                ClipFailure(
                    failureClass: "internal", reason: "the network's scores are not finite for this clip", node: node))
            return
        }
        try outlets[0].emit(Block(rows, columns: model.classCount), job)
        let size = model.embeddingSize
        try outlets[1].emit(
            Block(UnsafeBufferPointer(start: embeddings + first * size, count: count * size), columns: size), job)
    }

    private func finishOutlets(_ job: ClipJob) throws {
        for outlet in outlets { try outlet.finish(job) }
    }
}
