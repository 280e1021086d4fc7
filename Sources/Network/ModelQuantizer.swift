/// Turns a float model file into one of 8-bit weights.
///
/// Every weight matrix is stored as I8 with one symmetric scale an output channel, the largest magnitude / 127; biases stay F32.
/// Scales are BF16, rounded up before the weights are divided by them, so that their rounding costs no accuracy and nothing
/// is clipped: at 200 classes that is what keeps the file under 4.6 MB.
package enum ModelQuantizer {
    /// - Throws: `NetworkError` when the input is not a sound float model, or the output cannot be written.
    package static func quantize(from input: String, to output: String) throws {
        let file = try ModelFile(path: input)
        try file.checkLayout()
        guard !file.isQuantized else { throw NetworkError.file(path: input, reason: "is quantised already") }
        var tensors: [ModelFileWriter.Tensor] = []
        for parameter in file.layout.parameters {
            let values = try file.floats(parameter)
            if parameter.shape.count == 2 {
                tensors += quantized(parameter, values)
            } else {
                tensors.append(ModelFileWriter.Tensor(name: parameter.name, shape: parameter.shape, floats: values))
            }
        }
        try file.checkDigest()
        try ModelFileWriter.write(tensors: tensors, metadata: file.metadata, to: output)
    }

    /// The weight's integers and their scales.
    private static func quantized(_ parameter: ParameterShape, _ values: [Float]) -> [ModelFileWriter.Tensor] {
        let channels = parameter.shape[1]
        var largest = [Float](repeating: 0, count: channels)
        for start in stride(from: 0, to: values.count, by: channels) {
            for channel in 0..<channels { largest[channel] = max(largest[channel], abs(values[start + channel])) }
        }
        let bits = largest.map { roundedUp($0 / 127) }
        let scales = bits.map { Float(bitPattern: UInt32($0) << 16) }
        var integers = [UInt8](repeating: 0, count: values.count)
        for index in values.indices where scales[index % channels] > 0 {
            let quotient = (values[index] / scales[index % channels]).rounded(.toNearestOrEven)
            integers[index] = UInt8(bitPattern: Int8(max(-127, min(127, quotient))))
        }
        return [
            ModelFileWriter.Tensor(name: parameter.name, type: .i8, shape: parameter.shape, bytes: integers),
            ModelFileWriter.Tensor(
                name: parameter.name + ModelFile.scaleSuffix, type: .bf16, shape: [channels],
                bytes: bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }),
        ]
    }

    /// The upper half of the smallest bfloat16 that is not below `value`, which is not negative and under 2^127.
    private static func roundedUp(_ value: Float) -> UInt16 {
        UInt16(truncatingIfNeeded: (value.bitPattern &+ 0xffff) >> 16)
    }
}
