/// The values of one tensor in the graph's own type, in memory that an engine reads or writes.
package final class TensorBuffer {
    /// How integers stand for numbers: number = scale * (integer - zeroPoint).
    package struct Quantization: Sendable {
        let scale: Double
        let zeroPoint: Double

        /// - Parameters:
        ///   - scale: above 0.
        ///   - zeroPoint: the integer that stands for 0.
        package init(scale: Double, zeroPoint: Double) {
            self.scale = scale
            self.zeroPoint = zeroPoint
        }
    }

    let tensor: ForeignTensor
    let shape: [Int]
    /// Number of values.
    package let count: Int
    /// At a 64-byte boundary. Beyond the last value there are some bytes more, because vector code may read them.
    let bytes: UnsafeMutableRawPointer
    let byteCount: Int
    private let quantization: Quantization?
    private let file: String

    /// - Parameters:
    ///   - quantization: nil if integers are the numbers themselves.
    ///   - file: the graph's file, for errors.
    /// - Throws: `ForeignEngineError` if the shape is absurd, or the values are of a type that is not converted.
    package init(_ tensor: ForeignTensor, shape: [Int], quantization: Quantization? = nil, file: String) throws {
        guard let size = tensor.element.byteCount else {
            throw TensorShape.error(
                file, tensor,
                "found values of another type, expected numbers in one of the types that are converted: "
                    + ForeignTensor.Element.converted.map(\.rawValue).joined(separator: ", "))
        }
        count = try TensorShape.count(shape, of: tensor, file)
        self.tensor = tensor
        self.shape = shape
        self.quantization = quantization
        self.file = file
        byteCount = count * size
        bytes = UnsafeMutableRawPointer.allocate(byteCount: byteCount + 64, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount + 64)
    }

    deinit { bytes.deallocate() }

    /// Takes `count` values, converted to the tensor's type: to float16 and to integers by rounding to the nearest, and
    /// to quantised integers with saturation, as is usual.
    ///
    /// - Throws: `ForeignEngineError` if an integer type has no such value, or it is not a number.
    package func set(_ values: UnsafePointer<Float>) throws {
        switch tensor.element {
        case .float32: bytes.copyMemory(from: values, byteCount: byteCount)
        case .float16:
            let out = bytes.assumingMemoryBound(to: Float16.self)
            for index in 0..<count { out[index] = Float16(values[index]) }
        case .int8: try set(values, as: Int8.self)
        case .uint8: try set(values, as: UInt8.self)
        case .int16: try set(values, as: Int16.self)
        case .int32: try set(values, as: Int32.self)
        case .int64: try set(values, as: Int64.self)
        case .bool:
            let out = bytes.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count { out[index] = values[index] == 0 ? 0 : 1 }
        case .other: break
        }
    }

    /// Gives all values as float32. Integers beyond 2^24 are rounded to the nearest that float32 has.
    package func get(_ values: UnsafeMutablePointer<Float>) {
        switch tensor.element {
        case .float32: UnsafeMutableRawPointer(values).copyMemory(from: bytes, byteCount: byteCount)
        case .float16:
            let stored = bytes.assumingMemoryBound(to: Float16.self)
            for index in 0..<count { values[index] = Float(stored[index]) }
        case .int8: get(values, as: Int8.self)
        case .uint8: get(values, as: UInt8.self)
        case .int16: get(values, as: Int16.self)
        case .int32: get(values, as: Int32.self)
        case .int64: get(values, as: Int64.self)
        case .bool:
            let stored = bytes.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count { values[index] = stored[index] == 0 ? 0 : 1 }
        case .other: break
        }
    }

    private func set<Stored: FixedWidthInteger>(_ values: UnsafePointer<Float>, as type: Stored.Type) throws {
        let out = bytes.assumingMemoryBound(to: type)
        for index in 0..<count {
            let value = values[index]
            guard value.isFinite else { throw misfit(value, type) }
            if let quantization {
                let scaled = (Double(value) / quantization.scale).rounded(.toNearestOrEven)
                out[index] = Self.saturated(scaled + quantization.zeroPoint)
            } else {
                guard let number = Stored(exactly: value.rounded(.toNearestOrEven)) else { throw misfit(value, type) }
                out[index] = number
            }
        }
    }

    private func get<Stored: FixedWidthInteger>(_ values: UnsafeMutablePointer<Float>, as type: Stored.Type) {
        let stored = bytes.assumingMemoryBound(to: type)
        guard let quantization else {
            for index in 0..<count { values[index] = Float(stored[index]) }
            return
        }
        for index in 0..<count {
            values[index] = Float(quantization.scale * (Double(stored[index]) - quantization.zeroPoint))
        }
    }

    private static func saturated<Stored: FixedWidthInteger>(_ number: Double) -> Stored {
        if number >= Double(Stored.max) { return .max }
        return number <= Double(Stored.min) ? .min : Stored(number)
    }

    private func misfit<Stored: FixedWidthInteger>(_ value: Float, _ type: Stored.Type) -> ForeignEngineError {
        TensorShape.error(
            file, tensor,
            "found the value \(value) for the type \(tensor.element.rawValue), expected a number from \(type.min) to "
                + "\(type.max)")
    }
}

extension ForeignTensor.Element {
    /// The types that are converted.
    static let converted: [ForeignTensor.Element] = [
        .float32, .float16, .int8, .uint8, .int16, .int32, .int64, .bool,
    ]

    /// The size of a value in bytes; nil for a type that is not converted.
    var byteCount: Int? {
        switch self {
        case .float32, .int32: 4
        case .float16, .int16: 2
        case .int8, .uint8, .bool: 1
        case .int64: 8
        case .other: nil
        }
    }
}
