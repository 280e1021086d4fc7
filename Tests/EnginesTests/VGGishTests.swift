import Engines
import Features
import Foundation
import Models
import TestSupport
import Testing

/// VGGish against plain computations of the same layers, against other batches and against other instruction sets.
@Suite(.serialized)
struct VGGishTests {
    /// The released network, but a 16th as wide.
    static let narrow = VGGishShape(groups: [[16], [16], [16, 32], [32, 48]], dense: [72, 40], embedding: 24)

    /// Weights by formula under torchvggish's names and in its layout, of a size at which no layer dies.
    struct MadeDictionary: StateDictionary {
        let path = "made"
        let shapes: [String: [Int]]

        init(_ shape: VGGishShape) {
            var shapes: [String: [Int]] = [:]
            for (place, layer) in zip([0, 3, 6, 8, 11, 13], shape.convolutions) {
                shapes["features.\(place).weight"] = [layer.outputs, layer.inputs, 3, 3]
                shapes["features.\(place).bias"] = [layer.outputs]
            }
            for (place, layer) in shape.layers.enumerated() {
                shapes["embeddings.\(2 * place).weight"] = [layer.outputs, layer.inputs]
                shapes["embeddings.\(2 * place).bias"] = [layer.outputs]
            }
            shapes["pca_eigen_vectors"] = [shape.embedding, shape.embedding]
            shapes["pca_means"] = [shape.embedding, 1]
            self.shapes = shapes
        }

        func floats(_ name: String) -> [Float] {
            let shape = shapes[name] ?? []
            let stream = 1000 + (shapes.keys.sorted().firstIndex(of: name) ?? 0)
            let fan = shape.dropFirst().reduce(1, *)
            let scale = shape.count > 1 && fan > 1 ? Float(2 * (6 / Double(fan)).squareRoot()) : 0.2
            return Seeded.uniform(stream: stream, count: shape.reduce(1, *)).map { $0 * scale }
        }
    }

    private static let dictionary = MadeDictionary(narrow)
    private static let patch = VGGishShape.frames * VGGishShape.bands
    private static let count = 37
    private static let mel = Seeded.uniform(stream: 920, count: count * patch).map { $0 * 8 }

    private static func metadata(_ architecture: Architecture, _ release: VGGishRelease) -> ModelMetadata {
        var metadata = ModelMetadata(
            architecture: architecture, frontEnd: FrontEndPreset.vggish.frontEnd, normalization: .none, classes: [],
            licence: "CC0-1.0", source: "made by formula")
        metadata.release = release
        return metadata
    }

    private static func model(
        _ architecture: Architecture = .vggish, _ release: VGGishRelease = .google
    ) throws -> VGGishModel {
        let tensors =
            try VGGishImporter.tensors(dictionary, shape: narrow)
            + VGGishImporter.whitening(dictionary, size: narrow.embedding)
        let values = Dictionary(
            uniqueKeysWithValues: tensors.map { tensor in
                (tensor.name, tensor.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) })
            })
        return try VGGishModel(metadata: metadata(architecture, release), shape: narrow) { values[$0.name] ?? [] }
    }

    private func run(
        _ model: VGGishModel, _ mel: [Float], kernels: Kernels = .best, batch: Int? = nil
    ) throws -> [Float] {
        let count = mel.count / Self.patch
        let session = try model.makeSession(maxBatch: batch ?? count, kernels: kernels)
        var embeddings = [Float](repeating: .nan, count: count * Self.narrow.embedding)
        var none: [Float] = []
        try session.forward(mel: mel, wave: nil, count: count, embeddings: &embeddings, scores: &none)
        return embeddings
    }

    /// The network as its papers and programs define it, in double precision, in torchvggish's layout: images are
    /// (channels, height, width) until they are flattened as (height, width, channels).
    private func plain(_ patch: ArraySlice<Float>) -> [Double] {
        var image = [patch.map(Double.init)]
        var (height, width) = (96, 64)
        for (place, layer) in zip([0, 3, 6, 8, 11, 13], Self.narrow.convolutions) {
            let weights = Self.dictionary.floats("features.\(place).weight").map(Double.init)
            let bias = Self.dictionary.floats("features.\(place).bias").map(Double.init)
            var made = [[Double]](repeating: [], count: layer.outputs)
            for output in 0..<layer.outputs {
                var sums = [Double](repeating: bias[output], count: height * width)
                for input in 0..<layer.inputs {
                    for (tap, dy, dx) in (0..<9).map({ ($0, $0 / 3 - 1, $0 % 3 - 1) }) {
                        let weight = weights[(output * layer.inputs + input) * 9 + tap]
                        for y in max(0, -dy)..<min(height, height - dy) {
                            for x in max(0, -dx)..<min(width, width - dx) {
                                sums[y * width + x] += weight * image[input][(y + dy) * width + x + dx]
                            }
                        }
                    }
                }
                made[output] = sums.map { max($0, 0) }
            }
            if [0, 3, 8, 13].contains(place) {
                made = made.map { channel in
                    (0..<height / 2 * (width / 2)).map { index in
                        let corner = index / (width / 2) * 2 * width + index % (width / 2) * 2
                        return [0, 1, width, width + 1].map { channel[corner + $0] }.max() ?? 0
                    }
                }
                (height, width) = (height / 2, width / 2)
            }
            image = made
        }
        var values = (0..<height * width).flatMap { pixel in image.map { $0[pixel] } }
        for (place, layer) in Self.narrow.layers.enumerated() {
            let weights = Self.dictionary.floats("embeddings.\(2 * place).weight")
            let bias = Self.dictionary.floats("embeddings.\(2 * place).bias")
            values = (0..<layer.outputs).map { output in
                let sum = values.enumerated().reduce(Double(bias[output])) {
                    $0 + $1.element * Double(weights[output * layer.inputs + $1.offset])
                }
                return place < 2 ? max(sum, 0) : sum
            }
        }
        return values
    }

    @Test("A narrow network with torchvggish's weights gives what its layers are defined to give, within 1e-5")
    func equalsDefinition() throws {
        let chunks = 2
        let mel = Array(Self.mel[..<(chunks * Self.patch)])
        let expected = (0..<chunks).flatMap { plain(mel[$0 * Self.patch..<($0 + 1) * Self.patch]) }
        let found = try run(Self.model(), mel)
        let scale = expected.map(abs).max() ?? 0
        // Both signs, so that a missing or an added ReLU is seen.
        #expect(scale > 0.1 && expected.contains { $0 < -0.1 * scale } && expected.contains { $0 > 0.1 * scale })
        for (found, expected) in zip(found, expected) { #expect(abs(Double(found) - expected) < 1e-5 * scale) }
        let rectified = try run(Self.model(.vggish, .torchvggish), mel)
        #expect(rectified == found.map { max($0, 0) })
    }

    @Test("Whitened embeddings are clipped to -2 to 2 and quantised, by each release's rule")
    func whitening() throws {
        let mel = Array(Self.mel[..<(4 * Self.patch)])
        let size = Self.narrow.embedding
        let vectors = Self.dictionary.floats("pca_eigen_vectors")
        let means = Self.dictionary.floats("pca_means")
        var levels = Set<Float>()
        for release in VGGishRelease.allCases {
            let raw = try run(Self.model(.vggish, release), mel)
            let found = try run(Self.model(.vggishPCA, release), mel)
            for index in found.indices {
                let row = index / size * size
                let value = (0..<size).reduce(0.0) {
                    $0 + Double(vectors[index % size * size + $1]) * (Double(raw[row + $1]) - Double(means[$1]))
                }
                let steps = (min(max(value, -2), 2) + 2) * 63.75
                let expected = release == .google ? steps.rounded(.down) : steps.rounded()
                // A value that single precision puts on the other side of a step's edge is one step off.
                let edge = release == .google ? steps.rounded() : steps.rounded(.down) + 0.5
                #expect(Double(found[index]) == expected || abs(steps - edge) < 1e-2, "\(found[index]) of \(steps)")
                levels.insert(found[index])
            }
        }
        #expect(levels.count > 10 && levels.allSatisfy { (0...255).contains($0) && $0 == $0.rounded() })
        #expect(VGGishRelease.google.quantised(-9) == 0 && VGGishRelease.google.quantised(9) == 255)
        #expect(VGGishRelease.google.quantised(1.999) == 254 && VGGishRelease.torchvggish.quantised(1.999) == 255)
        #expect(VGGishRelease.google.quantised(.nan).isNaN)
    }

    @Test("A chunk's embedding is the same bits whatever chunks share its batch, and in a session used before")
    func batchesDoNotMatter() throws {
        let model = try Self.model()
        let all = try run(model, Self.mel).map(\.bitPattern)
        let size = Self.narrow.embedding
        let session = try model.makeSession(maxBatch: Self.count)
        for (round, count) in [1, 2, 7, 9, 25, 37, 1].enumerated() {
            // Chunks in another order, from another place, in another number.
            let chosen = (0..<count).map { (round * 11 + $0 * 5) % Self.count }
            let some = chosen.flatMap { Self.mel[$0 * Self.patch..<($0 + 1) * Self.patch] }
            var found = [Float](repeating: .nan, count: count * size)
            var none: [Float] = []
            try session.forward(mel: some, wave: nil, count: count, embeddings: &found, scores: &none)
            #expect(found.map(\.bitPattern) == chosen.flatMap { all[$0 * size..<($0 + 1) * size] }, "\(count) chunks")
        }
    }

    @Test("Every instruction set gives the same bits", arguments: [Architecture.vggish, .vggishPCA])
    func instructionSetsDoNotMatter(architecture: Architecture) throws {
        let model = try Self.model(architecture)
        let mel = Array(Self.mel[..<(3 * Self.patch)])
        let results = try Kernels.InstructionSet.allCases.compactMap { Kernels($0) }.map {
            try run(model, mel, kernels: $0).map(\.bitPattern)
        }
        #expect(results.count >= 2 && results.allSatisfy { $0 == results[0] })
    }

    @Test("What a session is not given, it says")
    func sessionsThrow() throws {
        let model = try Self.model()
        #expect(throws: InferenceError.self) { try model.makeSession(maxBatch: 0) }
        let session = try model.makeSession(maxBatch: 1)
        var none: [Float] = []
        #expect(throws: InferenceError.self) {
            try session.forward(mel: nil, wave: nil, count: 1, embeddings: nil, scores: &none)
        }
        #expect(throws: InferenceError.self) {
            try session.forward(mel: Self.mel, wave: nil, count: 2, embeddings: nil, scores: &none)
        }
        try session.forward(mel: Self.mel, wave: nil, count: 1, embeddings: nil, scores: &none)
    }

    // MARK: The released network

    /// A parameter by formula, in this program's layout.
    private static func values(_ parameter: ParameterShape) -> [Float] {
        let stream = 1100 + (VGGishShape.standard.parameters.firstIndex(of: parameter) ?? 0)
        let scale =
            parameter.shape.count == 2 ? Float(2 * (6 / Double(parameter.shape[0])).squareRoot()) : 0.2
        return Seeded.uniform(stream: stream, count: parameter.count).map { $0 * scale }
    }

    /// outputs = max(bias + inputs x weights, 0), for rows of inputs that `row` gives, in double precision.
    private func plainProduct(
        _ name: String, inputs: Int, outputs: Int, rows: Int, rectified: Bool, row: (Int) -> [Double]
    ) -> [Double] {
        let weights = Self.values(ParameterShape("\(name)/w", [inputs, outputs]))
        let bias = Self.values(ParameterShape("\(name)/b", [outputs])).map(Double.init)
        var made: [Double] = []
        weights.withUnsafeBufferPointer { weights in
            for index in 0..<rows {
                var sums = bias
                sums.withUnsafeMutableBufferPointer { sums in
                    for (place, value) in row(index).enumerated() where value != 0 {
                        for output in 0..<outputs { sums[output] += value * Double(weights[place * outputs + output]) }
                    }
                }
                made += rectified ? sums.map { max($0, 0) } : sums
            }
        }
        return made
    }

    @Test("The released network with weights by formula gives what a plain pass gives, within 1e-5")
    func releasedNetwork() throws {
        let shape = VGGishShape.standard
        let patch = Array(Self.mel[..<Self.patch])
        var image = patch.map(Double.init)
        for layer in shape.convolutions {
            let (height, width, channels) = (layer.height, layer.width, layer.inputs)
            image = plainProduct(
                layer.name, inputs: 9 * channels, outputs: layer.outputs, rows: height * width, rectified: true
            ) { pixel in
                (0..<9).flatMap { tap -> [Double] in
                    let (y, x) = (pixel / width + tap / 3 - 1, pixel % width + tap % 3 - 1)
                    guard (0..<height).contains(y), (0..<width).contains(x) else {
                        return [Double](repeating: 0, count: channels)
                    }
                    return Array(image[(y * width + x) * channels..<(y * width + x + 1) * channels])
                }
            }
            guard layer.isPooled else { continue }
            let outputs = layer.outputs
            let large = image
            image = (0..<height / 2 * (width / 2) * outputs).map { index in
                let (pixel, channel) = (index / outputs, index % outputs)
                let corner = (pixel / (width / 2) * 2 * width + pixel % (width / 2) * 2) * outputs + channel
                return [0, outputs, width * outputs, (width + 1) * outputs].map { large[corner + $0] }.max() ?? 0
            }
        }
        for layer in shape.layers {
            let input = image
            image = plainProduct(
                layer.name, inputs: layer.inputs, outputs: layer.outputs, rows: 1, rectified: layer.name != "fc2"
            ) { _ in input }
        }
        let network = try VGGishNetwork(shape, values: Self.values)
        var found = [Float](repeating: .nan, count: shape.embedding)
        let scratch = VGGishNetwork.Scratch(network, maxBatch: 1)
        network.forward(patch, count: 1, scratch, &found, last: .none, .best)
        let scale = image.map(abs).max() ?? 0
        #expect(scale > 0.01 && image.count == 128)
        for (found, expected) in zip(found, image) { #expect(abs(Double(found) - expected) < 1e-5 * scale) }
    }

    @Test("A model file: described, computed in float32, refused in int8, as a classifier and for training")
    func file() throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path + "/vggish.safetensors"
        try Self.writeZeros(path)
        let registry = EngineRegistry.standard
        let model = try registry.describe(path)
        #expect(model.network == "vggish" && model.precision == "f32" && model.inputs == .mel && model.classes.isEmpty)
        #expect(model.embeddingSize == 128 && model.patchSize == Self.patch && model.chunk == 15_360)
        #expect(model.frontEnd == FrontEndPreset.vggish.frontEnd)
        func refusal(_ body: () throws -> Void) -> String {
            do { try body() } catch let error as ModelError { return error.description } catch { return "\(error)" }
            return "accepted"
        }
        #expect(
            refusal { _ = try registry.load(path, precision: .int8) }
                == "\(path): metadata 'architecture': 'vggish' is computed in float32 only: found precision 'int8', "
                + "expected 'auto' or 'float32'")
        #expect(refusal { _ = try NativeModel.load(path: path) }.contains("'vggish' gives embeddings only"))
        #expect(refusal { _ = try Int8Model.load(path: path) }.contains("'vggish' gives embeddings only"))
        #expect(
            refusal { try ModelQuantizer.quantize(from: path, to: path + ".int8") }.contains("computed in float32 only")
        )
        #expect(!FileManager.default.fileExists(atPath: path + ".int8"))
        let session = try registry.load(path).makeSession(maxBatch: 1)
        var (embeddings, none): ([Float], [Float]) = ([Float](repeating: .nan, count: 128), [])
        try session.forward(mel: Self.mel, wave: nil, count: 1, embeddings: &embeddings, scores: &none)
        #expect(embeddings.allSatisfy { $0 == 0 })
    }

    /// A model file of the released network whose weights are a hole in the file: it takes no space.
    private static func writeZeros(_ path: String) throws {
        var entries: [String] = []
        var end = 0
        for parameter in VGGishShape.standard.parameters {
            let start = end
            end += 4 * parameter.count
            entries.append(
                #""\#(parameter.name)":{"dtype":"F32","shape":\#(parameter.shape),"data_offsets":[\#(start),\#(end)]}"#)
        }
        let texts = String(decoding: try JSONEncoder().encode(metadata(.vggish, .google).texts()), as: UTF8.self)
        let header = Array(#"{"__metadata__":\#(texts),\#(entries.joined(separator: ","))}"#.utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try Data(length + header).write(to: URL(fileURLWithPath: path))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: UInt64(8 + header.count + end))
        try file.close()
    }
}
