/// How a file stores samples, or must store them so that each is kept exactly.
package enum SampleFormat: String, Sendable, CaseIterable {
    case int8, int16, int24, int32, float32, float64

    /// Bits of an integer; nil: floating point.
    package var integerBits: Int? {
        switch self {
        case .int8: 8
        case .int16: 16
        case .int24: 24
        case .int32: 32
        case .float32, .float64: nil
        }
    }

    /// Bytes of a sample.
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
