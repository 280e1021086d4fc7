/// A foreign engine's shared library, opened: it runs graphs in formats such as ONNX or TensorFlow Lite.
package protocol ForeignEngine: Sendable {
    var kind: ForeignEngineKind { get }
    /// The version that the library itself states, such as `1.23.2`.
    var version: String { get }
    /// The absolute path of the shared library.
    var path: String { get }

    /// Reads a graph and prepares it for computing on one thread.
    ///
    /// - Throws: `ForeignEngineError` with the engine's own words if it cannot read the file.
    func load(_ path: String) throws -> any ForeignGraph
}

/// The foreign engines that this program can use.
package enum ForeignEngineKind: String, Sendable, CaseIterable {
    case onnxRuntime = "onnxruntime"
    case openVINO = "openvino"
    case liteRT = "litert"
}

/// A tensor that a foreign graph reads or writes.
package struct ForeignTensor: Sendable, Equatable {
    /// What a tensor's values are.
    package enum Element: String, Sendable {
        case float32, float16, int8, uint8, int16, int32, int64, bool
        /// A type that no graph run by this program has, such as text.
        case other
    }

    package let name: String
    package let element: Element
    /// The size of each dimension; nil where the graph leaves it open.
    package let shape: [Int?]

    package init(name: String, element: Element, shape: [Int?]) {
        self.name = name
        self.element = element
        self.shape = shape
    }
}

/// A graph that a foreign engine has read. It is shared by the runners of all workers.
package protocol ForeignGraph: Sendable {
    var inputs: [ForeignTensor] { get }
    var outputs: [ForeignTensor] { get }

    /// Makes a runner for one worker, which computes on the caller's thread.
    ///
    /// - Parameter inputShapes: the shape of each input, in the order of `inputs`, with nothing left open.
    /// - Throws: `ForeignEngineError` if the graph does not take inputs of these shapes.
    func makeRunner(inputShapes: [[Int]]) throws -> any ForeignRunner
}

/// One worker's use of a foreign graph; not to be shared between threads.
package protocol ForeignRunner: AnyObject {
    /// The shape of each output, in the order of the graph's `outputs`, for the runner's input shapes.
    var outputShapes: [[Int]] { get }

    /// Computes the graph once. It keeps none of the pointers after it returns, and converts from and to the graph's
    /// own types.
    ///
    /// - Parameters:
    ///   - inputs: one for each input, with as many values as its shape has.
    ///   - outputs: one for each output, with room for as many values as its shape has; nil for one that is not wanted.
    /// - Throws: `ForeignEngineError` with the engine's own words.
    func run(inputs: [UnsafePointer<Float>], outputs: [UnsafeMutablePointer<Float>?]) throws
}
