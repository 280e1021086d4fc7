/// The parameters of a model file as constants of an ONNX graph: in single precision, or as 8-bit integers that the
/// graph multiplies by a scale for each output.
struct ONNXWeights {
    let file: ModelFile
    /// Whether weight matrices are written as integers.
    let areIntegers: Bool

    /// The scale of an output whose weights are all 0. Runtimes divide biases by scales, and with the 0 of a model file
    /// ONNX Runtime loses the bias.
    private static let scaleOfZeros: Float = 0x1p-20

    /// The order of the columns of a matrix, as the rows of its transpose.
    enum Order {
        case same
        /// From the gates of this program (input, forget, cell, output) to those of ONNX (input, output, forget, cell).
        case gates

        /// The column that becomes this row.
        func column(of row: Int, columns: Int) -> Int {
            switch self {
            case .same: row
            case .gates: [0, 3, 1, 2][row / (columns / 4)] * (columns / 4) + row % (columns / 4)
            }
        }
    }

    /// Adds a bias, or several end to end, and returns its name.
    ///
    /// - Parameters:
    ///   - name: of the constant.
    ///   - parts: the parameters' names.
    ///   - shape: of all parts together.
    func bias(
        _ name: String, of parts: [String], shape: [Int], order: Order = .same, in graph: inout ONNXGraph
    ) -> String {
        graph.constant(
            ONNXTensor(name, shape) {
                try parts.flatMap { Self.rows(try file.floats(parameter($0)), columns: parameter($0).count, order) }
            })
    }

    /// Adds a matrix as it is, (inputs, outputs), and returns the name of its values in single precision.
    func matrix(_ name: String, in graph: inout ONNXGraph) throws -> String {
        let parameter = parameter(name)
        guard areIntegers else {
            return graph.constant(ONNXTensor(name, parameter.shape) { try file.floats(parameter) })
        }
        graph.constant(
            ONNXTensor(name, .int8, parameter.shape) { Self.bytes(try file.quantized(parameter).integers) })
        let scales = try file.quantized(parameter).scales
        return dequantized(name, scales: scales, axis: 1, in: &graph)
    }

    /// Adds the transpose of a matrix (inputs, outputs), or of several below one another, and returns the name of its
    /// values in single precision.
    ///
    /// - Parameters:
    ///   - name: of the constant.
    ///   - parts: the parameters' names.
    ///   - shape: of all parts together; the first dimension is that of the outputs.
    func transposed(
        _ name: String, of parts: [String], shape: [Int], order: Order = .same, in graph: inout ONNXGraph
    ) throws -> String {
        func arranged<Value>(_ values: (ParameterShape) throws -> [Value]) throws -> [Value] {
            try parts.flatMap { part in
                let parameter = parameter(part)
                return Self.rows(try values(parameter), columns: parameter.shape[1], order)
            }
        }
        guard areIntegers else {
            return graph.constant(ONNXTensor(name, shape) { try arranged { try file.floats($0) } })
        }
        graph.constant(
            ONNXTensor(name, .int8, shape) { Self.bytes(try arranged { try file.quantized($0).integers }) })
        let scales = try parts.flatMap { part in
            let scales = try file.quantized(parameter(part)).scales
            return Self.rows(scales, columns: scales.count, order)
        }
        return dequantized(name, scales: scales, axis: 0, in: &graph)
    }

    /// Multiplies integers by their scales, which are stored as `ModelQuantizer` stores them: in half precision if that
    /// is exact.
    private func dequantized(
        _ name: String, scales: [Float], axis: Int, in graph: inout ONNXGraph
    ) -> String {
        let positive = scales.map { $0 == 0 ? Self.scaleOfZeros : $0 }
        var scale = name + ModelFile.scaleSuffix
        if let halves = ModelQuantizer.halves(positive) {
            graph.constant(ONNXTensor(scale, .half, [positive.count]) { halves })
            // `DequantizeLinear` makes single precision only of scales in single precision.
            scale = graph.add(
                "Cast", [scale], to: scale + "/float", ["to": .integer(ONNXTensor.Element.float.rawValue)])
        } else {
            graph.constant(ONNXTensor(scale, [positive.count]) { positive })
        }
        return graph.add("DequantizeLinear", [name, scale], to: name + "/float", ["axis": .integer(axis)])
    }

    private func parameter(_ name: String) -> ParameterShape {
        guard let parameter = file.layout[name] else { preconditionFailure("parameter \(name) is not of its layout") }
        return parameter
    }

    /// The transpose of a matrix (rows, columns), row-major, with its rows in another order.
    private static func rows<Value>(_ values: [Value], columns: Int, _ order: Order) -> [Value] {
        let rows = values.count / columns
        return [Value](unsafeUninitializedCapacity: values.count) { target, filled in
            for row in 0..<columns {
                let column = order.column(of: row, columns: columns)
                for place in 0..<rows {
                    target.initializeElement(at: row * rows + place, to: values[place * columns + column])
                }
            }
            filled = values.count
        }
    }

    private static func bytes(_ integers: [Int8]) -> [UInt8] { integers.map { UInt8(bitPattern: $0) } }
}
