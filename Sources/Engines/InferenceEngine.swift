import Errors

/// A model that is ready to run. Its weights are loaded once and shared by the sessions of all workers.
///
/// Callers find out from `model` what inputs it needs and assume nothing about the implementation: the native networks
/// are one of several.
package protocol InferenceEngine: Sendable {
    var model: ModelDescription { get }
    /// What computes it, for messages, such as `LiteRT 2.3.0`: a foreign engine's name and version.
    var computer: String { get }

    /// Makes a session, with memory for one worker.
    ///
    /// - Parameter maxBatch: maximum number of chunks in one call of `forward`, at least 1.
    /// - Throws: an error of the engine if it cannot make one.
    func makeSession(maxBatch: Int) throws -> any InferenceSession
}

extension InferenceEngine {
    /// This program itself.
    package var computer: String { "this program" }
}

/// One worker's use of a model; not to be shared between threads.
package protocol InferenceSession: AnyObject {
    /// Computes the scores of a batch of chunks in one call. It keeps none of the pointers after it returns, and
    /// allocates its working memory once, not in every call.
    ///
    /// A chunk's results are bit-identical whichever chunks share its batch, because results must not depend on how
    /// clips were grouped.
    ///
    /// - Parameters:
    ///   - mel: (count, patch frames, bands), normalised; required if the model reads mel frames.
    ///   - wave: (count, chunk samples) in [-1, 1]; required if the model reads samples.
    ///   - count: number of chunks, at most the session's `maxBatch`.
    ///   - embeddings: receives (count, embedding size); nil if they are not wanted.
    ///   - scores: receives (count, classes), each 0 to 1; not written by a model without classes.
    /// - Throws: `InferenceError` if an input is missing or there are too many chunks; errors of the engine.
    func forward(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int, embeddings: UnsafeMutablePointer<Float>?,
        scores: UnsafeMutablePointer<Float>
    ) throws
}

/// A session of a model whose clip scores are means of its chunk scores by weights that the model itself gives; see
/// `ClipPooling.attention`.
package protocol WeighingSession: InferenceSession {
    /// Computes the weights of chunks from the embeddings that `forward` gave.
    ///
    /// - Parameters:
    ///   - embeddings: (count, embedding size).
    ///   - count: number of chunks, at most the session's `maxBatch`.
    ///   - weights: receives (count, classes). A clip's weights are the softmax of these over its chunks.
    /// - Throws: `InferenceError` if there are too many chunks, or the model has no weights.
    func weigh(embeddings: UnsafePointer<Float>, count: Int, weights: UnsafeMutablePointer<Float>) throws
}

/// The reason why a session could not be made or could not compute its batch.
package struct InferenceError: EarmarkError {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var category: ErrorCategory { .internal }
    package var place: ErrorPlace? { nil }
}
