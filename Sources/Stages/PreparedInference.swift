import Features
import Network

/// What every worker's copy of an infer stage shares.
struct PreparedInference: Sendable {
    let model: Model
    let normalization: Normalization
    let plan: ChunkPlan
    let batch: Int
}
