import Engines
import Features

/// What every worker's copy of an infer stage shares.
struct PreparedInference: Sendable {
    let model: Model
    /// Absolute path and SHA-256 of its file.
    let path: String
    let digest: String
    let normalization: Normalization
    let plan: ChunkPlan
    let batch: Int
}
