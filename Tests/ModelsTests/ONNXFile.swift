import Foundation
import Testing

/// An ONNX file as a test reads it, by the field numbers of onnx.proto.
struct ONNXFile {
    struct Tensor {
        let shape: [Int]
        let type: Int
        let bytes: [UInt8]

        /// Values of type FLOAT.
        var floats: [Float] {
            bytes.withUnsafeBytes { raw in
                (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
        }
    }

    struct Node {
        let operation: String
        let inputs: [String]
        let outputs: [String]
        /// Settings that are integers, by name.
        let integers: [String: [Int]]
    }

    let format: Int
    let operators: Int
    let nodes: [Node]
    let tensors: [String: Tensor]
    /// Shapes by name, in the file's order; a dimension that is open is its name.
    let inputs: [(name: String, shape: [String])]
    let outputs: [(name: String, shape: [String])]
    let texts: [String: String]

    /// - Throws: where the file cannot be read or is no ONNX file.
    init(path: String) throws {
        let model = try WireMessage([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))[...])
        format = try #require(model.integers(1).first)
        operators = try #require(try model.messages(8).first?.integers(2).first)
        texts = Dictionary(
            uniqueKeysWithValues: try model.messages(14).map { ($0.texts(1)[0], $0.texts(2)[0]) })
        let graph = try #require(try model.messages(7).first)
        nodes = try graph.messages(1).map { node in
            var integers: [String: [Int]] = [:]
            for attribute in try node.messages(5) {
                integers[attribute.texts(1)[0]] = attribute.integers(3) + attribute.integers(8)
            }
            return Node(
                operation: node.texts(4)[0], inputs: node.texts(1), outputs: node.texts(2), integers: integers)
        }
        var tensors: [String: Tensor] = [:]
        for tensor in try graph.messages(5) {
            let name = tensor.texts(8)[0]
            #expect(tensors[name] == nil, "\(name) is there twice")
            tensors[name] = Tensor(
                shape: tensor.integers(1), type: tensor.integers(2)[0], bytes: Array(tensor.bytes(9).first ?? []))
        }
        self.tensors = tensors
        func values(_ field: Int) throws -> [(name: String, shape: [String])] {
            try graph.messages(field).map { value in
                let type = try #require(try value.messages(2).first?.messages(1).first)
                let sizes = try #require(try type.messages(2).first).messages(1)
                return (value.texts(1)[0], sizes.map { $0.texts(2).first ?? "\($0.integers(1)[0])" })
            }
        }
        inputs = try values(11)
        outputs = try values(12)
    }
}
