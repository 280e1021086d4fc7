import Engines
import Features
import Foundation
import Models
import Random

/// Numbers made by formula, the same here and in Scripts/fixtures/seeded.py and networks.py.
package enum Seeded {
    /// SplitMix64's output function of a counter: float in [-0.5, 0.5).
    package static func uniform(stream: Int, count: Int) -> [Float] {
        (0..<count).map { index in
            let mixed = SplitMix64.mixed((UInt64(stream) << 32 &+ UInt64(index) &+ 1) &* SplitMix64.step)
            return Float(mixed >> 40) * 0x1p-24 - 0.5
        }
    }

    /// Every parameter of an architecture, of a size at which no layer dies or saturates.
    package static func parameters(_ architecture: Architecture, classes: Int) -> [String: [Float]] {
        var out: [String: [Float]] = [:]
        let layout = ParameterLayout(architecture: architecture, classes: classes)
        for (stream, parameter) in layout.parameters.enumerated() {
            let scale = parameter.shape.count == 2 ? Float(2 * (6 / Double(parameter.shape[0])).squareRoot()) : 0.2
            out[parameter.name] = uniform(stream: stream, count: parameter.count).map { $0 * scale }
        }
        return out
    }

    package static func metadata(_ architecture: Architecture, classes: Int) -> ModelMetadata {
        ModelMetadata(
            architecture: architecture, normalization: .chunkMean, classes: (0..<classes).map { "Class \($0)" },
            classIDs: (0..<classes).map { "/m/0\($0)" }, licence: "CC0-1.0", source: "made by formula")
    }

    package static func model(_ architecture: Architecture, classes: Int) throws -> NativeModel {
        let parameters = parameters(architecture, classes: classes)
        return try NativeModel(metadata: metadata(architecture, classes: classes)) { parameters[$0.name] ?? [] }
    }
}
