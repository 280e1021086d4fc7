import Engines
import Errors
import Features
import Files
import Models
import Pipeline

/// Runs a model over the chunks of one clip after another; chunks of several clips share a forward pass.
///
/// The model's description says what the model reads and in what form, so the stage does not depend on the engine.
struct InferStage: StageKind {
    static let definition = StageDefinition(
        name: "infer", codeVersion: 2,
        inputs: [.init([.mel], optional: true, marksUnread: true), .init([.chunks], optional: true)],
        outputs: [.init("scores", .scores), .init("embeddings", .embeddings)],
        parameters: [
            ParameterDefinition("model", .file, default: nil, help: "a model file"),
            ParameterDefinition(
                "normalization", .choice(["model"] + Normalization.allCases.map(\.rawValue)), default: "model",
                help: "what is subtracted from each patch; 'model' is what the model was trained with"),
            ParameterDefinition(
                "precision", .choice(["auto"] + Precision.allCases.map(\.rawValue)), default: "auto",
                affectsResult: false,
                help: "the arithmetic of the products; 'auto' is what the model's file is stored in"),
            ParameterDefinition(
                "batch", .integer(1...1024), default: "64", affectsResult: false, help: "chunks in one forward pass"),
        ])

    /// The kind of model input that each of the stage's inputs carries.
    private static let inputs: [ModelInputs] = [.mel, .wave]

    let facts: StreamFacts
    let modelFile: (digest: String, path: String)?
    private let node: Int
    private let model: ModelDescription
    /// nil if the model is not on this machine yet: the stage can then be planned but not run.
    private let engine: (any InferenceEngine)?
    private let normalization: Normalization
    private let plan: ChunkPlan
    private let batch: Int

    static func reads(input: Int, _ parameters: [String: String], _ models: ModelCache) throws -> Bool {
        guard let path = parameters["model"] else { return true }
        return try models.description(path).inputs.contains(inputs[input])
    }

    /// The arithmetic is part of the fingerprint as it turns out to be, whether it was asked for or is what the file is
    /// stored in. float32 leaves no mark, so that fingerprints are those from before there was a choice.
    static func resolve(_ parameters: [String: String], _ models: ModelCache) throws -> [String: String] {
        guard let path = parameters["model"] else { return [:] }
        let precision = try models.description(path).precision(asked: asked(parameters))
        return precision == .float32 ? [:] : ["precision": precision.rawValue]
    }

    /// The arithmetic that was asked for; nil for `auto`.
    private static func asked(_ parameters: [String: String]) -> Precision? {
        parameters["precision"].flatMap(Precision.init)
    }

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> InferStage {
        let path = node.parameters["model"] ?? ""
        let plan = try plan(node, context.models.description(path), path, context)
        let absent = context.models.absent(path)
        let engine = absent == nil ? try context.models.engine(path, precision: asked(node.parameters)) : nil
        let model = try engine?.model ?? context.models.description(path)
        var facts = context.facts(above: node)
        facts.classes = engine?.model.classes
        facts.scorer = StreamFacts.Scorer(
            node: node.index, model: model, classCount: absent?.classCount ?? model.classCount)
        return InferStage(
            facts: facts, modelFile: (try context.models.digest(path), FileSystem.absolute(path)), node: node.index,
            model: model, engine: engine,
            normalization: node.parameters["normalization"].flatMap(Normalization.init) ?? model.normalization,
            plan: plan, batch: node.parameters["batch"].flatMap(Int.init) ?? 64)
    }

    /// The chunks that the model gets, after checking that they are what it expects.
    ///
    /// - Throws: `PipelineError` if they are not.
    private static func plan(
        _ node: Graph.Node, _ model: ModelDescription, _ path: String, _ context: PreparationContext
    ) throws -> ChunkPlan {
        var found: ChunkPlan?
        if model.needsMel {
            guard let plan = context.facts(above: node, input: 0).mel else {
                throw context.error(node, "found no log-mel stage above it, expected one")
            }
            guard let wanted = model.frontEnd else {
                throw context.error(node, "\(path) reads log-mel but does not name a front-end, expected one")
            }
            guard plan.frontEnd == wanted else {
                throw context.error(
                    node,
                    "the front-end of \(path) is [\(wanted)], but the features here are made by [\(plan.frontEnd)]")
            }
            found = plan
        }
        if model.needsWave {
            guard let plan = context.facts(above: node, input: 1).chunks else {
                throw context.error(node, "found no chunk stage above its samples, expected one")
            }
            guard plan.frontEnd.rate == model.rate, plan.frontEnd.chunk == model.chunk else {
                throw context.error(
                    node,
                    "\(path) expects chunks of \(model.chunk) samples at \(model.rate) Hz, but here they have "
                        + "\(plan.frontEnd.chunk) at \(plan.frontEnd.rate) Hz")
            }
            if let mel = found, mel.hop != plan.hop {
                throw context.error(
                    node,
                    "a chunk of its log-mel begins every \(mel.hop) samples, but one of its samples every \(plan.hop); "
                        + "expected chunk stages of the same overlap above both")
            }
            found = found ?? plan
        }
        guard let found else {
            throw context.error(node, "\(path) reads neither samples nor log-mel, expected a model that does")
        }
        let user = context.graph.nodes.first { below in
            below.inputs.contains { $0?.node == node.index && $0?.port == 1 }
        }
        if model.embeddingSize == 0, let user {
            throw context.error(user, "takes the embeddings of stage '\(node.name)', but \(path) has none")
        }
        return found
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) throws -> any Operator {
        guard let engine else {
            throw PipelineError(.internal, "the model \(modelFile?.path ?? "") is not on this machine")
        }
        return InferOperator(
            node: node, model: engine.model, session: try engine.makeSession(maxBatch: batch), plan: plan,
            normalization: normalization, batch: batch, outlets: outlets)
    }
}

private final class InferOperator: Operator {
    private let node: Int
    private let outlets: [Outlet]
    private let model: ModelDescription
    private let session: any InferenceSession
    private let assembler: PatchAssembler
    private let normalization: Normalization
    private let frontEnd: FrontEnd
    private let batch: Int
    private let patchSize: Int
    private let waveSize: Int
    private let inputs: Int

    private let mel: AlignedFloats
    private let wave: AlignedFloats
    private let scores: AlignedFloats
    private let embeddings: AlignedFloats
    /// The clip of each waiting chunk.
    private var slots: [ClipJob] = []
    /// The clip whose blocks are arriving now.
    private var current: ClipJob?
    private var openInputs = 0
    /// Clips whose inputs have ended while some of their chunks still wait.
    private var ended: Set<ObjectIdentifier> = []

    init(
        node: Int, model: ModelDescription, session: any InferenceSession, plan: ChunkPlan,
        normalization: Normalization, batch: Int, outlets: [Outlet]
    ) {
        self.node = node
        self.outlets = outlets
        self.model = model
        self.session = session
        self.normalization = normalization
        self.batch = batch
        assembler = PatchAssembler(plan: plan, inputs: model.inputs)
        frontEnd = plan.frontEnd
        patchSize = model.patchSize
        waveSize = model.waveSize
        inputs = (model.needsMel ? 1 : 0) + (model.needsWave ? 1 : 0)
        mel = AlignedFloats(count: batch * patchSize)
        wave = AlignedFloats(count: batch * waveSize)
        scores = AlignedFloats(count: batch * model.classCount)
        embeddings = AlignedFloats(count: batch * model.embeddingSize)
        slots.reserveCapacity(batch)
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
            if let patch {
                let target = UnsafeMutableBufferPointer(start: mel.pointer + slot * patchSize, count: patchSize)
                _ = target.update(fromContentsOf: UnsafeBufferPointer(start: patch, count: patchSize))
                frontEnd.finish(target)
                normalization.apply(to: target, bands: frontEnd.bands)
            }
            if let samples { (wave.pointer + slot * waveSize).update(from: samples, count: waveSize) }
            slots.append(job)
            if slots.count == batch { try forward() }
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        openInputs -= 1
        guard openInputs == 0 else { return }
        current = nil
        if slots.last === job {
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
        let done = slots
        slots.removeAll(keepingCapacity: true)
        var isDone = true
        do { try infer(0, done.count) } catch { isDone = false }
        var start = 0
        while start < done.count {
            let job = done[start]
            var end = start + 1
            while end < done.count, done[end] === job { end += 1 }
            if job.failure == nil, !isDone { inferAlone(job, start, end - start) }
            if job.failure == nil { try emit(job, start, end - start) }
            if ended.remove(ObjectIdentifier(job)) != nil, job.failure == nil { try finishOutlets(job) }
            start = end
        }
    }

    /// Computes the results of waiting chunks and writes each to its own place.
    private func infer(_ first: Int, _ count: Int) throws {
        try session.forward(
            mel: model.needsMel ? UnsafePointer(mel.pointer + first * patchSize) : nil,
            wave: model.needsWave ? UnsafePointer(wave.pointer + first * waveSize) : nil, count: count,
            embeddings: model.embeddingSize > 0 ? embeddings.pointer + first * model.embeddingSize : nil,
            scores: scores.pointer + first * model.classCount)
    }

    /// Runs the chunks of one clip from a batch that the engine refused, so that only the clip that causes this fails.
    private func inferAlone(_ job: ClipJob, _ first: Int, _ count: Int) {
        do { try infer(first, count) } catch {
            job.fail(
                ClipFailure(
                    failureClass: .internal, reason: "the model '\(model.network)' failed: \(error)", node: node))
        }
    }

    private func emit(_ job: ClipJob, _ first: Int, _ count: Int) throws {
        let rows = UnsafeBufferPointer(
            start: scores.pointer + first * model.classCount, count: count * model.classCount)
        guard rows.allSatisfy(\.isFinite) else {
            job.fail(
                ClipFailure(
                    failureClass: .internal, reason: "the network's scores are not finite for this clip", node: node))
            return
        }
        try outlets[0].emit(Block(rows, columns: model.classCount), job)
        let size = model.embeddingSize
        guard size > 0 else { return }
        try outlets[1].emit(
            Block(UnsafeBufferPointer(start: embeddings.pointer + first * size, count: count * size), columns: size),
            job)
    }

    private func finishOutlets(_ job: ClipJob) throws {
        for outlet in outlets { try outlet.finish(job) }
    }
}
