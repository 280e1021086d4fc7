import Engines
import Foundation
import Models
import Testing
import Training

/// Order, learning rate, random numbers and Adam.
struct OptimizerTests {
    @Test("An epoch's order is a permutation, the same for the same seed and epoch")
    func order() {
        let a = EpochOrder(count: 1000, seed: 3, epoch: 1)
        #expect(a.chunks.sorted() == (0..<1000).map { Int32($0) })
        #expect(a.chunks == EpochOrder(count: 1000, seed: 3, epoch: 1).chunks)
        #expect(a.chunks != EpochOrder(count: 1000, seed: 3, epoch: 2).chunks)
        #expect(a.chunks != EpochOrder(count: 1000, seed: 4, epoch: 1).chunks)
        #expect(EpochOrder(count: 1, seed: 1, epoch: 1).chunks == [0])
    }

    @Test("Warm-up rises, cosine falls to nothing, constant stays")
    func schedules() {
        var options = TrainingOptions()
        #expect((0..<10).allSatisfy { options.learningRate(step: $0, of: 10) == 1e-4 })
        options.schedule = .cosine
        options.warmup = 4
        let rates = (0..<100).map { options.learningRate(step: $0, of: 100) }
        #expect(rates[0] < rates[1] && rates[1] < rates[3] && rates[4] > rates[50] && rates[50] > rates[99])
        #expect(abs(rates[99]) < 1e-10 && abs(rates[0] - 0.25e-4) < 1e-9)
    }

    @Test("Draws stay within their bounds and have the right mean")
    func random() {
        var random = SeededRandom(seed: 5, 1)
        let uniform = (0..<20_000).map { _ in random.uniform() }
        #expect(uniform.allSatisfy { (0..<1).contains($0) })
        #expect(abs(uniform.reduce(0, +) / 20_000 - 0.5) < 0.01)
        let beta = (0..<20_000).map { _ in random.beta(0.4) }
        #expect(beta.allSatisfy { (0...1).contains($0) })
        // Variance of Beta(a, a) is 1 / (4 (2 a + 1)).
        let variance = beta.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / 20_000
        #expect(abs(variance - 1 / (4 * 1.8)) < 0.005)
        #expect(SeededRandom(seed: 1, 2, 3) != SeededRandom(seed: 1, 3, 2))
    }

    @Test("Adam takes the steps that the plain formula takes in double precision, for one group or three")
    func adam() {
        let layout = ParameterLayout(architecture: .waveEncoder, classes: 2)
        let parameters = ParameterBuffer(layout)
        Initialization.fill(parameters, seed: 7)
        let watched = [0, 1, 17, 70_001, layout.count - 1]
        var expected = watched.map { Double(parameters.values.pointer[$0]) }
        var (first, second) = ([Double](repeating: 0, count: 5), [Double](repeating: 0, count: 5))
        let adam = Adam(layout)
        let groups = (0..<3).map { _ in ParameterBuffer(layout) }
        for step in 1...5 {
            var random = SeededRandom(seed: 8, UInt64(step))
            for index in 0..<layout.count {
                for group in groups { group.values.pointer[index] = random.uniform(within: 0.3) }
            }
            for (place, index) in watched.enumerated() {
                let g = groups.reduce(0.0) { $0 + Double($1.values.pointer[index]) }
                first[place] = 0.9 * first[place] + 0.1 * g
                second[place] = 0.999 * second[place] + 0.001 * g * g
                let (m, v) = (
                    first[place] / (1 - pow(0.9, Double(step))), second[place] / (1 - pow(0.999, Double(step)))
                )
                expected[place] -= 1e-2 * m / (v.squareRoot() + 1e-8)
            }
            adam.step(parameters, groups: groups, rate: 1e-2, step: step, threads: 2)
            #expect(groups.allSatisfy { group in watched.allSatisfy { group.values.pointer[$0] == 0 } })
        }
        for (place, index) in watched.enumerated() {
            #expect(abs(Double(parameters.values.pointer[index]) - expected[place]) < 1e-5)
        }
    }

    @Test("The wave encoder learns at its own rate; at the usual one every bit is as without")
    func encoderRate() {
        let layout = ParameterLayout(architecture: .waveEncoder, classes: 2)
        func stepped(_ encoderRate: Float?) -> ParameterBuffer {
            let parameters = ParameterBuffer(layout)
            Initialization.fill(parameters, seed: 7)
            let groups = [ParameterBuffer(layout)]
            var random = SeededRandom(seed: 9)
            for index in 0..<layout.count { groups[0].values.pointer[index] = random.uniform(within: 0.3) }
            let adam = Adam(layout)
            if let encoderRate {
                adam.step(parameters, groups: groups, rate: 1e-2, encoderRate: encoderRate, step: 1, threads: 3)
            } else {
                adam.step(parameters, groups: groups, rate: 1e-2, step: 1, threads: 1)
            }
            return parameters
        }
        let start = ParameterBuffer(layout)
        Initialization.fill(start, seed: 7)
        let (usual, same, half, none) = (stepped(nil), stepped(1), stepped(0.5), stepped(0))
        for parameter in layout.parameters {
            let (before, after) = (start.floats(parameter), usual.floats(parameter))
            #expect(after != before && same.floats(parameter) == after, "\(parameter.name)")
            guard parameter.name.hasPrefix("encoder") else {
                #expect(half.floats(parameter) == after && none.floats(parameter) == after, "\(parameter.name)")
                continue
            }
            #expect(none.floats(parameter) == before, "\(parameter.name)")
            let moved = zip(half.floats(parameter), before).map { $0 - $1 }
            let whole = zip(after, before).map { $0 - $1 }
            #expect(zip(moved, whole).allSatisfy { abs($0 - $1 / 2) < 1e-6 }, "\(parameter.name)")
        }
    }
}
