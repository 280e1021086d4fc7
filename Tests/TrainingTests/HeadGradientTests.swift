import Engines
import Foundation
import Models
import TestSupport
import Testing
import Training

/// The loss of a head and its gradient, held against the plainest computation in double precision.
struct HeadGradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let pooling: ClipPooling
        let hidden: Int
        var testDescription: String { "\(pooling.rawValue), \(hidden) hidden" }
    }

    static let cases = ClipPooling.allCases.flatMap { pooling in [0, 5, 33].map { Case(pooling: pooling, hidden: $0) } }

    /// Clips of one to six chunks, with no label, some, or all.
    static func set(clips: Int = 7, size: Int = 6, classes: Int = 3, stream: Int = 50) -> EmbeddingSet {
        var made: [EmbeddingSet.Clip] = []
        var rows = 0
        for place in 0..<clips {
            let count = 1 + place * 5 % 6
            let labels = (0..<classes).filter { (place >> $0) & 1 == 1 }
            made.append(.init(name: "\(place)", labels: labels, rows: rows..<rows + count, seconds: 1))
            rows += count
        }
        let values = Seeded.uniform(stream: stream, count: rows * size).map { 3 * $0 + 1 }
        return EmbeddingSet(classes: (0..<classes).map { "c\($0)" }, clips: made, size: size, values: values)
    }

    private static func parameters(_ layout: HeadLayout, stream: Int = 60) -> [Float] {
        var values = Seeded.uniform(stream: stream, count: layout.count).map { 2 * $0 }
        for place in layout.frozen { values[place] = 0 }
        return values
    }

    /// The mean over clips of the loss, from its definition.
    private static func plain(
        _ layout: HeadLayout, _ set: EmbeddingSet, _ p: [Double], weights: [Double], clips: [Int]
    ) -> Double {
        func dense(_ x: [Double], _ w: Range<Int>, _ b: Range<Int>) -> [Double] {
            (0..<b.count).map { column in
                var sum = p[b.lowerBound + column]
                for input in x.indices { sum += x[input] * p[w.lowerBound + input * b.count + column] }
                return sum
            }
        }
        var loss = 0.0
        for clip in clips.map({ set.clips[$0] }) {
            let outputs = clip.rows.map { row in
                var x = (0..<set.size).map { Double(set.row(row)[$0]) }
                if layout.hidden > 0 {
                    x = dense(x, layout.firstWeights, layout.firstBiases).map { max(0, $0) }
                    return dense(x, layout.lastWeights, layout.lastBiases)
                }
                return dense(x, layout.firstWeights, layout.firstBiases)
            }
            for place in 0..<layout.classes {
                let scores = outputs.map { 1 / (1 + exp(-$0[place])) }
                if layout.pooling == .mean {
                    let has = clip.labels.contains(place)
                    let losses = scores.map { -log(has ? $0 : 1 - $0) }
                    loss += weights[place] * losses.reduce(0, +) / Double(losses.count)
                    continue
                }
                let pooled: Double
                switch layout.pooling {
                case .mean: pooled = .nan
                case .max: pooled = scores.max() ?? 0
                case .attention:
                    let shares = outputs.map { exp($0[layout.classes + place]) }
                    pooled = zip(scores, shares).reduce(0) { $0 + $1.0 * $1.1 } / shares.reduce(0, +)
                }
                loss -= weights[place] * log(clip.labels.contains(place) ? pooled : 1 - pooled)
            }
        }
        return loss / Double(clips.count)
    }

    @Test("The loss and each entry of the gradient are those of the plain computation", arguments: cases)
    func againstFiniteDifferences(of it: Case) {
        let set = Self.set()
        let layout = HeadLayout(inputs: set.size, hidden: it.hidden, classes: 3, pooling: it.pooling)
        let weights = [1, 0.5, 2.5]
        let clips = [6, 0, 3, 5, 1]
        let objective = HeadObjective(layout, set: set, classWeights: weights, threads: 2)
        let point = Self.parameters(layout)
        var gradient = [Double](repeating: .nan, count: layout.count)
        let value = gradient.withUnsafeMutableBufferPointer { objective.value(point, clips: clips, gradient: $0) }
        let exact = point.map { Double($0) }
        let wanted = Self.plain(layout, set, exact, weights: weights, clips: clips)
        #expect(abs(value - wanted) < 1e-5 * max(1, wanted))
        #expect(objective.value(point, clips: clips) == value)
        let step = 1e-5
        for place in exact.indices where !layout.frozen.contains(place) {
            var (above, below) = (exact, exact)
            above[place] += step
            below[place] -= step
            let slope =
                (Self.plain(layout, set, above, weights: weights, clips: clips)
                    - Self.plain(layout, set, below, weights: weights, clips: clips)) / (2 * step)
            #expect(abs(gradient[place] - slope) < 2e-5 * max(1, abs(slope)), "parameter \(place)")
        }
        #expect(gradient[layout.frozen].allSatisfy { $0 == 0 })
    }

    @Test("Any number of threads and any kernels give the same bits", arguments: cases)
    func sameBits(of it: Case) {
        // More clips than one group of each slot.
        let set = Self.set(clips: 300, size: 37, classes: 3)
        let layout = HeadLayout(inputs: set.size, hidden: it.hidden, classes: 3, pooling: it.pooling)
        let point = Self.parameters(layout)
        var found: [[Double]] = []
        var ways: [(Int, Kernels)] = [(1, .best), (2, .best), (5, .best)]
        for set in Kernels.InstructionSet.allCases { if let kernels = Kernels(set) { ways.append((2, kernels)) } }
        for (threads, kernels) in ways {
            let objective = HeadObjective(
                layout, set: set, classWeights: [1, 1, 1], threads: threads, kernels: kernels)
            var gradient = [Double](repeating: 0, count: layout.count)
            let value = gradient.withUnsafeMutableBufferPointer {
                objective.value(point, clips: Array(set.clips.indices), gradient: $0)
            }
            found.append([value] + gradient)
        }
        #expect(found.allSatisfy { $0 == found[0] } && found[0].allSatisfy(\.isFinite))
    }

    @Test("Sure and wrong scores have a finite loss and gradient", arguments: ClipPooling.allCases)
    func extremes(pooling: ClipPooling) {
        let set = Self.set()
        let layout = HeadLayout(inputs: set.size, hidden: 0, classes: 3, pooling: pooling)
        let objective = HeadObjective(layout, set: set, classWeights: [1, 1, 1], threads: 1)
        for scale: Float in [30, -30] {
            let point = Self.parameters(layout).map { $0 * scale }
            var gradient = [Double](repeating: 0, count: layout.count)
            let value = gradient.withUnsafeMutableBufferPointer {
                objective.value(point, clips: Array(set.clips.indices), gradient: $0)
            }
            #expect(value.isFinite && value > 1 && gradient.allSatisfy(\.isFinite))
        }
    }

    @Test("L-BFGS finds the minimum of a quadratic and of Rosenbrock's valley")
    func minimum() {
        let quadratic = LBFGS.minimize(from: [3, -4, 9], tolerance: 1e-12) { point, gradient in
            var value = 0.0
            for place in point.indices {
                let (weight, distance) = (Double(place * place * 10 + 1), point[place] - Double(place))
                value += weight * distance * distance
                gradient[place] = 2 * weight * distance
            }
            return value
        }
        #expect(quadratic.hasConverged && zip(quadratic.point, [0, 1, 2]).allSatisfy { abs($0 - $1) < 1e-5 })
        let valley = LBFGS.minimize(from: [-1.2, 1], tolerance: 1e-14) { point, gradient in
            let (x, y) = (point[0], point[1])
            gradient[0] = -400 * x * (y - x * x) - 2 * (1 - x)
            gradient[1] = 200 * (y - x * x)
            return 100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x)
        }
        #expect(valley.hasConverged && valley.iterations < 100)
        #expect(abs(valley.point[0] - 1) < 1e-4 && abs(valley.point[1] - 1) < 1e-4)
        let stopped = LBFGS.minimize(from: [-1.2, 1], iterations: 3) { point, gradient in
            gradient[0] = 4 * point[0] * point[0] * point[0]
            gradient[1] = 4 * point[1] * point[1] * point[1]
            return point.reduce(0) { $0 + $1 * $1 * $1 * $1 }
        }
        #expect(!stopped.hasConverged && stopped.iterations == 3)
    }
}
