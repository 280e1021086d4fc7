import Foundation
import Models

/// The binary cross-entropy of a clip, and its gradient.
///
/// Chunk j has the score p = s(z) of its logit z, s the logistic function. For `max` and `attention` the loss is of the
/// clip's score P, the largest or sum a p, where a is the softmax over the chunks of a second output u. With w the class's
/// weight,
///
///     loss = -w ln P where the clip has the class, -w ln (1 - P) elsewhere
///     dP/dz = a p (1 - p),  dP/du = a (p - P),  with a = 1 at the largest
///
/// 1 - P is pooled from 1 - p = s(-z) rather than subtracted, so that neither logarithm is of a rounded 0.
///
/// For `mean` it is the mean of the chunks' own losses, each chunk taken to have its clip's labels, as networks are trained
/// too. That is convex in a linear head. The loss of the mean score was tried, and told ESC-10's clips apart less well: it is
/// content once some chunks are sure, and leaves the others to chance.
struct ClipLoss {
    let layout: HeadLayout
    /// The weight of each class in the loss.
    let classWeights: [Double]

    /// - Parameters:
    ///   - rows: number of the clip's chunks.
    ///   - outputs: (rows, `layout.outputs`); replaced by the gradient times `scale`.
    ///   - scores: s of the outputs, of the same shape; read in the columns of classes.
    ///   - rests: s of the negative outputs.
    ///   - labels: places of the clip's classes, ascending.
    /// - Returns: the loss summed over classes, not multiplied by `scale`.
    func add(
        rows: Int, outputs: UnsafeMutablePointer<Float>, scores: UnsafePointer<Float>, rests: UnsafePointer<Float>,
        labels: [Int], scale: Double
    ) -> Double {
        var loss = 0.0
        var next = 0
        var shares = [Double](repeating: 1 / Double(rows), count: rows)
        let width = layout.outputs
        for place in 0..<layout.classes {
            let has = next < labels.count && labels[next] == place
            if has { next += 1 }
            switch layout.pooling {
            case .mean: break
            case .max:
                var best = 0
                for row in 1..<max(rows, 1) where outputs[row * width + place] > outputs[best * width + place] {
                    best = row
                }
                for row in 0..<rows { shares[row] = row == best ? 1 : 0 }
            case .attention: softmax(outputs + layout.classes + place, rows, &shares)
            }
            if layout.pooling == .mean {
                loss += mean(place, has, rows, outputs, scores, rests, scale)
                continue
            }
            var (score, rest) = (0.0, 0.0)
            for row in 0..<rows {
                score += shares[row] * Double(scores[row * width + place])
                rest += shares[row] * Double(rests[row * width + place])
            }
            let weight = classWeights[place]
            loss -= weight * log(has ? score : rest)
            let factor = (has ? -1 / score : 1 / rest) * weight * scale
            for row in 0..<rows {
                let at = row * width + place
                let (p, q) = (Double(scores[at]), Double(rests[at]))
                outputs[at] = Float(factor * shares[row] * p * q)
                if layout.pooling == .attention {
                    // p - P, as the difference of the smaller numbers.
                    let difference = has ? p - score : rest - q
                    outputs[at + layout.classes] = Float(factor * shares[row] * difference)
                }
            }
        }
        return loss
    }

    /// The loss of one class where a clip's score is the mean of its chunks': the mean of the chunks' own losses.
    private func mean(
        _ place: Int, _ has: Bool, _ rows: Int, _ outputs: UnsafeMutablePointer<Float>, _ scores: UnsafePointer<Float>,
        _ rests: UnsafePointer<Float>, _ scale: Double
    ) -> Double {
        let weight = classWeights[place] / Double(rows)
        var loss = 0.0
        for row in 0..<rows {
            let at = row * layout.outputs + place
            loss -= weight * log(Double(has ? scores[at] : rests[at]))
            outputs[at] = Float(weight * scale * (has ? -Double(rests[at]) : Double(scores[at])))
        }
        return loss
    }

    private func softmax(_ column: UnsafePointer<Float>, _ rows: Int, _ shares: inout [Double]) {
        var largest = -Double.infinity
        for row in 0..<rows { largest = max(largest, Double(column[row * layout.outputs])) }
        var sum = 0.0
        for row in 0..<rows {
            shares[row] = exp(Double(column[row * layout.outputs]) - largest)
            sum += shares[row]
        }
        for row in 0..<rows { shares[row] /= sum }
    }
}
