/// Element types of a model file, under the names that safetensors gives them.
package enum TensorType: String, Sendable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i8 = "I8"
    case i32 = "I32"

    /// Size of one element in bytes.
    package var size: Int {
        switch self {
        case .f32, .i32: 4
        case .f16, .bf16: 2
        case .i8: 1
        }
    }

    /// The elements of little-endian `bytes` as floats; I32 values beyond 2^24 are rounded.
    package func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / size
        return [Float](unsafeUninitializedCapacity: count) { target, filled in
            for i in 0..<count { target.initializeElement(at: i, to: element(bytes, i)) }
            filled = count
        }
    }

    private func element(_ bytes: UnsafeRawBufferPointer, _ i: Int) -> Float {
        let at = i * size
        return switch self {
        case .f32: Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        case .i32: Float(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self)))
        case .i8: Float(bytes.loadUnaligned(fromByteOffset: at, as: Int8.self))
        case .bf16:
            Float(
                bitPattern: UInt32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self))) << 16
            )
        case .f16: Self.half(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self)))
        }
    }

    /// Converts IEEE 754 binary16 to binary32 exactly; written out because Float16 is not available on every Swift
    /// platform.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Float(bits & 0x3ff)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }
}
