/// A constant of an ONNX graph. Its values are made only when they are written, so that no more than one tensor is in
/// memory at a time.
struct ONNXTensor {
    /// Element types by their numbers in the format (`TensorProto.DataType`).
    enum Element: Int {
        case float = 1
        case int8 = 3
        case int64 = 7
        case half = 10

        /// Size in bytes.
        var size: Int {
            switch self {
            case .int8: 1
            case .half: 2
            case .float: 4
            case .int64: 8
            }
        }
    }

    let name: String
    let element: Element
    /// Row-major; empty for a single value.
    let shape: [Int]
    /// Little-endian.
    let bytes: () throws -> [UInt8]

    /// Number of bytes of the values.
    var count: Int { shape.reduce(element.size, *) }

    /// The fields of the format's `TensorProto` up to and including the length of the values.
    var head: ProtocolBuffer {
        var message = ProtocolBuffer()
        for size in shape { message.integer(1, size) }
        message.integer(2, element.rawValue)
        message.text(8, name)
        message.begin(9, count: count)
        return message
    }

    /// A constant in single precision.
    ///
    /// - Parameter values: as many as the shape has.
    init(_ name: String, _ shape: [Int], floats values: @escaping () throws -> [Float]) {
        self.init(name, .float, shape) { try values().withUnsafeBytes { Array($0) } }
    }

    /// A constant of integers, such as a shape.
    init(_ name: String, integers: [Int]) {
        self.init(name, .int64, [integers.count]) {
            integers.flatMap { withUnsafeBytes(of: Int64($0).littleEndian) { Array($0) } }
        }
    }

    /// - Parameters:
    ///   - shape: row-major.
    ///   - bytes: little-endian, as many as type and shape require.
    init(_ name: String, _ element: Element, _ shape: [Int], _ bytes: @escaping () throws -> [UInt8]) {
        self.name = name
        self.element = element
        self.shape = shape
        self.bytes = bytes
    }
}
