import Engines

/// A foreign engine without a library: its one graph is a closure.
package struct FakeForeignEngine: ForeignEngine {
    package let kind = ForeignEngineKind.onnxRuntime
    package let version = "1.2.3"
    package let path = "/fake/libengine.so"
    private let graph: FakeGraph

    package init(_ graph: FakeGraph) { self.graph = graph }

    package func load(_ path: String) throws -> any ForeignGraph { graph }
}

/// A graph with one input that a closure computes.
package struct FakeGraph: ForeignGraph {
    package var inputs: [ForeignTensor]
    package var outputs: [ForeignTensor]
    /// The outputs' shapes for an input's shape.
    package var shapes: @Sendable (_ input: [Int]) -> [[Int]]
    /// The outputs' values for an input's values and shape.
    package var compute: @Sendable (_ input: [Float], _ shape: [Int]) throws -> [[Float]]

    /// - Parameters:
    ///   - input: its shape.
    ///   - outputs: their names and the shape of each for an input's shape.
    package init(
        input: [Int?], outputs: [String], shapes: @escaping @Sendable ([Int]) -> [[Int]],
        compute: @escaping @Sendable ([Float], [Int]) throws -> [[Float]]
    ) {
        inputs = [ForeignTensor(name: "in", element: .float32, shape: input)]
        self.outputs = outputs.map { ForeignTensor(name: $0, element: .float32, shape: []) }
        self.shapes = shapes
        self.compute = compute
    }

    package func makeRunner(inputShapes: [[Int]]) throws -> any ForeignRunner {
        Runner(graph: self, shape: inputShapes[0])
    }

    private final class Runner: ForeignRunner {
        private let graph: FakeGraph
        private let shape: [Int]
        let outputShapes: [[Int]]

        init(graph: FakeGraph, shape: [Int]) {
            self.graph = graph
            self.shape = shape
            outputShapes = graph.shapes(shape)
        }

        func run(inputs: [UnsafePointer<Float>], outputs: [UnsafeMutablePointer<Float>?]) throws {
            let count = shape.reduce(1, *)
            let values = try graph.compute(Array(UnsafeBufferPointer(start: inputs[0], count: count)), shape)
            for (output, found) in zip(outputs, values) {
                guard let output else { continue }
                for (place, value) in found.enumerated() { output[place] = value }
            }
        }
    }
}

/// A model card with its file, an ONNX file of nothing but its producer's name, which a fake engine does not look at.
package enum CardFixture {
    package static let bytes: [UInt8] = [0x12, 13] + Array("not looked at".utf8)
    package static let sha256 = "ed0035f363b911ac1c4982a5fcb7ab2ef3ab4091927becf42cf3ea72023a6738"

    /// The card's text.
    package static func yaml(
        input: String, outputs: String, classes: String? = "[a, b, c]", sha256: String = CardFixture.sha256,
        more: String = ""
    ) -> String {
        """
        card: 1
        name: fake
        file: net.onnx
        sha256: \(sha256)
        licence: CC0-1.0
        input: {\(input)}
        outputs: {\(outputs)}
        \(classes.map { "classes: \($0)" } ?? "")
        \(more)
        """
    }
}
