/// A type of samples that a decoder gives.
///
/// It has just the conversions that are needed, as those of the standard library go through other generic types.
protocol DecodedSample: FloatingPoint, ExpressibleByFloatLiteral {
    static func of(_ value: Int32) -> Self
    static func of(_ value: Int64) -> Self
    static func of(_ value: Float) -> Self
    static func of(_ value: Double) -> Self
}

extension Float: DecodedSample {
    static func of(_ value: Int32) -> Float { Float(value) }
    static func of(_ value: Int64) -> Float { Float(value) }
    static func of(_ value: Float) -> Float { value }
    static func of(_ value: Double) -> Float { Float(value) }
}

extension Double: DecodedSample {
    static func of(_ value: Int32) -> Double { Double(value) }
    static func of(_ value: Int64) -> Double { Double(value) }
    static func of(_ value: Float) -> Double { Double(value) }
    static func of(_ value: Double) -> Double { value }
}
