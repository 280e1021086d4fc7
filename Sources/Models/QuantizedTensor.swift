/// A weight matrix (inputs, outputs) in 8-bit integers with one scale for each output: weight = integer x scale.
///
/// Scales are the output's largest magnitude / 127, rounded up to eight significant bits before the weights are divided
/// by them, so that the rounding costs no accuracy and no weight is clipped.
package struct QuantizedTensor: Sendable {
    /// Row-major, (inputs, outputs).
    package let integers: [Int8]
    /// One for each output.
    package let scales: [Float]

    /// - Parameters:
    ///   - integers: (inputs, outputs), row-major.
    ///   - scales: one for each output, all finite.
    package init(integers: [Int8], scales: [Float]) {
        precondition(!scales.isEmpty && integers.count % scales.count == 0, "\(integers.count) by \(scales.count)")
        self.integers = integers
        self.scales = scales
    }

    /// Rounds weights (inputs, outputs) to integers of -127 to 127.
    package init(rounding values: [Float], outputs: Int) {
        var largest = [Float](repeating: 0, count: outputs)
        for start in stride(from: 0, to: values.count, by: outputs) {
            for output in 0..<outputs { largest[output] = max(largest[output], abs(values[start + output])) }
        }
        let scales = largest.map { Self.roundedUp($0 / 127) }
        var integers = [Int8](repeating: 0, count: values.count)
        for index in values.indices where scales[index % outputs] > 0 {
            let quotient = (values[index] / scales[index % outputs]).rounded(.toNearestOrEven)
            integers[index] = Int8(max(-127, min(127, quotient)))
        }
        self.init(integers: integers, scales: scales)
    }

    /// The weights, row-major.
    package var floats: [Float] {
        integers.indices.map { Float(integers[$0]) * scales[$0 % scales.count] }
    }

    /// The smallest float with eight significant bits that is at least `value`, which is non-negative and below 2^127.
    private static func roundedUp(_ value: Float) -> Float {
        Float(bitPattern: (value.bitPattern &+ 0xffff) & 0xffff_0000)
    }
}
