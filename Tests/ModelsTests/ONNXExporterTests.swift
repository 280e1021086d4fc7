import Features
import Foundation
import Models
import TestSupport
import Testing

/// ONNX files, read by the definition of their format.
struct ONNXExporterTests {
    /// Every form of every network.
    struct Form: CustomTestStringConvertible, Sendable {
        let architecture: Architecture
        let areIntegers: Bool
        let hasFrontEnd: Bool
        var testDescription: String {
            "\(architecture.rawValue)\(areIntegers ? " int8" : "")\(hasFrontEnd ? " with front-end" : "")"
        }

        static let all = Architecture.classifiers.flatMap { architecture in
            [false, true].flatMap { areIntegers in
                [false, true].map {
                    Form(architecture: architecture, areIntegers: areIntegers, hasFrontEnd: $0)
                }
            }
        }
    }

    /// A model file of formula weights; returns its path.
    private func model(
        _ architecture: Architecture, classes: Int = 3, in folder: String,
        change: (inout ModelMetadata, inout [String: [Float]]) -> Void = { _, _ in }
    ) throws -> String {
        let path = folder + "/\(architecture.rawValue).safetensors"
        var metadata = Seeded.metadata(architecture, classes: classes)
        var parameters = Seeded.parameters(architecture, classes: classes)
        change(&metadata, &parameters)
        try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: path)
        return path
    }

    @Test("Integers, texts and messages come back from an independent reader")
    func wireFormat() throws {
        let integers = [0, 1, 127, 128, 300, 16_383, 16_384, Int(UInt32.max), Int.max, -1, Int.min]
        let long = String(repeating: "ü", count: 200)
        var buffer = ProtocolBuffer()
        for value in integers { buffer.integer(3, value) }
        buffer.text(20, long)
        buffer.message(536_870_911) { inner in
            inner.text(1, "")
            inner.message(2) { $0.integer(1, 5) }
        }
        buffer.begin(4, count: 2)
        let message = try WireMessage((buffer.bytes + [7, 8])[...])
        #expect(message.fields.map(\.number) == Array(repeating: 3, count: integers.count) + [20, 536_870_911, 4])
        #expect(message.integers(3) == integers)
        #expect(message.texts(20) == [long])
        let inner = try #require(try message.messages(536_870_911).first)
        #expect(try inner.texts(1) == [""] && inner.messages(2).first?.integers(1) == [5])
        #expect(message.bytes(4).map(Array.init) == [[7, 8]])
        // The example in the format's documentation: 150 in field 1.
        var example = ProtocolBuffer()
        example.integer(1, 150)
        #expect(example.bytes == [0x08, 0x96, 0x01])
    }

    @Test(
        "A graph is whole: every value is made once, before it is read, and read; every constant has its bytes",
        arguments: Form.all)
    func graphIsWhole(form: Form) throws {
        try TemporaryFolder.with { folder in
            let (path, out) = (try model(form.architecture, in: folder), folder + "/m.onnx")
            let summary = try ONNXExporter.export(
                from: path, to: out, areIntegers: form.areIntegers, hasFrontEnd: form.hasFrontEnd)
            let file = try ONNXFile(path: out)
            #expect(file.format == 8 && file.operators == 15)
            #expect(summary.size == (try Data(contentsOf: URL(fileURLWithPath: out))).count)

            let sizes = [1: 4, 3: 1, 7: 8, 10: 2]
            for (name, tensor) in file.tensors {
                #expect(tensor.bytes.count == tensor.shape.reduce(sizes[tensor.type] ?? 0, *), "\(name)")
            }
            var known = Set(file.tensors.keys).union(file.inputs.map(\.name))
            #expect(known.count == file.tensors.count + file.inputs.count)
            var read = Set(file.outputs.map(\.name))
            for node in file.nodes {
                for input in node.inputs { #expect(known.contains(input), "\(node.operation) reads \(input)") }
                read.formUnion(node.inputs)
                for output in node.outputs { #expect(known.insert(output).inserted, "\(output) is made twice") }
            }
            #expect(known == read, "\(known.symmetricDifference(read).sorted())")

            let architecture = form.architecture
            var inputs: [String: [String]] = [:]
            if architecture.hasTrunk, !form.hasFrontEnd { inputs["mel"] = ["batch", "96", "64"] }
            if architecture.hasEncoder || form.hasFrontEnd { inputs["wave"] = ["batch", "16000"] }
            #expect(Dictionary(uniqueKeysWithValues: file.inputs.map { ($0.name, $0.shape) }) == inputs)
            #expect(file.outputs.map(\.name) == ["scores", "embeddings"])
            #expect(file.outputs.map(\.shape) == [["batch", "3"], ["batch", "\(architecture.headInputs)"]])
            #expect(summary.outputs == ["scores (batch, 3)", "embeddings (batch, \(architecture.headInputs))"])
        }
    }

    @Test("Every parameter is in the file once, as integers where those are asked for", arguments: Form.all)
    func parametersAreThere(form: Form) throws {
        try TemporaryFolder.with { folder in
            let (path, out) = (try model(form.architecture, in: folder), folder + "/m.onnx")
            _ = try ONNXExporter.export(
                from: path, to: out, areIntegers: form.areIntegers, hasFrontEnd: form.hasFrontEnd)
            let file = try ONNXFile(path: out)
            let layout = ParameterLayout(architecture: form.architecture, classes: 3)
            let matrices = layout.parameters.filter { $0.shape.count == 2 }
            let weights = file.tensors.filter { ($0.key.hasSuffix("/w") || $0.key.hasSuffix("/u")) }
                .filter { !$0.key.hasPrefix("spectrum/") && $0.key != "bands/w" }
            let found = weights.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
            #expect(found == matrices.reduce(0) { $0 + $1.count })
            #expect(weights.values.allSatisfy { $0.type == (form.areIntegers ? 3 : 1) })
            let biases = file.tensors.filter { $0.key.hasSuffix("/b") }.values
            #expect(biases.reduce(0) { $0 + $1.floats.count } + found == layout.count)
        }
    }

    @Test("Weights are transposed for convolutions, and the gates of an LSTM are in ONNX's order")
    func weightOrder() throws {
        try TemporaryFolder.with { folder in
            let (path, out) = (try model(.lean, in: folder), folder + "/m.onnx")
            _ = try ONNXExporter.export(from: path, to: out, areIntegers: false)
            let file = try ONNXFile(path: out)
            let parameters = Seeded.parameters(.lean, classes: 3)
            let depthwise = try #require(file.tensors["dw2/w"])
            #expect(depthwise.shape == [64, 1, 3, 3])
            for (channel, tap) in [(0, 0), (5, 7), (63, 8)] {
                #expect(depthwise.floats[channel * 9 + tap] == parameters["dw2/w"]?[tap * 64 + channel])
            }
            let pointwise = try #require(file.tensors["pw2/w"])
            #expect(pointwise.shape == [128, 64, 1, 1])
            for (output, input) in [(0, 1), (100, 63)] {
                #expect(pointwise.floats[output * 64 + input] == parameters["pw2/w"]?[input * 128 + output])
            }
            #expect(file.tensors["head/w"]?.floats == parameters["head/w"])
            let lstm = try #require(file.tensors["encoder2/w"])
            #expect(lstm.shape == [2, 512, 256])
            let bias = try #require(file.tensors["encoder2/b"])
            // Input, output, forget, cell; this program has input, forget, cell, output.
            for (direction, name) in ["forward", "backward"].enumerated() {
                for (gate, own) in [0, 3, 1, 2].enumerated() {
                    let (row, column) = (gate * 128 + 17, own * 128 + 17)
                    let expected = parameters["encoder2/\(name)/w"]?[9 * 512 + column]
                    #expect(lstm.floats[(direction * 512 + row) * 256 + 9] == expected)
                    #expect(bias.floats[direction * 512 + row] == parameters["encoder2/\(name)/b"]?[column])
                }
            }
        }
    }

    @Test("Zeros around an image are TensorFlow's: with stride 2 only below and to the right")
    func padding() throws {
        try TemporaryFolder.with { folder in
            let (path, out) = (try model(.yamnet, in: folder), folder + "/m.onnx")
            _ = try ONNXExporter.export(from: path, to: out, areIntegers: false)
            for node in try ONNXFile(path: out).nodes where node.operation == "Conv" {
                let isPointwise = node.integers["kernel_shape"] == [1, 1]
                let isStepping = node.integers["strides"] == [2, 2]
                let expected = isPointwise ? [0, 0, 0, 0] : isStepping ? [0, 0, 1, 1] : [1, 1, 1, 1]
                #expect(node.integers["pads"] == expected, "\(node.outputs)")
            }
        }
    }

    @Test("The same model gives the same bytes, and its texts are those of the model's file")
    func texts() throws {
        try TemporaryFolder.with { folder in
            let path = try model(.lean, in: folder) { metadata, _ in
                metadata.thresholds = ["Class 1": 0.25]
                metadata.activationRanges = ["pw3": 2.5]
            }
            for areIntegers in [false, true] {
                for name in ["a", "b"] {
                    _ = try ONNXExporter.export(from: path, to: folder + "/" + name, areIntegers: areIntegers)
                }
                let bytes = try ["a", "b"].map { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)) }
                #expect(bytes[0] == bytes[1])
                let texts = try ONNXFile(path: folder + "/a").texts
                let own = try ModelFile(path: path)
                for key in ["architecture", "classes", "class_ids", "front_end", "licence", "source", "thresholds"] {
                    #expect(texts[key] != nil && texts[key] == own.texts[key], "\(key)")
                }
                #expect(texts["normalization"] == "chunk-mean")
                #expect(texts["activation_ranges"] == (areIntegers ? #"{"pw3":2.5}"# : nil))
                #expect(texts["precision"] == (areIntegers ? "int8" : "float32"))
                #expect(texts["model"] == (try ModelDigest.ofScores(path)))
                #expect(texts["front_end_text"]?.contains("FFT 512, 64 bands 125.0-7500.0 Hz, ln(mel + 0.001)") == true)
            }
        }
    }

    @Test("Calibrated ranges and outputs without weights have scales that a runtime can divide by")
    func scales() throws {
        try TemporaryFolder.with { folder in
            let path = try model(.yamnet, in: folder) { metadata, parameters in
                metadata.activationRanges = ["pw3": 2.5]
                // The weights of channel 5, all 0.
                for tap in 0..<9 { parameters["dw2/w"]?[tap * 64 + 5] = 0 }
            }
            _ = try ONNXExporter.export(from: path, to: folder + "/m.onnx", areIntegers: true)
            let file = try ONNXFile(path: folder + "/m.onnx")
            #expect(file.tensors["pw3/scale"]?.floats == [2.5 / 255])
            #expect(file.tensors["pw4/scale"]?.floats == [6.0 / 255])
            let scales = try #require(file.tensors["dw2/w/scale"])
            #expect(scales.shape == [64] && scales.type == 10)
            let bits = UInt16(scales.bytes[10]) | UInt16(scales.bytes[11]) << 8
            #expect(Float16(bitPattern: bits) == 0x1p-20)
        }
    }

    @Test("LEAN at 200 classes is at most 4.6 MB in integers")
    func size() throws {
        try TemporaryFolder.with { folder in
            let path = try model(.lean, classes: 200, in: folder) { metadata, _ in
                metadata.classes = (0..<200).map { "A_class_name_of_some_length_\($0)" }
            }
            let summary = try ONNXExporter.export(from: path, to: folder + "/m.onnx", areIntegers: true)
            #expect(summary.size <= 4_600_000, "\(summary.size)")
        }
    }

    @Test("A front-end that no graph has, a damaged model and another program's file are refused in one line")
    func refusals() throws {
        try TemporaryFolder.with { folder in
            let path = try model(.yamnet, in: folder) { metadata, _ in metadata.frontEnd.spectrum = .power }
            let out = folder + "/m.onnx"
            let said = message {
                _ = try ONNXExporter.export(from: path, to: out, areIntegers: false, hasFrontEnd: true)
            }
            #expect(said?.contains("metadata 'front_end': found '16000 Hz") == true, "\(said ?? "")")
            _ = try ONNXExporter.export(from: path, to: out, areIntegers: false)
            let again = message { _ = try ONNXExporter.export(from: out, to: folder + "/n", areIntegers: false) }
            #expect(again?.contains("an ONNX file, expected an Earmark model file") == true, "\(again ?? "")")
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            bytes[bytes.count - 1] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let damaged = message { _ = try ONNXExporter.export(from: path, to: folder + "/n", areIntegers: false) }
            #expect(damaged?.contains("the file is not what was written") == true, "\(damaged ?? "")")
            #expect(!FileManager.default.fileExists(atPath: folder + "/n"))
        }
    }
}
