import Foundation
import Network

/// Numbers made by formula, the same here and in Scripts/fixtures/seeded.py and networks.py.
enum Seeded {
    /// SplitMix64's output function of a counter: float in [-0.5, 0.5).
    static func uniform(stream: Int, count: Int) -> [Float] {
        (0..<count).map { index in
            var z = (UInt64(stream) << 32 &+ UInt64(index) &+ 1) &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
            return Float(z >> 40) * 0x1p-24 - 0.5
        }
    }

    /// Every parameter of an architecture, of a size at which no layer dies or saturates.
    static func parameters(_ architecture: Architecture, classes: Int) -> [String: [Float]] {
        var out: [String: [Float]] = [:]
        let layout = ParameterLayout(architecture: architecture, classes: classes)
        for (stream, parameter) in layout.parameters.enumerated() {
            let scale = parameter.shape.count == 2 ? Float(2 * (6 / Double(parameter.shape[0])).squareRoot()) : 0.2
            out[parameter.name] = uniform(stream: stream, count: parameter.count).map { $0 * scale }
        }
        return out
    }

    static func metadata(_ architecture: Architecture, classes: Int) -> ModelMetadata {
        ModelMetadata(
            architecture: architecture, normalization: .chunkMean, classes: (0..<classes).map { "Class \($0)" },
            classIDs: (0..<classes).map { "/m/0\($0)" }, licence: "CC0-1.0", source: "made by formula")
    }

    static func model(_ architecture: Architecture, classes: Int) throws -> Model {
        let parameters = parameters(architecture, classes: classes)
        return try Model(metadata: metadata(architecture, classes: classes)) { parameters[$0.name] ?? [] }
    }
}
