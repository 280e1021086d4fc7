import Wording

/// The needed parts of a TensorFlow Lite file: the first subgraph's operators and constant tensors.
///
/// Field numbers are those of TensorFlow Lite's `schema.fbs`.
struct TFLiteGraph {
    /// The operators that YAMNet's trunk and classifier are made of, by their numbers in the schema.
    enum Kind: Int32 {
        case convolution = 3
        case depthwise = 4
        case fullyConnected = 9
        case mean = 40
    }

    struct Operation {
        /// nil for operators of other kinds.
        let kind: Kind?
        let inputs: [Int32]
        let outputs: [Int32]
        /// (height, width) of a convolution's strides; empty for other operators.
        let strides: [Int32]
    }

    /// A constant tensor, dequantised.
    struct Constant {
        let shape: [Int]
        let values: [Float]
    }

    let operations: [Operation]
    private let buffer: FlatBuffer
    private let tensors: [FlatBuffer.Table]
    private let buffers: [FlatBuffer.Table]

    /// - Throws: `FlatBuffer.Malformed` if a table or vector leads out of the file, or if there is no subgraph.
    init(_ buffer: FlatBuffer) throws {
        self.buffer = buffer
        let root = try buffer.root()
        let codes = try buffer.tables(root, 1).map { code in
            // Files from before schema 3a have the operator's number in an 8-bit field only.
            max(
                Int32(try buffer.integer(code, 0, default: Int8(0))), try buffer.integer(code, 3, default: Int32(0)))
        }
        guard let graph = try buffer.tables(root, 2).first else { throw FlatBuffer.Malformed(offset: 0) }
        buffers = try buffer.tables(root, 4)
        tensors = try buffer.tables(graph, 0)
        operations = try buffer.tables(graph, 3).map { table in
            let code = Int(try buffer.integer(table, 0, default: UInt32(0)))
            let kind = codes.indices.contains(code) ? Kind(rawValue: codes[code]) : nil
            var strides: [Int32] = []
            if kind == .convolution || kind == .depthwise, let options = try buffer.table(table, 4) {
                strides = [
                    try buffer.integer(options, 2, default: Int32(0)),
                    try buffer.integer(options, 1, default: Int32(0)),
                ]
            }
            return Operation(
                kind: kind, inputs: try buffer.integers(table, 1, as: Int32.self),
                outputs: try buffer.integers(table, 2, as: Int32.self), strides: strides)
        }
    }

    /// Reads a constant tensor. An integer q becomes (q - zero point) x scale, computed in double precision and rounded
    /// to float.
    ///
    /// - Throws: `TFLiteError` if the tensor is not a sound constant of type int8, int32 or float32;
    ///   `FlatBuffer.Malformed` if it leads out of the file.
    func constant(_ index: Int32) throws -> Constant {
        guard index >= 0, Int(index) < tensors.count else { throw TFLiteError("not in the file", tensor: index) }
        func wrong(_ reason: String) -> TFLiteError { TFLiteError(reason, tensor: index) }
        let tensor = tensors[Int(index)]
        let shape = try buffer.integers(tensor, 0, as: Int32.self).map(Int.init)
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard size > 0, !overflow else { throw wrong("shape \(shape.prefix(8)) is impossible") }
            count = product
        }
        let place = Int(try buffer.integer(tensor, 2, default: UInt32(0)))
        guard buffers.indices.contains(place) else { throw wrong("buffer \(place) is not in the file") }
        let data = try buffer.data(buffers[place], 0)
        let type = try buffer.integer(tensor, 1, default: UInt8(0))
        let sizes: [UInt8: Int] = [0: 4, 2: 4, 9: 1]
        guard let size = sizes[type] else { throw wrong("type \(type); expected int8, int32 or float32") }
        guard data.count / size == count, data.count % size == 0 else {
            throw wrong("\(counted(data.count, "byte")) for shape \(shape.prefix(8)) of \(size)-byte elements")
        }
        if type == 0 {
            return Constant(shape: shape, values: TensorType.f32.floats(data))
        }
        let scale = try quantization(tensor, shape: shape, wrong)
        let values = (0..<count).map { i in
            let q =
                type == 9
                ? Double(data.loadUnaligned(fromByteOffset: i, as: Int8.self))
                : Double(Int32(littleEndian: data.loadUnaligned(fromByteOffset: 4 * i, as: Int32.self)))
            let channel = i / scale.step % scale.scales.count
            return Float((q - scale.zeros[channel]) * scale.scales[channel])
        }
        return Constant(shape: shape, values: values)
    }

    private struct Quantization {
        let scales: [Double]
        let zeros: [Double]
        /// Elements between neighbours along the quantised axis.
        let step: Int
    }

    private func quantization(
        _ tensor: FlatBuffer.Table, shape: [Int], _ wrong: (String) -> TFLiteError
    ) throws -> Quantization {
        guard let table = try buffer.table(tensor, 4) else { throw wrong("has no quantisation") }
        let scales = try buffer.integers(table, 2, as: UInt32.self).map { Double(Float(bitPattern: $0)) }
        let zeros = try buffer.integers(table, 3, as: Int64.self).map(Double.init)
        guard !scales.isEmpty, scales.allSatisfy({ $0.isFinite }), zeros.count == scales.count else {
            throw wrong("\(counted(scales.count, "scale")) and \(counted(zeros.count, "zero point"))")
        }
        guard scales.count > 1 else { return Quantization(scales: scales, zeros: zeros, step: 1) }
        let axis = Int(try buffer.integer(table, 6, default: Int32(0)))
        guard shape.indices.contains(axis), shape[axis] == scales.count else {
            throw wrong("\(counted(scales.count, "scale")) along axis \(axis) of shape \(shape.prefix(8))")
        }
        return Quantization(scales: scales, zeros: zeros, step: shape[(axis + 1)...].reduce(1, *))
    }
}
