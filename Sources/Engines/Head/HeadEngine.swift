import Models

/// A head on its base: the base computes the embeddings of a batch, and the head's layers their scores.
final class HeadEngine: InferenceEngine {
    let model: ModelDescription
    private let base: any InferenceEngine
    private let head: Head

    /// - Parameter base: a model that gives embeddings of the head's size.
    init(head: Head, base: any InferenceEngine) {
        self.head = head
        self.base = base
        model = ModelDescription(head.metadata, base: base.model)
    }

    func makeSession(maxBatch: Int) throws -> any InferenceSession {
        HeadSession(head: head, base: base.model, session: try base.makeSession(maxBatch: maxBatch), maxBatch: maxBatch)
    }
}

extension ModelDescription {
    /// Describes a head on its base: what the base reads, and the head's classes.
    init(_ head: HeadMetadata, base: ModelDescription) {
        self.init(
            network: head.network, precision: base.precision, inputs: base.inputs, rate: base.rate, chunk: base.chunk,
            frontEnd: base.frontEnd, normalization: head.normalization, classes: head.classes,
            classIDs: head.identifiers, embeddingSize: head.embeddingSize, pooling: head.pooling)
    }
}

private final class HeadSession: WeighingSession {
    private let head: Head
    private let session: any InferenceSession
    private let maxBatch: Int
    private let scratch: Head.Scratch
    private let embeddings: AlignedFloats
    /// What the base scores, which nobody asked for.
    private let baseScores: AlignedFloats

    init(head: Head, base: ModelDescription, session: any InferenceSession, maxBatch: Int) {
        self.head = head
        self.session = session
        self.maxBatch = maxBatch
        scratch = Head.Scratch(head, rows: maxBatch)
        embeddings = AlignedFloats(count: maxBatch * head.embeddingSize)
        baseScores = AlignedFloats(count: maxBatch * base.classCount)
    }

    func forward(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int, embeddings: UnsafeMutablePointer<Float>?,
        scores: UnsafeMutablePointer<Float>
    ) throws {
        guard count <= maxBatch else { throw InferenceError("\(count) chunks in a session of \(maxBatch)") }
        guard count > 0 else { return }
        let rows = embeddings ?? self.embeddings.pointer
        try session.forward(mel: mel, wave: wave, count: count, embeddings: rows, scores: baseScores.pointer)
        head.forward(rows, count: count, scratch, scores: scores)
    }

    func weigh(embeddings: UnsafePointer<Float>, count: Int, weights: UnsafeMutablePointer<Float>) throws {
        guard count <= maxBatch else { throw InferenceError("\(count) chunks in a session of \(maxBatch)") }
        guard head.hasAttention else { throw InferenceError("a head without attention was asked for weights") }
        head.forward(embeddings, count: count, scratch, scores: nil, weights: weights)
    }
}
