import Engines
import Errors
import Features
import Files
import Models
import Pipeline
import Timing

/// Runs a model over the chunks of one clip after another; chunks of several clips share a forward pass.
///
/// The model's description says what the model reads and in what form, so the stage does not depend on the engine.
///
/// A head can also be given embeddings, of its base's stage or of a cache of them: then no network runs here. So any number
/// of heads on one base cost one forward pass of the base, and a new head over cached embeddings costs none.
///
/// Chunks that the chunk stage skips for their level get no forward pass and no place in a batch: their rows are NaN in
/// every column, so that row i is always chunk i.
struct InferStage: StageKind {
    static let definition = StageDefinition(
        name: "infer", codeVersion: 2,
        inputs: [
            .init([.mel], optional: true, marksUnread: true), .init([.chunks], optional: true),
            .init([.embeddings], optional: true, isLater: true),
        ],
        outputs: [.init("scores", .scores), .init("embeddings", .embeddings), .init("weights", .weights)],
        parameters: [
            ParameterDefinition("model", .file, default: nil, help: "a model file or a model card"),
            ParameterDefinition(
                "normalization", .choice(["model"] + Normalization.allCases.map(\.rawValue)), default: "model",
                help: "what is subtracted from each patch; 'model' is what the model was trained with"),
            ParameterDefinition(
                "precision", .choice(["auto"] + Precision.allCases.map(\.rawValue)), default: "auto",
                affectsResult: false,
                help: "the arithmetic of the products; 'auto' is what the model's file is stored in"),
            ParameterDefinition(
                "batch", .integer(1...1024), default: "64", affectsResult: false, help: "chunks in one forward pass"),
            ParameterDefinition(
                "call-limit", .integer(1...86_400), default: "600", affectsResult: false,
                help: "seconds that one forward pass may take before the run ends"),
        ], readsCompanions: true)

    /// The kind of model input that each of the stage's inputs carries.
    private static let inputs: [ModelInputs] = [.mel, .wave]
    /// The input of embeddings, which a head reads in place of the others.
    private static let embeddingInput = 2

    let facts: StreamFacts
    let modelFile: (digest: String, path: String)?
    var precision: String? { head == nil ? engine?.model.precision : model.precision }
    private let node: Int
    /// A head that reads embeddings; nil if the node runs a whole model.
    private var head: Head?
    private let model: ModelDescription
    /// nil if the model is not on this machine yet: the stage can then be planned but not run.
    private let engine: (any InferenceEngine)?
    private let normalization: Normalization
    private let plan: ChunkPlan
    /// What decides which chunks are skipped; nil if none is.
    private let skipping: StreamFacts.Skipping?
    private let batch: Int
    private let callLimit: Int

    static func reads(
        input: Int, given: [Bool], _ parameters: [String: String], _ models: ModelCache
    ) throws -> Bool {
        // Embeddings are read in place of the rest; given to another model than a head, they are refused in `prepare`.
        if given[embeddingInput] { return input == embeddingInput }
        if input == embeddingInput { return false }
        guard let path = parameters["model"] else { return true }
        return try models.description(path).inputs.contains(inputs[input])
    }

    static func advice(_ parameters: [String: String], _ models: ModelCache) throws -> String? {
        try parameters["model"].map { try ModelStages(models.description($0)).advice }
    }

    /// The arithmetic is part of the fingerprint as it turns out to be, whether it was asked for or is what the file is
    /// stored in. float32 leaves no mark, so that fingerprints are those from before there was a choice.
    static func resolve(_ parameters: [String: String], _ models: ModelCache) throws -> [String: String] {
        guard let path = parameters["model"] else { return [:] }
        if let head = try models.head(path)?.metadata {
            return head.basePrecision == Precision.float32.rawValue ? [:] : ["precision": head.basePrecision]
        }
        let precision = try models.description(path).precision(asked: asked(parameters))
        return precision == .float32 ? [:] : ["precision": precision.rawValue]
    }

    /// The arithmetic that was asked for; nil for `auto`.
    private static func asked(_ parameters: [String: String]) -> Precision? {
        parameters["precision"].flatMap(Precision.init)
    }

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> InferStage {
        let path = node.parameters["model"] ?? ""
        if node.inputs[embeddingInput] != nil { return try prepareHead(node, path, context) }
        let plan = try plan(node, context.models.description(path), path, context)
        let absent = context.models.absent(path)
        let engine = absent == nil ? try context.models.engine(path, precision: asked(node.parameters)) : nil
        let model = try engine?.model ?? context.models.description(path)
        let skipping = try skipping(node, context)
        let normalization = node.parameters["normalization"].flatMap(Normalization.init) ?? model.normalization
        let digest = try context.models.digest(path)
        let head = try context.models.head(path)?.metadata
        if let head, normalization != head.normalization {
            throw context.error(
                node,
                "\(path) is a head on embeddings with normalization '\(head.normalization.rawValue)', found "
                    + "'\(normalization.rawValue)', expected 'model'")
        }
        let origin = StreamFacts.EmbeddingOrigin(
            digest: head?.baseDigest ?? digest,
            precision: head?.basePrecision ?? model.precision(asked: asked(node.parameters)).rawValue,
            normalization: normalization)
        try checkAlone(node, origin, isHead: head != nil, context)
        var facts = context.facts(above: node)
        facts.skipping = nil
        facts.skippedBy = skipping?.node.index
        facts.classes = engine?.model.classes
        facts.scorer = StreamFacts.Scorer(
            node: node.index, model: model, classCount: absent?.classCount ?? model.classCount,
            origin: absent == nil ? origin : nil, isHead: head != nil)
        return InferStage(
            facts: facts, modelFile: (digest, FileSystem.absolute(path)), node: node.index,
            model: model, engine: engine, normalization: normalization, plan: plan, skipping: skipping,
            batch: node.parameters["batch"].flatMap(Int.init) ?? 64, callLimit: callLimit(node))
    }

    private static func callLimit(_ node: Graph.Node) -> Int {
        node.parameters["call-limit"].flatMap(Int.init) ?? 600
    }

    /// A head that reads embeddings, after checking that they are those on which it was trained.
    ///
    /// - Throws: `PipelineError` if they are not, or if the model is no head.
    private static func prepareHead(
        _ node: Graph.Node, _ path: String, _ context: PreparationContext
    ) throws -> InferStage {
        guard let head = try context.models.head(path) else {
            throw context.error(node, "takes embeddings, but \(path) is no head, expected log-mel or samples in 'from'")
        }
        for key in ["normalization", "precision"] {
            guard let parameter = definition.parameters.first(where: { $0.key == key }),
                let value = node.parameters[key], value != parameter.fallback
            else { continue }
            throw context.error(
                node, "'\(key)' is '\(value)', but its embeddings are made in another stage, expected it there")
        }
        var facts = context.facts(above: node, input: embeddingInput)
        guard let plan = facts.mel ?? facts.chunks, let scorer = facts.scorer else {
            throw context.error(node, "found no infer stage above its embeddings, expected one")
        }
        if let origin = scorer.origin { try check(head.metadata, path, origin, scorer, node, context) }
        let model = head.description(rate: plan.frontEnd.rate, chunk: plan.frontEnd.chunk)
        facts.classes = model.classes
        facts.scorer = StreamFacts.Scorer(
            node: node.index, model: model, classCount: model.classCount, origin: scorer.origin, isHead: true,
            makesEmbeddings: false)
        return InferStage(
            facts: facts, modelFile: (try context.models.digest(path), FileSystem.absolute(path)), node: node.index,
            head: head, model: model, engine: nil, normalization: model.normalization, plan: plan, skipping: nil,
            batch: node.parameters["batch"].flatMap(Int.init) ?? 64, callLimit: callLimit(node))
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) throws -> any Operator {
        if let head {
            return HeadOperator(
                node: node, head: head, plan: plan, skippedBy: facts.skippedBy, chunkNode: facts.chunkNode,
                batch: batch,
                outlets: outlets)
        }
        guard let engine else {
            throw PipelineError(.internal, "the model \(modelFile?.path ?? "") is not on this machine")
        }
        return InferOperator(
            node: node, model: engine.model, session: try engine.makeSession(maxBatch: batch), plan: plan,
            skipNode: skipping?.node.index, chunkNode: facts.chunkNode, normalization: normalization, batch: batch,
            call: ModelCall(name: "\(engine.model.network) by \(engine.computer)", limit: callLimit), outlets: outlets)
    }
}

private final class InferOperator: Operator {
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
            // A stage below refuses rows of one clip, which may be another than the one whose rows filled the batch.
            do {
                if stretch.isSkipped {
                    if job.failure == nil { try emitAbsent(job, stretch.count) }
                } else {
                    defer { start += stretch.count }
                    if job.failure == nil, !isDone { try inferAlone(job, start, stretch.count) }
                    if job.failure == nil { try emit(job, start, stretch.count) }
                }
                let isLast = place + 1 == done.count || done[place + 1].job !== job
                if isLast, ended.remove(ObjectIdentifier(job)) != nil, job.failure == nil { try finishOutlets(job) }
            } catch let failure as ClipFailure {
                job.fail(failure)
                ended.remove(ObjectIdentifier(job))
            }
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
            // What another program's network makes of a clip is no fault of this one.
            let failureClass: FailureClass = error is ForeignEngineError ? .invalid : .internal
            job.fail(
                ClipFailure(
                    failureClass: failureClass, reason: "the model '\(model.network)' failed: \(error)", node: node))
        }
    }

    private func emit(_ job: ClipJob, _ first: Int, _ count: Int) throws {
        let rows = UnsafeBufferPointer(
            start: scores.pointer + first * model.classCount, count: count * model.classCount)
        let vectors = UnsafeBufferPointer(
            start: embeddings.pointer + first * model.embeddingSize, count: count * model.embeddingSize)
        // A network may give sound scores beside embeddings that are none.
        let readsEmbeddings = model.classCount == 0 || outlets[1].isWanted(job)
        let wrong =
            !rows.allSatisfy(\.isFinite)
            ? "scores" : readsEmbeddings && !vectors.allSatisfy(\.isFinite) ? "embeddings" : nil
        if let wrong {
            job.fail(
                ClipFailure(
                    failureClass: .invalid, reason: "the network's \(wrong) are not finite for this clip", node: node))
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
