import Dispatch
import Engines
import Foundation
import Models

/// The Adam optimiser (Kingma and Ba, arXiv 1412.6980) with the usual constants, applied to the sum of the groups'
/// gradients.
package final class Adam: Sendable {
    package let first: ParameterBuffer
    package let second: ParameterBuffer
    static let (beta1, beta2, epsilon): (Double, Double, Float) = (0.9, 0.999, 1e-8)
    /// The number of floats processed at once: they stay in the processor's cache from the sum to the step.
    private static let block = 1 << 14

    /// Creates an optimiser whose moments are 0 for every parameter.
    package init(_ layout: ParameterLayout) {
        first = ParameterBuffer(layout)
        second = ParameterBuffer(layout)
    }

    /// Adds up the groups' gradients in order, takes one step and clears them. The result is the same for any number of
    /// threads.
    ///
    /// - Parameters:
    ///   - step: the number of the step, from 1.
    ///   - groups: the gradients of each group; all are zero afterwards.
    ///   - encoderRate: the wave encoder's rate, as a factor of the rate of the other layers.
    package func step(
        _ parameters: ParameterBuffer, groups: [ParameterBuffer], rate: Float, encoderRate: Float = 1, step: Int,
        threads: Int, _ kernels: Kernels = .best
    ) {
        let rate = Float(Double(rate) / (1 - pow(Self.beta1, Double(step))))
        let correction = Float(1 / (1 - pow(Self.beta2, Double(step))).squareRoot())
        let blocks = Self.blocks(parameters, encoderRate: encoderRate)
        Parallel.forEach(blocks.count, threads: threads) { [first, second] index, _ in
            let (start, count) = (blocks[index].range.lowerBound, blocks[index].range.count)
            let rate = rate * blocks[index].factor
            let sum = groups[0].values.pointer + start
            for group in groups.dropFirst() {
                let more = group.values.pointer + start
                for place in 0..<count { sum[place] += more[place] }
                more.update(repeating: 0, count: count)
            }
            kernels.adam(
                parameters.values.pointer + start, gradient: sum, first: first.values.pointer + start,
                second: second.values.pointer + start, count: count, rate: rate, beta1: Float(Self.beta1),
                beta2: Float(Self.beta2), correction: correction, epsilon: Self.epsilon)
            sum.update(repeating: 0, count: count)
        }
    }

    /// Divides the values into blocks whose layers learn at one rate each.
    private static func blocks(
        _ parameters: ParameterBuffer, encoderRate: Float
    ) -> [(range: Range<Int>, factor: Float)] {
        var pieces: [(range: Range<Int>, factor: Float)] = []
        for parameter in parameters.layout.parameters {
            let factor = parameter.name.hasPrefix("encoder") ? encoderRate : 1
            let start = parameters.start(parameter.name)
            if let last = pieces.last, last.factor == factor {
                pieces[pieces.count - 1].range = last.range.lowerBound..<start + parameter.count
            } else {
                pieces.append((start..<start + parameter.count, factor))
            }
        }
        return pieces.flatMap { piece in
            stride(from: piece.range.lowerBound, to: piece.range.upperBound, by: block).map {
                (range: $0..<min($0 + block, piece.range.upperBound), factor: piece.factor)
            }
        }
    }
}
