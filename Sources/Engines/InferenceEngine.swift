import Errors

/// A model ready to run: its weights are loaded once and shared by the sessions of all workers.
///
/// Who uses one asks `model` what it needs and assumes nothing: the native networks are one implementation of several.
package protocol InferenceEngine: Sendable {
    var model: ModelDescription { get }

    /// Memory for one worker.
    ///
    /// - Parameter maxBatch: most chunks of one call of `forward`, at least 1.
    /// - Throws: what the engine has to say where it cannot.
    func makeSession(maxBatch: Int) throws -> any InferenceSession
}

/// One worker's way through a model; not to be shared between threads.
package protocol InferenceSession: AnyObject {
    /// Works out the scores of a batch of chunks, one call for all of them. It reads and writes where it is told to: it keeps no
    /// pointer, and what it allocates it allocates once.
    ///
    /// A chunk's results are the same bits whatever chunks share its batch: results must not depend on how clips were put together.
    ///
    /// - Parameters:
    ///   - mel: (count, patch frames, bands), normalised; there where the model reads mel.
    ///   - wave: (count, chunk samples) in [-1, 1]; there where it reads samples.
    ///   - count: chunks, at most the session's `maxBatch`.
    ///   - embeddings: receives (count, embedding size), where asked for.
    ///   - scores: receives (count, classes), each 0 to 1.
    /// - Throws: `InferenceError` where an input is missing or there are too many chunks, and what the engine has to say.
    func forward(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int, embeddings: UnsafeMutablePointer<Float>?,
        scores: UnsafeMutablePointer<Float>
    ) throws
}

/// Why a session could not work out its batch.
package struct InferenceError: EarmarkError {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var category: ErrorCategory { .internal }
    package var place: ErrorPlace? { nil }
}
