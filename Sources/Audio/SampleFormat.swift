/// The format in which a file stores samples, or must store them to keep each exactly.
package enum SampleFormat: String, Sendable, CaseIterable {
    case int8, int16, int24, int32, float32, float64

    /// The number of bits of an integer; nil for floating point.
    package var integerBits: Int? {
        switch self {
        case .int8: 8
        case .int16: 16
        case .int24: 24
        case .int32: 32
        case .float32, .float64: nil
        }
    }

    /// The size of a sample in bytes.
    package var size: Int {
        switch self {
        case .int8: 1
        case .int16: 2
        case .int24: 3
        case .int32, .float32: 4
        case .float64: 8
        }
    }
}
