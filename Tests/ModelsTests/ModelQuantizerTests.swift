import Engines
import Foundation
import Models
import TestSupport
import Testing

struct ModelQuantizerTests {
    @Test("LEAN at 200 classes is at most 4.6 MB in 8 bits, loads directly and scores nearly the same")
    func lean() throws {
        try TemporaryFolder.with { folder in
            let (float, int8) = (folder + "/f.safetensors", folder + "/i.safetensors")
            var metadata = Seeded.metadata(.lean, classes: 200)
            metadata.classes = (0..<200).map { "A_class_name_of_some_length_\($0)" }
            let parameters = Seeded.parameters(.lean, classes: 200)
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: float)
            try ModelQuantizer.quantize(from: float, to: int8)
            let file = try ModelFile(path: int8)
            #expect(file.size <= 4_600_000 && file.isQuantized && file.metadata == metadata)
            for parameter in file.layout.parameters {
                let exact = try #require(parameters[parameter.name])
                let found = try file.floats(parameter)
                guard parameter.shape.count == 2 else {
                    #expect(found == exact)
                    continue
                }
                // Half a step of the channel's scale, which is at most 1/127 of its largest weight and its rounding.
                let channels = parameter.shape[1]
                var largest = [Float](repeating: 0, count: channels)
                for (i, value) in exact.enumerated() { largest[i % channels] = max(largest[i % channels], abs(value)) }
                let worst = exact.indices.allSatisfy {
                    abs(exact[$0] - found[$0]) <= largest[$0 % channels] / 127 * 0.504
                }
                #expect(worst, "\(parameter.name)")
            }
            let models = [try NativeModel.load(path: float), try NativeModel.load(path: int8)]
            let mel = try Fixture.floats("mel-chunk-mean")
            let wave = Seeded.uniform(stream: 901, count: 32_000).map { $0 * 4 }
            let scores = try models.map { model in
                var scores = [Float](repeating: 0, count: 2 * 200)
                try model.makeSession(maxBatch: 2).forward(
                    mel: mel, wave: wave, count: 2, embeddings: nil, scores: &scores)
                return scores
            }
            #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 0.1 })
            #expect(scores[0] != scores[1])
            #expect(models[1].parameterCount == 4_496_392)
            #expect(throws: ModelError.self) { try ModelQuantizer.quantize(from: int8, to: folder + "/again") }
        }
    }

    @Test("A channel of zeros stays zeros, and an 8-bit weight without scales is refused")
    func edges() throws {
        try TemporaryFolder.with { folder in
            let (float, int8) = (folder + "/f.safetensors", folder + "/i.safetensors")
            let metadata = Seeded.metadata(.waveEncoder, classes: 2)
            var parameters = Seeded.parameters(.waveEncoder, classes: 2)
            for row in 0..<256 { parameters["head/w"]?[2 * row] = 0 }
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: float)
            try ModelQuantizer.quantize(from: float, to: int8)
            let head = try ModelFile(path: int8).floats(ParameterShape("head/w", [256, 2]))
            #expect((0..<256).allSatisfy { head[2 * $0] == 0 } && head[1] != 0)

            let layout = ParameterLayout(architecture: .waveEncoder, classes: 2)
            let tensors = layout.parameters.map { parameter in
                parameter.name == "head/w"
                    ? ModelFileWriter.Tensor(
                        name: "head/w", type: .i8, shape: [256, 2], bytes: [UInt8](repeating: 1, count: 512))
                    : ModelFileWriter.Tensor(
                        name: parameter.name, shape: parameter.shape, floats: parameters[parameter.name] ?? [])
            }
            try ModelFileWriter.write(tensors: tensors, metadata: metadata, to: float)
            let error = #expect(throws: ModelError.self) { try NativeModel.load(path: float) }
            #expect(error?.description.contains("tensor head/w/scale: missing") == true)
        }
    }

    /// What `safetensors.numpy` knows; it fails at BF16.
    private static let numpyTypes: Set<TensorType> = [.f32, .f16, .i8, .i32]

    @Test("Every tensor of an 8-bit file is of a type that NumPy has; small scales are kept exactly as F32")
    func typesOfEveryReader() throws {
        try TemporaryFolder.with { folder in
            for scale: Float in [1, 1e-6] {
                let (float, int8) = (folder + "/f.safetensors", folder + "/i.safetensors")
                var parameters = Seeded.parameters(.waveEncoder, classes: 3)
                parameters["head/w"] = parameters["head/w"]?.map { $0 * scale }
                try ModelFileWriter.write(
                    parameters: parameters, metadata: Seeded.metadata(.waveEncoder, classes: 3), to: float)
                try ModelQuantizer.quantize(from: float, to: int8)
                let file = try ModelFile(path: int8)
                #expect(file.tensors.values.allSatisfy { Self.numpyTypes.contains($0.type) })
                #expect(file.tensors["head/w/scale"]?.type == (scale == 1 ? .f16 : .f32))
                let exact = try #require(parameters["head/w"])
                let found = try file.floats(ParameterShape("head/w", [256, 3]))
                for channel in 0..<3 {
                    let column = stride(from: channel, to: exact.count, by: 3)
                    let largest = column.map { abs(exact[$0]) }.max() ?? 0
                    #expect(column.allSatisfy { abs(exact[$0] - found[$0]) <= largest / 127 * 0.504 })
                }
            }
        }
    }

    @Test("A file with BF16 scales is read, and rewritten with others to the very same values")
    func oldFiles() throws {
        try TemporaryFolder.with { folder in
            let (float, int8, old, new) = (
                folder + "/f.safetensors", folder + "/i.safetensors", folder + "/o.safetensors",
                folder + "/n.safetensors"
            )
            let metadata = Seeded.metadata(.waveEncoder, classes: 3)
            try ModelFileWriter.write(
                parameters: Seeded.parameters(.waveEncoder, classes: 3), metadata: metadata, to: float)
            try ModelQuantizer.quantize(from: float, to: int8)
            let file = try ModelFile(path: int8)
            var tensors: [ModelFileWriter.Tensor] = []
            for parameter in file.layout.parameters {
                guard file.tensors[parameter.name]?.type == .i8 else {
                    tensors.append(
                        ModelFileWriter.Tensor(
                            name: parameter.name, shape: parameter.shape, floats: try file.floats(parameter)))
                    continue
                }
                // Scales that leave bfloat16 nothing to round: powers of two, one beyond what F16 holds.
                let channels = parameter.shape[1]
                let scales = (0..<channels).map { Float(sign: .plus, exponent: -($0 % 9) - 5, significand: 1) }
                let stored = parameter.name == "head/w" ? scales.map { $0 * 0x1p-40 } : scales
                let integers = (0..<parameter.count).map { UInt8(bitPattern: Int8(truncatingIfNeeded: $0 % 255 - 127)) }
                tensors.append(
                    ModelFileWriter.Tensor(name: parameter.name, type: .i8, shape: parameter.shape, bytes: integers))
                tensors.append(
                    ModelFileWriter.Tensor(
                        name: parameter.name + ModelFile.scaleSuffix, type: .bf16, shape: [channels],
                        bytes: stored.flatMap { [UInt8($0.bitPattern >> 16 & 0xFF), UInt8($0.bitPattern >> 24)] }))
            }
            try ModelFileWriter.write(tensors: tensors, metadata: metadata, to: old)
            try ModelQuantizer.quantize(from: old, to: new)
            let (before, after) = (try ModelFile(path: old), try ModelFile(path: new))
            try after.checkDigest()
            #expect(before.tensors.values.contains { $0.type == .bf16 } && after.metadata == metadata)
            #expect(after.tensors.values.allSatisfy { Self.numpyTypes.contains($0.type) })
            for parameter in before.layout.parameters {
                let values = (try before.floats(parameter), try after.floats(parameter))
                #expect(values.0.map(\.bitPattern) == values.1.map(\.bitPattern), "\(parameter.name)")
            }
            #expect(throws: ModelError.self) { try ModelQuantizer.quantize(from: new, to: folder + "/again") }
        }
    }
}
