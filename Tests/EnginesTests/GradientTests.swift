import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Whole networks' losses and gradients against the reference's in double precision, and against their own chunks taken one by one.
struct GradientTests {
    private struct Golden: Decodable {
        struct Gradient: Decodable {
            let norm: Double
            let product: Double
            let values: [Double]
        }
        let loss: Double
        let gradients: [String: Gradient]
    }

    private static let (chunks, classes) = (3, 5)
    private let mel = Seeded.uniform(stream: 910, count: chunks * 96 * 64).map { $0 * 8 }
    private let wave = Seeded.uniform(stream: 911, count: chunks * 16_000).map { $0 * 4 }
    private let truth = Seeded.uniform(stream: 912, count: chunks * classes).map { $0 > 0 ? Float(1) : 0 }

    private func network(_ architecture: Architecture) -> TrainableNetwork {
        let buffer = ParameterBuffer(ParameterLayout(architecture: architecture, classes: Self.classes))
        let values = Seeded.parameters(architecture, classes: Self.classes)
        for parameter in buffer.layout.parameters { buffer.set(parameter, values[parameter.name] ?? []) }
        return TrainableNetwork(parameters: buffer)
    }

    private func gradients(
        _ network: TrainableNetwork, chunks: Range<Int>, kernels: Kernels = .best
    ) throws -> (loss: Double, ParameterBuffer) {
        let gradients = ParameterBuffer(network.layout)
        let pass = TrainingPass(network, kernels: kernels)
        let scale = 1 / Float(Self.chunks * Self.classes)
        let loss = try pass.run(
            mel: Array(mel[chunks.lowerBound * 6144..<chunks.upperBound * 6144]),
            wave: Array(wave[chunks.lowerBound * 16_000..<chunks.upperBound * 16_000]),
            targets: Array(truth[chunks.lowerBound * Self.classes..<chunks.upperBound * Self.classes]),
            chunks: chunks.count, scale: scale, gradients: gradients)
        return (loss * Double(scale), gradients)
    }

    @Test(
        "Loss and every parameter's gradient are the reference's, within 1e-4 of the gradient's norm",
        arguments: Architecture.classifiers)
    func equalsReference(architecture: Architecture) throws {
        let file = Fixture.repository.appending(path: "Tests/Fixtures/gradients/\(architecture.rawValue).json")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        let (loss, found) = try gradients(network(architecture), chunks: 0..<Self.chunks)
        #expect(abs(loss - golden.loss) < 1e-5 * golden.loss)
        for (stream, parameter) in found.layout.parameters.enumerated() {
            let expected = try #require(golden.gradients[parameter.name])
            let values = found.floats(parameter).map(Double.init)
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let product = zip(values, Seeded.uniform(stream: 2000 + stream, count: values.count))
                .reduce(0) { $0 + $1.0 * Double($1.1) }
            #expect(expected.norm > 0, "\(parameter.name)")
            #expect(abs(norm - expected.norm) < 1e-4 * expected.norm, "\(parameter.name): norm")
            #expect(abs(product - expected.product) < 1e-4 * expected.norm, "\(parameter.name): product")
            for (index, value) in expected.values.enumerated() {
                let here = values[index * values.count / expected.values.count]
                #expect(abs(here - value) < 1e-4 * expected.norm, "\(parameter.name): value \(index)")
            }
        }
    }

    @Test("Gradients of chunks one by one add up to those of the group", arguments: Architecture.classifiers)
    func addsUp(architecture: Architecture) throws {
        let network = network(architecture)
        let whole = try gradients(network, chunks: 0..<Self.chunks)
        let parts = try (0..<Self.chunks).map { try gradients(network, chunks: $0..<$0 + 1) }
        #expect(abs(parts.reduce(0) { $0 + $1.loss } - whole.loss) < 1e-6)
        for parameter in network.layout.parameters {
            let expected = whole.1.floats(parameter)
            let pieces = parts.map { $0.1.floats(parameter) }
            let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let worst = expected.indices.reduce(Float(0)) { worst, index in
                max(worst, abs(pieces.reduce(0) { $0 + $1[index] } - expected[index]))
            }
            #expect(worst < 1e-5 * norm, "\(parameter.name)")
        }
    }

    @Test("Every instruction set gives the same bits of the gradients")
    func instructionSetsDoNotMatter() throws {
        let network = network(.lean)
        let all = try Kernels.InstructionSet.allCases.compactMap { Kernels($0) }.map {
            try gradients(network, chunks: 0..<2, kernels: $0)
        }
        #expect(all.count >= 2)
        for other in all {
            #expect(other.loss == all[0].loss)
            for parameter in network.layout.parameters {
                #expect(
                    other.1.floats(parameter).map(\.bitPattern) == all[0].1.floats(parameter).map(\.bitPattern),
                    "\(parameter.name)")
            }
        }
    }

    @Test("A frozen trunk has no gradient, and the rest has the same one")
    func frozenTrunk() throws {
        let free = network(.lean)
        let frozen = TrainableNetwork(parameters: free.parameters, freezesTrunk: true)
        let (expected, found) = try (gradients(free, chunks: 0..<2).1, gradients(frozen, chunks: 0..<2).1)
        for parameter in free.layout.parameters {
            let values = found.floats(parameter)
            if frozen.isTrained(parameter.name) {
                #expect(values == expected.floats(parameter), "\(parameter.name)")
            } else {
                #expect(values.allSatisfy { $0 == 0 }, "\(parameter.name)")
            }
        }
        #expect(!frozen.isTrained("pw3/w") && frozen.isTrained("projection/w"))
    }
}
