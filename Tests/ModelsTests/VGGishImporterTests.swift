import Errors
import Foundation
import Models
import TestSupport
import Testing

/// VGGish's weights out of state dictionaries: each to its place, and nothing that is not VGGish's.
struct VGGishImporterTests {
    private static let shape = VGGishShape(groups: [[16], [16, 32]], dense: [20], embedding: 6)

    /// Tensors of this shape, under torchvggish's names.
    private static func stored() -> [(name: String, shape: [Int], values: [Float])] {
        var list: [(String, [Int])] = []
        for (place, layer) in zip([0, 3, 5], shape.convolutions) {
            list += [("features.\(place).weight", [layer.outputs, layer.inputs, 3, 3])]
            list += [("features.\(place).bias", [layer.outputs])]
        }
        for (place, layer) in shape.layers.enumerated() {
            list += [("embeddings.\(2 * place).weight", [layer.outputs, layer.inputs])]
            list += [("embeddings.\(2 * place).bias", [layer.outputs])]
        }
        list += [("pproc.pca_eigen_vectors", [6, 6]), ("pproc.pca_means", [6, 1])]
        return list.enumerated().map { index, entry in
            (entry.0, entry.1, Seeded.uniform(stream: 1200 + index, count: entry.1.reduce(1, *)))
        }
    }

    /// A safetensors file without metadata.
    private static func safetensors(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> [UInt8] {
        var (entries, data): ([String], [UInt8]) = ([], [])
        for (name, shape, values) in tensors {
            let start = data.count
            data += values.withUnsafeBytes { Array($0) }
            entries.append(#""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(data.count)]}"#)
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return MadeZip.number(header.count, 8) + header + data
    }

    private static func opened<Result>(
        _ bytes: [UInt8], _ body: (any StateDictionary) throws -> Result
    ) throws -> Result {
        try TemporaryFolder.with { folder in
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/m"))
            return try body(StateDictionaries.open(folder + "/m"))
        }
    }

    private static func floats(_ tensor: ModelFileWriter.Tensor) -> [Float] {
        tensor.bytes.withUnsafeBytes { tensor.type.floats($0) }
    }

    @Test("Every weight goes to its place, from both formats")
    func places() throws {
        let stored = Self.stored()
        var torch = MadeTorchFile(stored)
        torch.isParameter = true
        for bytes in [Self.safetensors(stored), torch.data] {
            let tensors = try Self.opened(bytes) { try VGGishImporter.tensors($0, shape: Self.shape) }
            #expect(tensors.map { ParameterShape($0.name, $0.shape) } == Self.shape.parameters)
            let made = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, Self.floats($0)) })
            let given = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.values) })
            for (place, name, inputs, outputs) in [(0, "conv1", 1, 16), (3, "conv2_1", 16, 16), (5, "conv2_2", 16, 32)]
            {
                let weights = try #require(given["features.\(place).weight"])
                let found = try #require(made["\(name)/w"])
                for output in 0..<outputs {
                    for input in 0..<inputs {
                        for tap in 0..<9 {
                            #expect(
                                found[(tap * inputs + input) * outputs + output]
                                    == weights[(output * inputs + input) * 9 + tap])
                        }
                    }
                }
                #expect(made["\(name)/b"] == given["features.\(place).bias"])
            }
            for (place, name, inputs, outputs) in [(0, "fc1_1", 24 * 16 * 32, 20), (2, "fc2", 20, 6)] {
                let weights = try #require(given["embeddings.\(place).weight"])
                let found = try #require(made["\(name)/w"])
                #expect(
                    (0..<inputs).allSatisfy { input in
                        (0..<outputs).allSatisfy { found[input * outputs + $0] == weights[$0 * inputs + input] }
                    })
                #expect(made["\(name)/b"] == given["embeddings.\(place).bias"])
            }
        }
    }

    @Test("The whitening is a dense layer: the eigenvectors' transpose, and minus the means' product with them")
    func whitening() throws {
        let stored = Self.stored()
        let (vectors, means) = (stored[stored.count - 2].values, stored[stored.count - 1].values)
        for names in [["pproc.pca_eigen_vectors", "pproc.pca_means"], ["pca_eigen_vectors", "pca_means"]] {
            for shape in [[6, 1], [6]] {
                let tensors = try Self.opened(
                    Self.safetensors([(names[0], [6, 6], vectors), (names[1], shape, means)])
                ) { try VGGishImporter.whitening($0, size: 6) }
                #expect(tensors.map(\.name) == ["pca/w", "pca/b"])
                let (weight, bias) = (Self.floats(tensors[0]), Self.floats(tensors[1]))
                for row in 0..<6 {
                    #expect((0..<6).allSatisfy { weight[$0 * 6 + row] == vectors[row * 6 + $0] })
                    let product = (0..<6).reduce(0.0) { $0 + Double(vectors[row * 6 + $1]) * Double(means[$1]) }
                    #expect(bias[row] == Float(-product))
                }
            }
        }
    }

    @Test("What is missing, of another shape or not VGGish's is named")
    func refusals() throws {
        func refusal(_ change: (inout [(name: String, shape: [Int], values: [Float])]) -> Void) throws -> String {
            var stored = Self.stored()
            change(&stored)
            return try Self.opened(Self.safetensors(stored)) { dictionary in
                do {
                    _ = try VGGishImporter.tensors(dictionary, shape: Self.shape)
                    _ = try VGGishImporter.whitening(dictionary, size: 6)
                    return "accepted"
                } catch let error as ModelError {
                    #expect(error.category == .badInput && !error.description.contains("\n"))
                    return String(error.description.dropFirst(dictionary.path.count + 2))
                }
            }
        }
        #expect(try refusal { _ in } == "accepted")
        #expect(
            try refusal { $0.remove(at: 3) } == "tensor features.3.bias: missing; expected shape [16]")
        #expect(
            try refusal { $0[0].shape = [16, 9, 1, 1] }
                == "tensor features.0.weight: shape [16, 9, 1, 1]; expected [16, 1, 3, 3]")
        #expect(try refusal { $0[0].values[7] = .infinity }.hasPrefix("tensor features.0.weight: value 7 is inf"))
        #expect(try refusal { $0[0].name = "conv1.weight" }.hasPrefix("tensor conv1.weight: not a tensor of VGGish"))
        #expect(try refusal { $0.removeLast() } == "tensor pca_means: missing; expected shape [6]")
        #expect(try refusal { $0[$0.count - 2].shape = [36] }.hasPrefix("tensor pproc.pca_eigen_vectors: shape [36]"))
    }

    @Test("Metadata: no classes, thresholds or ranges of any, and whose embeddings it gives")
    func metadata() throws {
        var metadata = ModelMetadata(
            architecture: .vggishPCA, normalization: .none, classes: [], licence: "Apache-2.0", source: "made")
        metadata.release = .torchvggish
        let texts = try metadata.texts()
        #expect(try ModelMetadata(texts: texts, path: "m") == metadata)
        func refusal(_ change: (inout [String: String]) -> Void) -> String {
            var texts = texts
            change(&texts)
            do { _ = try ModelMetadata(texts: texts, path: "m") } catch { return "\(error)" }
            return "accepted"
        }
        #expect(refusal { $0["classes"] = #"["Dog"]"# }.contains("found 1 class; expected none, as 'vggish-pca' gives"))
        #expect(refusal { $0["class_ids"] = #"["/m/0"]"# }.contains("metadata 'class_ids'"))
        #expect(refusal { $0["thresholds"] = #"{"Dog":0.5}"# }.contains("metadata 'thresholds'"))
        #expect(refusal { $0["activation_ranges"] = #"{"pw1":2}"# }.contains("metadata 'activation_ranges'"))
        #expect(refusal { $0["release"] = nil }.contains("metadata 'release': missing"))
        #expect(refusal { $0["release"] = "mine" }.contains("expected one of google, torchvggish"))
        #expect(refusal { $0["architecture"] = "yamnet" }.contains("found 0 classes; expected 1 to 65536"))
        let wide = refusal { texts in
            texts["front_end"] = texts["front_end"]?.replacingOccurrences(of: "\"bands\":64", with: "\"bands\":128")
        }
        #expect(wide.contains("'vggish-pca' takes 96 x 64"))
    }
}
