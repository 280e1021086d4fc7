import Foundation
import Network
import Testing

struct ModelQuantizerTests {
    /// What `safetensors.numpy` reads: it has no type for BF16.
    private static let numpyTypes: Set = ["F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8", "BOOL"]

    @Test("Scales of any size: never below the largest weight / 127, and at most 1 % or one step of F16 above")
    func scales() throws {
        try Fixture.withFolder { folder in
            let (float, int8) = (folder + "/f.safetensors", folder + "/i.safetensors")
            var parameters = Seeded.parameters(.waveEncoder, classes: 40)
            // Each class's weights are of another size, from what F16 cannot hold to what it cannot tell from nothing.
            for row in 0..<256 {
                for column in 0..<40 {
                    parameters["head/w"]?[40 * row + column] =
                        (row % 2 == 0 ? 1 : -0.37) * exp2(Float(column) - 30) * 1.3
                }
            }
            parameters["head/w"]?[39] = 1e7
            for top: Float in [1e7, 1] {
                parameters["head/w"]?[39] = top
                try ModelFileWriter.write(
                    parameters: parameters, metadata: Seeded.metadata(.waveEncoder, classes: 40), to: float)
                try ModelQuantizer.quantize(from: float, to: int8)
                let file = try ModelFile(path: int8)
                #expect(file.tensors["head/w/scale"]?.type == (top > 65_504 * 127 ? .f32 : .f16))
                let found = try file.floats(ParameterShape("head/w", [256, 40]))
                for column in 0..<40 {
                    let largest = max(exp2(Float(column) - 30) * 1.3, column == 39 ? top : 0)
                    let step = max(largest / 127 * 1.008, largest / 127 + 0x1p-24)
                    for row in 0..<256 where row + column > 39 {
                        let exact = parameters["head/w"]?[40 * row + column] ?? .nan
                        #expect(
                            abs(exact - found[40 * row + column]) <= step / 2 * 1.001, "row \(row), class \(column)")
                    }
                }
            }
        }
    }

    @Test("The model that ships is of types that every reader has")
    func shipped() throws {
        let file = try ModelFile(path: Fixture.repository.path + "/Models/lean-esc10.safetensors")
        #expect(file.isQuantized && file.tensors.values.allSatisfy { Self.numpyTypes.contains($0.type.rawValue) })
        try file.checkDigest()
    }

    @Test("LEAN at 200 classes is at most 4.6 MB in 8 bits, loads directly and scores nearly the same")
    func lean() throws {
        try Fixture.withFolder { folder in
            let (float, int8) = (folder + "/f.safetensors", folder + "/i.safetensors")
            var metadata = Seeded.metadata(.lean, classes: 200)
            metadata.classes = (0..<200).map { "A_class_name_of_some_length_\($0)" }
            let parameters = Seeded.parameters(.lean, classes: 200)
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: float)
            try ModelQuantizer.quantize(from: float, to: int8)
            let file = try ModelFile(path: int8)
            #expect(file.size <= 4_600_000 && file.isQuantized && file.metadata == metadata)
            #expect(file.tensors.values.allSatisfy { Self.numpyTypes.contains($0.type.rawValue) })
            for parameter in file.layout.parameters {
                let exact = try #require(parameters[parameter.name])
                let found = try file.floats(parameter)
                guard parameter.shape.count == 2 else {
                    #expect(found == exact)
                    continue
                }
                // Half a step of the channel's scale, which is at most 1/127 of its largest weight and the rounding to eight bits.
                let channels = parameter.shape[1]
                var largest = [Float](repeating: 0, count: channels)
                for (i, value) in exact.enumerated() { largest[i % channels] = max(largest[i % channels], abs(value)) }
                let worst = exact.indices.allSatisfy {
                    abs(exact[$0] - found[$0]) <= largest[$0 % channels] / 127 * 0.504
                }
                #expect(worst, "\(parameter.name)")
            }
            let models = [try Model.load(path: float), try Model.load(path: int8)]
            let mel = try Fixture.floats("mel-chunk-mean")
            let wave = Seeded.uniform(stream: 901, count: 32_000).map { $0 * 4 }
            let scores = models.map { model in
                var scores = [Float](repeating: 0, count: 2 * 200)
                model.makeSession(maxBatch: 2).forward(
                    mel: mel, wave: wave, count: 2, embeddings: nil, scores: &scores)
                return scores
            }
            #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 0.1 })
            #expect(scores[0] != scores[1])
            #expect(models[1].parameterCount == 4_496_392)
            #expect(throws: NetworkError.self) { try ModelQuantizer.quantize(from: int8, to: folder + "/again") }
        }
    }

    @Test("A channel of zeros stays zeros, and an 8-bit weight without scales is refused")
    func edges() throws {
        try Fixture.withFolder { folder in
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
            let error = #expect(throws: NetworkError.self) { try Model.load(path: float) }
            #expect(error?.description.contains("tensor head/w/scale: missing") == true)
        }
    }
}
