import Engines
import Errors
import Features
import Models
import Pipeline
import Timing

/// One worker's pass of an `infer` stage: it gathers chunks of several clips for each forward pass, and passes the rows on in order.
final class InferOperator: Operator {
    /// Chunks of one clip, all heard or all skipped, whose rows have not been passed on.
    private struct Stretch {
        let job: ClipJob
        let isSkipped: Bool
        var count: Int
    }

    private let node: Int
    private let outlets: [Outlet]
    private let model: ModelDescription
    private let session: any InferenceSession
    private let assembler: PatchAssembler
    private let normalization: Normalization
    private let frontEnd: FrontEnd
    private let plan: ChunkPlan
    /// Index of the node that decides which chunks are skipped; nil if none is.
    private let skipNode: Int?
    /// Index of the node that pads the clip's samples.
    private let chunkNode: Int?
    private let batch: Int
    /// The forward pass, as it is recorded while it is under way.
    private let call: ModelCall
    private let patchSize: Int
    private let waveSize: Int
    private let inputs: Int

    private let mel: AlignedFloats
    private let wave: AlignedFloats
    private let scores: AlignedFloats
    private let embeddings: AlignedFloats
    /// The session as one that weighs chunks; nil if the model has no weights.
    private let weigher: (any WeighingSession)?
    private let weights: AlignedFloats
    /// Scores, embeddings or weights of skipped chunks.
    private let absent: [Float]
    /// Chunks in the batch.
    private var waiting = 0
    /// The chunks in the batch, and the skipped ones between and after them, in order.
    private var stretches: [Stretch] = []
    /// The clip whose blocks are arriving now.
    private var current: ClipJob?
    private var openInputs = 0
    /// Chunks of the current clip that have arrived.
    private var chunks = 0
    private var skipped: SkippedTime
    /// Clips whose inputs have ended while some of their chunks still wait.
    private var ended: Set<ObjectIdentifier> = []

    init(
        node: Int, model: ModelDescription, session: any InferenceSession, plan: ChunkPlan, skipNode: Int?,
        chunkNode: Int?, normalization: Normalization, batch: Int, call: ModelCall, outlets: [Outlet]
    ) {
        self.node = node
        self.outlets = outlets
        self.model = model
        self.session = session
        self.normalization = normalization
        self.plan = plan
        self.skipNode = skipNode
        self.chunkNode = chunkNode
        self.batch = batch
        self.call = call
        assembler = PatchAssembler(plan: plan, inputs: model.inputs)
        frontEnd = plan.frontEnd
        patchSize = model.patchSize
        waveSize = model.waveSize
        inputs = (model.needsMel ? 1 : 0) + (model.needsWave ? 1 : 0)
        mel = AlignedFloats(count: batch * patchSize)
        wave = AlignedFloats(count: batch * waveSize)
        scores = AlignedFloats(count: batch * model.classCount)
        embeddings = AlignedFloats(count: batch * model.embeddingSize)
        weigher = model.pooling == .attention ? session as? any WeighingSession : nil
        weights = AlignedFloats(count: weigher == nil ? 0 : batch * model.classCount)
        absent =
            skipNode == nil
            ? [] : [Float](repeating: .nan, count: batch * max(model.classCount, model.embeddingSize))
        skipped = SkippedTime(hop: plan.hop, length: plan.frontEnd.chunk)
    }

    func begin(_ job: ClipJob) {
        current = job
        openInputs = inputs
        chunks = 0
        skipped = SkippedTime(hop: plan.hop, length: plan.frontEnd.chunk)
        assembler.reset()
    }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        if input == 0 { assembler.append(mel: block) } else { assembler.append(wave: block) }
        try drain(job)
    }

    /// Takes the chunks that are complete, and of which it is decided whether they are skipped. A chunk's frames can all be
    /// there before its last samples are, and its level is known only with those.
    private func drain(_ job: ClipJob) throws {
        try assembler.drain(while: { skipNode.map { job.skipped[$0]?[chunks] != nil } ?? true }) { patch, samples in
            let isSkipped = skipNode.flatMap { job.skipped[$0]?[chunks] } ?? false
            chunks += 1
            if skipNode != nil { skipped.add(isSkipped: isSkipped) }
            if isSkipped { return try skip(job) }
            let slot = waiting
            if let patch {
                let target = UnsafeMutableBufferPointer(start: mel.pointer + slot * patchSize, count: patchSize)
                _ = target.update(fromContentsOf: UnsafeBufferPointer(start: patch, count: patchSize))
                frontEnd.finish(target)
                normalization.apply(to: target, bands: frontEnd.bands)
            }
            if let samples { (wave.pointer + slot * waveSize).update(from: samples, count: waveSize) }
            waiting += 1
            add(job, isSkipped: false)
            if waiting == batch { try forward() }
        }
    }

    private func skip(_ job: ClipJob) throws {
        // With no chunk waiting, the row need not wait either: in a silent hour, nothing gathers.
        guard waiting > 0 else { return try emitAbsent(job, 1) }
        add(job, isSkipped: true)
        // Each silent clip behind a chunk that waits for its batch is one more clip that cannot end.
        if stretches.count > 2 * batch + 1 { try forward() }
    }

    private func add(_ job: ClipJob, isSkipped: Bool) {
        if let last = stretches.last, last.job === job, last.isSkipped == isSkipped {
            stretches[stretches.count - 1].count += 1
        } else {
            stretches.append(Stretch(job: job, isSkipped: isSkipped, count: 1))
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        openInputs -= 1
        guard openInputs == 0 else { return }
        // The last samples may have decided about a chunk without adding a frame.
        try drain(job)
        current = nil
        if let skipNode, chunks > 0 {
            skipped.finish(samples: chunkNode.flatMap { job.samples[$0] })
            job.note(
                skipped: SkippedAudio(
                    chunks: skipped.chunks, seconds: Double(skipped.samples) / Double(frontEnd.rate)), of: skipNode)
        }
        if stretches.last?.job === job {
            ended.insert(ObjectIdentifier(job))
        } else {
            try finishOutlets(job)
        }
    }

    func flush() throws { if !stretches.isEmpty { try forward() } }

    func abandon(_ job: ClipJob) {
        guard current === job else { return }
        current = nil
        assembler.reset()
    }

    /// Computes the results of the batch, and passes on all rows that wait, in order.
    private func forward() throws {
        let (done, heard) = (stretches, waiting)
        stretches.removeAll(keepingCapacity: true)
        waiting = 0
        var isDone = true
        var clips: [ClipJob] = []
        for stretch in done where !stretch.isSkipped && clips.last !== stretch.job { clips.append(stretch.job) }
        do { try infer(0, heard, for: clips) } catch let error as WorkerAbandoned { throw error } catch {
            isDone = false
        }
        var start = 0
        for (place, stretch) in done.enumerated() {
            let job = stretch.job
            if stretch.isSkipped {
                if job.failure == nil { try emitAbsent(job, stretch.count) }
            } else {
                if job.failure == nil, !isDone { try inferAlone(job, start, stretch.count) }
                if job.failure == nil { try emit(job, start, stretch.count) }
                start += stretch.count
            }
            let isLast = place + 1 == done.count || done[place + 1].job !== job
            if isLast, ended.remove(ObjectIdentifier(job)) != nil, job.failure == nil { try finishOutlets(job) }
        }
    }

    /// Computes the results of waiting chunks and writes each to its own place.
    ///
    /// - Parameter clips: those to which the chunks belong.
    private func infer(_ first: Int, _ count: Int, for clips: [ClipJob]) throws {
        let pass = { [self] in
            try session.forward(
                mel: model.needsMel ? UnsafePointer(mel.pointer + first * patchSize) : nil,
                wave: model.needsWave ? UnsafePointer(wave.pointer + first * waveSize) : nil, count: count,
                embeddings: model.embeddingSize > 0 ? embeddings.pointer + first * model.embeddingSize : nil,
                scores: scores.pointer + first * model.classCount)
        }
        try WorkTimer.measure(.forward) {
            if let clip = clips.first { try clip.calling(call, for: clips, pass) } else { try pass() }
        }
    }

    /// Runs the chunks of one clip from a batch that the engine refused, so that only the clip that causes this fails.
    private func inferAlone(_ job: ClipJob, _ first: Int, _ count: Int) throws {
        do { try infer(first, count, for: [job]) } catch let error as WorkerAbandoned { throw error } catch {
            job.fail(
                ClipFailure(
                    failureClass: .internal, reason: "the model '\(model.network)' failed: \(error)", node: node))
        }
    }

    private func emit(_ job: ClipJob, _ first: Int, _ count: Int) throws {
        let rows = UnsafeBufferPointer(
            start: scores.pointer + first * model.classCount, count: count * model.classCount)
        let vectors = UnsafeBufferPointer(
            start: embeddings.pointer + first * model.embeddingSize, count: count * model.embeddingSize)
        // Of a model with classes the scores tell, which are computed from the embeddings.
        let result = model.classCount > 0 ? rows : vectors
        guard result.allSatisfy(\.isFinite) else {
            job.fail(
                ClipFailure(
                    failureClass: .internal,
                    reason:
                        "the network's \(model.classCount > 0 ? "scores" : "embeddings") are not finite for this clip",
                    node: node))
            return
        }
        let own = embeddings.pointer + first * model.embeddingSize
        if let weigher, outlets[2].isWanted(job) {
            try weigher.weigh(embeddings: own, count: count, weights: weights.pointer)
        }
        try emit(job, scores: rows.baseAddress, embeddings: own, weights: weights.pointer, count)
    }

    /// Passes on the rows of skipped chunks.
    private func emitAbsent(_ job: ClipJob, _ count: Int) throws {
        try absent.withUnsafeBufferPointer { absent in
            var left = count
            while left > 0 {
                let some = min(left, batch)
                let rows = absent.baseAddress
                try emit(job, scores: rows, embeddings: rows, weights: rows, some)
                left -= some
            }
        }
    }

    private func emit(
        _ job: ClipJob, scores: UnsafePointer<Float>?, embeddings: UnsafePointer<Float>?,
        weights: UnsafePointer<Float>?, _ count: Int
    ) throws {
        let classes = model.classCount
        if classes > 0 {
            try outlets[0].emit(
                Block(UnsafeBufferPointer(start: scores, count: count * classes), columns: classes), job)
        }
        let size = model.embeddingSize
        guard size > 0 else { return }
        try outlets[1].emit(
            Block(UnsafeBufferPointer(start: embeddings, count: count * size), columns: size), job)
        guard weigher != nil else { return }
        try outlets[2].emit(
            Block(UnsafeBufferPointer(start: weights, count: count * classes), columns: classes), job)
    }

    private func finishOutlets(_ job: ClipJob) throws {
        for outlet in outlets { try outlet.finish(job) }
    }
}
