import Engines
import Foundation
import Models

/// Trains heads on cached embeddings. The result depends on the set, the options and the seed alone, not on the number of
/// threads.
package struct HeadTrainer: Sendable {
    private let set: EmbeddingSet
    private let options: HeadOptions
    private let layout: HeadLayout
    private let threads: Int

    /// - Parameters:
    ///   - set: the clips to train on, and those to validate on.
    ///   - threads: number of threads.
    package init(_ set: EmbeddingSet, options: HeadOptions, threads: Int) {
        self.set = set
        self.options = options
        self.threads = threads
        layout = HeadLayout(
            inputs: set.size, hidden: options.hidden, classes: set.classes.count, pooling: options.pooling)
    }

    /// A strength of the L2 penalty, and the mean loss with it of clips that were not trained on.
    package struct Trial: Sendable, Equatable {
        package let l2: Double
        /// The mean over clips of the binary cross-entropy summed over classes, without class weights.
        package let loss: Double

        package init(l2: Double, loss: Double) {
            self.l2 = l2
            self.loss = loss
        }
    }

    /// Parameters for embeddings as they are cached.
    package struct Trained: Sendable {
        package let parameters: [Float]
        /// The tensors of the head's file.
        package let tensors: [String: [Float]]
        /// The penalised loss at the end.
        package let loss: Double
        /// False if L-BFGS ended for its number of iterations.
        package let hasConverged: Bool
        /// Where the next training, with a weaker penalty, may start.
        fileprivate let point: [Double]
    }

    /// Tries all strengths of the penalty by cross-validation: each fold is left out once.
    ///
    /// - Parameter folds: the fold of each of `clips`.
    package func crossValidate(clips: [Int], folds: [Int]) -> [Trial] {
        var sums = [Double](repeating: 0, count: HeadOptions.strengths.count)
        for fold in Set(folds).sorted() {
            let held = zip(clips, folds).filter { $1 == fold }.map(\.0)
            let others = zip(clips, folds).filter { $1 != fold }.map(\.0)
            for (place, trial) in validate(training: others, validation: held).enumerated() {
                sums[place] += trial.loss * Double(held.count)
            }
        }
        return zip(HeadOptions.strengths, sums).map { Trial(l2: $0, loss: $1 / Double(clips.count)) }
    }

    /// Tries all strengths of the penalty on clips that are not trained on.
    package func validate(training: [Int], validation: [Int]) -> [Trial] {
        let judge = HeadObjective(
            layout, set: set, classWeights: [Double](repeating: 1, count: layout.classes), threads: threads)
        var before: Trained?
        return HeadOptions.strengths.map { l2 in
            let trained = train(clips: training, l2: l2, from: before, tolerance: 1e-5)
            before = trained
            return Trial(l2: l2, loss: judge.value(trained.parameters, clips: validation))
        }
    }

    /// The trial with the least loss; of equals the one with the strongest penalty.
    package static func best(_ trials: [Trial]) -> Trial? {
        trials.sorted { ($0.loss, -$0.l2) < ($1.loss, -$1.l2) }.first
    }

    /// Trains on some clips.
    ///
    /// - Parameters:
    ///   - before: a training with a stronger penalty, whose end is L-BFGS's start.
    ///   - tolerance: of L-BFGS; strengths are compared with a coarser one.
    package func train(
        clips: [Int], l2: Double, from before: Trained? = nil, tolerance: Double = 1e-6
    ) -> Trained {
        let scale = EmbeddingScale(set, clips: clips)
        let objective = HeadObjective(layout, set: set, classWeights: classWeights(clips), threads: threads)
        let origin = (options.usesLBFGS ? before?.point : nil) ?? start(clips)
        let minimum =
            options.usesLBFGS
            ? LBFGS.minimize(from: origin, tolerance: tolerance) { penalized(objective, scale, l2, clips, $0, $1) }
            : descend(objective, scale, l2, clips, origin)
        let parameters = scale.raw(minimum.point, layout)
        return Trained(
            parameters: parameters, tensors: layout.tensors(parameters), loss: minimum.value,
            hasConverged: minimum.hasConverged, point: minimum.point)
    }

    /// The mean loss and l2 / 2 times the sum of the squared weights, at parameters for standardised embeddings.
    private func penalized(
        _ objective: HeadObjective, _ scale: EmbeddingScale, _ l2: Double, _ clips: [Int], _ point: [Double],
        _ gradient: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        var value = objective.value(scale.raw(point, layout), clips: clips, gradient: gradient)
        scale.standardize(gradient, layout)
        for range in layout.penalized {
            for place in range {
                value += l2 / 2 * point[place] * point[place]
                gradient[place] += l2 * point[place]
            }
        }
        return value
    }

    /// Adam over batches of clips, in an order that is drawn anew for each epoch.
    private func descend(
        _ objective: HeadObjective, _ scale: EmbeddingScale, _ l2: Double, _ clips: [Int], _ start: [Double]
    ) -> LBFGS.Minimum {
        var point = start.map { Float($0) }
        var first = [Float](repeating: 0, count: point.count)
        var second = first
        var gradient = [Double](repeating: 0, count: point.count)
        let steps = (clips.count + options.batch - 1) / options.batch
        var step = 0
        for epoch in 1...max(1, options.epochs) {
            let order = EpochOrder(count: clips.count, seed: options.seed, epoch: epoch).chunks.map { clips[Int($0)] }
            for begin in stride(from: 0, to: order.count, by: options.batch) {
                let batch = Array(order[begin..<min(begin + options.batch, order.count)])
                _ = gradient.withUnsafeMutableBufferPointer {
                    penalized(objective, scale, l2, batch, point.map { Double($0) }, $0)
                }
                let share = Double(step) / Double(steps * options.epochs)
                step += 1
                let rate = options.learningRate * 0.5 * (1 + cos(Double.pi * share))
                let floats = gradient.map { Float($0) }
                Adam.step(&point, gradient: floats, first: &first, second: &second, rate: rate, step: step)
            }
        }
        let end = point.map { Double($0) }
        let value = gradient.withUnsafeMutableBufferPointer { penalized(objective, scale, l2, clips, end, $0) }
        return LBFGS.Minimum(point: end, value: value, iterations: step, hasConverged: true)
    }

    /// Parameters to start from: biases at the classes' shares of the clips; with a hidden layer random weights (He's uniform
    /// initialisation, arXiv 1502.01852, before the rectifier, Glorot's, AISTATS 2010, after it), else 0.
    private func start(_ clips: [Int]) -> [Double] {
        var values = [Double](repeating: 0, count: layout.count)
        if layout.hidden > 0 {
            var random = SeededRandom(seed: options.seed, 4)
            func fill(_ range: Range<Int>, _ bound: Double) {
                for place in range { values[place] = bound * (2 * random.uniform() - 1) }
            }
            fill(layout.firstWeights, (6 / Double(layout.inputs)).squareRoot())
            fill(layout.lastWeights, (6 / Double(layout.hidden + layout.outputs)).squareRoot())
        }
        for (place, count) in counts(clips).enumerated() {
            values[layout.lastBiases.lowerBound + place] = log((count + 0.5) / (Double(clips.count) - count + 0.5))
        }
        return values
    }

    private func counts(_ clips: [Int]) -> [Double] {
        var counts = [Double](repeating: 0, count: layout.classes)
        for clip in clips { for label in set.clips[clip].labels { counts[label] += 1 } }
        return counts
    }

    /// The mean number of clips per class divided by the class's own, as `Trainer` has it of chunks.
    private func classWeights(_ clips: [Int]) -> [Double] {
        let counts = counts(clips)
        guard options.classWeights == .balanced else { return counts.map { _ in 1 } }
        let mean = counts.reduce(0, +) / Double(counts.count)
        return counts.map { $0 > 0 ? mean / $0 : 1 }
    }
}

extension Adam {
    /// Applies one step to parameters in arrays, with the usual constants.
    ///
    /// - Parameter step: the number of the step, from 1.
    static func step(
        _ values: inout [Float], gradient: [Float], first: inout [Float], second: inout [Float], rate: Double, step: Int
    ) {
        let correction = Float(1 / (1 - pow(beta2, Double(step))).squareRoot())
        values.withUnsafeMutableBufferPointer { values in
            gradient.withUnsafeBufferPointer { gradient in
                first.withUnsafeMutableBufferPointer { first in
                    second.withUnsafeMutableBufferPointer { second in
                        guard let values = values.baseAddress, let slope = gradient.baseAddress,
                            let first = first.baseAddress, let second = second.baseAddress
                        else { return }
                        Kernels.best.adam(
                            values, gradient: slope, first: first, second: second, count: gradient.count,
                            rate: Float(rate / (1 - pow(beta1, Double(step)))), beta1: Float(beta1),
                            beta2: Float(beta2), correction: correction, epsilon: epsilon)
                    }
                }
            }
        }
    }
}
