import Engines
import Foundation
import Models

/// An average of the weights that a training run passes through, which is validated and kept in their place.
///
/// - `ema`: an exponential moving average over steps. Its decay grows with the number n of weights averaged so far, as
///   (1 + n) / (10 + n), up to the decay that was asked for: without this a short training would hardly leave its first
///   weights behind.
/// - `swa`: the plain mean of the weights after each epoch (Izmailov et al., arXiv 1803.05407), as in PSLA (Gong et al.,
///   arXiv 2102.01243). The networks have no running statistics to compute again.
package final class WeightAverage: Sendable {
    /// The number of floats processed at once.
    private static let block = 1 << 14

    package let values: ParameterBuffer

    /// Creates an average of nothing, with all values 0.
    package init(_ layout: ParameterLayout) { values = ParameterBuffer(layout) }

    /// Moves the average towards the weights by their share, value by value, so that the number of threads does not matter.
    ///
    /// - Parameter share: 1 to take the weights as they are.
    package func add(_ parameters: ParameterBuffer, share: Float, threads: Int) {
        let blocks = (values.count + Self.block - 1) / Self.block
        Parallel.forEach(blocks, threads: threads) { [values] index, _ in
            let start = index * Self.block
            let own = values.values.pointer + start
            let other = parameters.values.pointer + start
            for place in 0..<min(Self.block, values.count - start) {
                own[place] = share == 1 ? other[place] : own[place] + share * (other[place] - own[place])
            }
        }
    }

    /// Returns the share of the next weights in a moving average that holds `count` of them.
    package static func movingShare(decay: Float, count: Int) -> Float {
        count == 0 ? 1 : 1 - min(decay, Float(1 + count) / Float(10 + count))
    }

    /// Returns the share of the next weights in a plain mean of `count` others.
    package static func meanShare(count: Int) -> Float { 1 / Float(count + 1) }
}
