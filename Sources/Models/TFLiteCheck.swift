/// Checks the structure of a TensorFlow Lite file before an engine reads it: engines follow its offsets and indexes as
/// they stand, so that one wrong bit crashes the process.
///
/// Field numbers are those of TensorFlow Lite's `schema.fbs`. The options of single operators are checked only as tables.
package enum TFLiteCheck {
    /// The most values of a tensor, constant or not.
    private static let mostValues = 1 << 28

    /// Checks everything that leads from one part of the file to another.
    ///
    /// - Returns: the shape of every tensor by name (of several tensors of one name, the first), with nil for a dimension
    ///   that is left open: it is -1 in the tensor's shape signature, while its shape says 1.
    /// - Throws: `ModelError` with the byte at which the file is not sound.
    package static func run(_ bytes: UnsafeRawBufferPointer, of path: String) throws -> [String: [Int?]] {
        do {
            return try Reader(buffer: FlatBuffer(bytes: bytes)).check()
        } catch let error as FlatBuffer.Malformed {
            throw ModelError.byte(path: path, byte: error.offset, reason: "a table or list leads out of the file")
        } catch let error as Fault {
            throw ModelError.byte(path: path, byte: error.byte, reason: error.reason)
        }
    }

    /// What is wrong, and where.
    private struct Fault: Error {
        let byte: Int
        let reason: String

        init(_ table: FlatBuffer.Table, _ reason: String) {
            byte = table.start
            self.reason = reason
        }
    }

    private struct Reader {
        let buffer: FlatBuffer

        func check() throws -> [String: [Int?]] {
            let root = try buffer.root()
            guard buffer.identifier == "TFL3" else {
                throw Fault(root, "found no mark of TensorFlow Lite, expected 'TFL3'")
            }
            let version = try buffer.integer(root, 0, default: UInt32(0))
            guard version == 3 else { throw Fault(root, "found version \(version), expected 3") }
            // They are read from other files, of any path, and would not be part of what identifies the model.
            for list in [8, 9] where try buffer.has(root, list) {
                guard try buffer.tables(root, list).isEmpty else {
                    throw Fault(root, "keeps values of tensors in other files, expected all in this one")
                }
            }
            let codes = try buffer.tables(root, 1)
            for code in codes { _ = (try buffer.text(code, 1), try buffer.integer(code, 3, default: Int32(0))) }
            let buffers = try buffer.tables(root, 4)
            let sizes = try buffers.map(dataSize)
            _ = (try buffer.text(root, 3), try buffer.integers(root, 5, as: Int32.self))
            for entry in try buffer.tables(root, 6) {
                _ = try buffer.text(entry, 0)
                try require(Int(buffer.integer(entry, 1, default: UInt32(0))), below: buffers.count, "buffer", entry)
            }
            let graphs = try buffer.tables(root, 2)
            guard !graphs.isEmpty else { throw Fault(root, "found no graph, expected at least one") }
            var shapes: [String: [Int?]] = [:]
            let counts = try graphs.map { graph in
                let tensors = try buffer.tables(graph, 0)
                for tensor in tensors {
                    let shape = try shape(of: tensor, sizes)
                    let name = try buffer.text(tensor, 3)
                    if shapes[name] == nil { shapes[name] = shape }
                }
                _ = try buffer.text(graph, 4)
                for list in [1, 2] {
                    try requireTensors(graph, list, least: 0, count: tensors.count)
                }
                for operation in try buffer.tables(graph, 3) {
                    try checkOperation(operation, codes: codes.count, tensors: tensors.count)
                }
                return tensors.count
            }
            try checkSignatures(root, counts)
            return shapes
        }

        /// The number of bytes of a constant, which may lie behind the tables.
        private func dataSize(_ table: FlatBuffer.Table) throws -> Int {
            let inside = try buffer.data(table, 0).count
            let start = try buffer.integer(table, 1, default: UInt64(0))
            let size = try buffer.integer(table, 2, default: UInt64(0))
            let (end, isTooLarge) = start.addingReportingOverflow(size)
            guard !isTooLarge, end <= UInt64(buffer.bytes.count) else {
                throw Fault(table, "its data is not in the file")
            }
            return inside > 0 ? inside : Int(size)
        }

        private func shape(of tensor: FlatBuffer.Table, _ sizes: [Int]) throws -> [Int?] {
            let shape = try buffer.integers(tensor, 0, as: Int32.self).map { Int($0) }
            var count = 1
            for size in shape {
                let (product, isTooLarge) = count.multipliedReportingOverflow(by: size)
                guard size >= 0, !isTooLarge, product <= TFLiteCheck.mostValues else {
                    throw Fault(
                        tensor, "found the shape \(shape.prefix(8)), expected at most \(TFLiteCheck.mostValues) values")
                }
                count = product
            }
            let type = try buffer.integer(tensor, 1, default: UInt8(0))
            guard type <= Self.lastType else { throw Fault(tensor, "found the type \(type), which is not known") }
            let place = Int(try buffer.integer(tensor, 2, default: UInt32(0)))
            try require(place, below: sizes.count, "buffer", tensor)
            if sizes[place] > 0, let size = Self.typeSizes[type], sizes[place] != count * size {
                throw Fault(
                    tensor, "found \(sizes[place]) bytes of data, expected \(count * size) for its shape and type")
            }
            if let quantization = try buffer.table(tensor, 4) { try check(quantization, shape, tensor) }
            guard try !buffer.has(tensor, 6) else { throw Fault(tensor, "is sparse, expected a dense tensor") }
            let signature = try buffer.integers(tensor, 7, as: Int32.self)
            guard signature.isEmpty || signature.count == shape.count else {
                throw Fault(tensor, "found a signature of \(signature.count) dimensions, expected \(shape.count)")
            }
            return shape.indices.map { signature.isEmpty || signature[$0] != -1 ? shape[$0] : nil }
        }

        private func check(_ quantization: FlatBuffer.Table, _ shape: [Int], _ tensor: FlatBuffer.Table) throws {
            for list in [0, 1] { _ = try buffer.integers(quantization, list, as: UInt32.self) }
            let scales = try buffer.integers(quantization, 2, as: UInt32.self).count
            let zeros = try buffer.integers(quantization, 3, as: Int64.self).count
            _ = try buffer.table(quantization, 5)
            let axis = Int(try buffer.integer(quantization, 6, default: Int32(0)))
            guard scales < 2 || shape.indices.contains(axis) && shape[axis] == scales, zeros == 0 || zeros == scales
            else {
                throw Fault(
                    tensor, "found \(scales) scales and \(zeros) zero points along axis \(axis) of \(shape.prefix(8))")
            }
        }

        private func checkOperation(_ operation: FlatBuffer.Table, codes: Int, tensors: Int) throws {
            try require(Int(buffer.integer(operation, 0, default: UInt32(0))), below: codes, "operator", operation)
            // An input that is left out is -1.
            for (list, least) in [(1, -1), (2, 0), (8, -1)] {
                try requireTensors(operation, list, least: least, count: tensors)
            }
            let kind = try buffer.integer(operation, 3, default: UInt8(0))
            if let options = try buffer.table(operation, 4), Self.optionsWithList.contains(kind) {
                _ = try buffer.integers(options, 0, as: Int32.self)
            }
            for list in [5, 7] { _ = try buffer.data(operation, list) }
        }

        private func checkSignatures(_ root: FlatBuffer.Table, _ counts: [Int]) throws {
            for signature in try buffer.tables(root, 7) {
                let graph = Int(try buffer.integer(signature, 4, default: UInt32(0)))
                try require(graph, below: counts.count, "graph", signature)
                for list in [0, 1] {
                    for entry in try buffer.tables(signature, list) {
                        _ = try buffer.text(entry, 0)
                        let tensor = Int(try buffer.integer(entry, 1, default: UInt32(0)))
                        try require(tensor, below: counts[graph], "tensor", entry)
                    }
                }
                _ = try buffer.text(signature, 2)
            }
        }

        private func requireTensors(_ table: FlatBuffer.Table, _ field: Int, least: Int, count: Int) throws {
            for index in try buffer.integers(table, field, as: Int32.self) {
                guard Int(index) >= least, Int(index) < count else {
                    throw Fault(table, "found tensor \(index), expected one of \(count)")
                }
            }
        }

        private func require(_ index: Int, below count: Int, _ what: String, _ table: FlatBuffer.Table) throws {
            guard index < count else { throw Fault(table, "found \(what) \(index), expected one of \(count)") }
        }

        /// The last number of a tensor's type.
        private static let lastType: UInt8 = 20
        /// The bytes of a value by its type; types that are packed or have no fixed size are left out.
        private static let typeSizes: [UInt8: Int] = [
            0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 8: 8, 9: 1, 10: 8, 11: 16, 12: 8, 15: 4, 16: 2, 18: 2,
        ]
        /// The kinds of options whose first field is a list: those of Reshape and of Squeeze.
        private static let optionsWithList: Set<UInt8> = [17, 30]
    }
}
