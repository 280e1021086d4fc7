/// How the chunk scores of a clip become the clip's score.
package enum Aggregation: Sendable, Equatable, CustomStringConvertible {
    /// The mean over all chunks.
    case mean
    /// The largest chunk score.
    case max
    /// The mean of the `k` largest chunk scores, or of all if the clip has fewer.
    case topMean(k: Int)
    /// The mean by weights that come with the scores: for each class the softmax, over the clip's chunks, of its weights.
    case attention

    /// From a pipeline's parameters: `mean`, `max`, `attention` or `top-k` with `k` of at least 1 (read for `top-k` only).
    /// Throws `EvaluationError.aggregation`.
    package init(name: String, k: Int = 3) throws {
        switch name {
        case "mean": self = .mean
        case "max": self = .max
        case "attention": self = .attention
        case "top-k":
            guard k >= 1 else { throw EvaluationError.aggregation(found: "k = \(k)", expected: "k of at least 1") }
            self = .topMean(k: k)
        default: throw EvaluationError.aggregation(found: "'\(name)'", expected: "mean, max, top-k or attention")
        }
    }

    package var description: String {
        switch self {
        case .mean: "mean"
        case .max: "max"
        case .topMean(let k): "top-\(k)"
        case .attention: "attention"
        }
    }
}
