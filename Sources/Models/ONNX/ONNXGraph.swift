/// A graph of ONNX operators while it is built, in the order in which they are computed.
struct ONNXGraph {
    /// A setting of an operator. Kinds by their numbers in the format (`AttributeProto.AttributeType`).
    enum Attribute {
        case integer(Int)
        case integers([Int])
        case text(String)

        func message(_ name: String) -> ProtocolBuffer {
            var message = ProtocolBuffer()
            message.text(1, name)
            switch self {
            case .integer(let value):
                message.integer(3, value)
                message.integer(20, 2)
            case .integers(let values):
                for value in values { message.integer(8, value) }
                message.integer(20, 7)
            case .text(let value):
                message.text(4, value)
                message.integer(20, 3)
            }
            return message
        }
    }

    /// An input or output of the graph, in single precision. Its first dimension, which is not in `shape`, is the number
    /// of chunks, and is left open.
    struct Value {
        let name: String
        /// Of one chunk, row-major.
        let shape: [Int]
        /// What it is: units and order.
        let meaning: String

        /// The format's `ValueInfoProto`.
        var message: ProtocolBuffer {
            var message = ProtocolBuffer()
            message.text(1, name)
            message.message(2) { type in
                type.message(1) { tensor in
                    tensor.integer(1, ONNXTensor.Element.float.rawValue)
                    tensor.message(2) { whole in
                        whole.message(1) { $0.text(2, "batch") }
                        for size in shape { whole.message(1) { $0.integer(1, size) } }
                    }
                }
            }
            message.text(3, meaning)
            return message
        }
    }

    private(set) var nodes = ProtocolBuffer()
    private(set) var tensors: [ONNXTensor] = []
    private(set) var inputs: [Value] = []
    private(set) var outputs: [Value] = []

    /// Adds an operator with one output, which also names it.
    ///
    /// - Parameters:
    ///   - inputs: names of values; an empty name stands for an optional one that is left out.
    ///   - attributes: in the order in which they are written.
    /// - Returns: the output's name.
    @discardableResult
    mutating func add(
        _ operation: String, _ inputs: [String], to output: String, _ attributes: KeyValuePairs<String, Attribute> = [:]
    ) -> String {
        nodes.message(1) { node in
            for input in inputs { node.text(1, input) }
            node.text(2, output)
            node.text(3, output)
            node.text(4, operation)
            for (name, value) in attributes { node.message(5, value.message(name)) }
        }
        return output
    }

    /// Adds a constant, and returns its name. One that several operators read is added by the first of them.
    @discardableResult
    mutating func constant(_ tensor: ONNXTensor) -> String {
        if !tensors.contains(where: { $0.name == tensor.name }) { tensors.append(tensor) }
        return tensor.name
    }

    /// Adds a constant of integers that is named by its values, such as a shape.
    mutating func integers(_ values: [Int]) -> String {
        constant(ONNXTensor("ints/" + values.map(String.init).joined(separator: ","), integers: values))
    }

    /// Adds a single number in single precision.
    mutating func number(_ name: String, _ value: Float) -> String {
        constant(ONNXTensor(name, []) { [value] })
    }

    mutating func input(_ value: Value) { inputs.append(value) }

    mutating func output(_ value: Value) { outputs.append(value) }
}
