/// Turns a float model file into one of 8-bit weights.
///
/// Every weight matrix is stored as I8 with one symmetric scale an output channel, the largest magnitude / 127; biases stay F32.
/// Scales are rounded up to eight significant bits before the weights are divided by them, so that their rounding costs no accuracy
/// and nothing is clipped. They are stored as F16, which NumPy has a type for, as it has none for BF16; F32 would take the file
/// over 4.6 MB at 200 classes.
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
        let scales = largest.map { roundedUp($0 / 127) }
        // A weight beyond 8 million: no trained network has one, but no file may be wrong for it.
        let fits = scales.allSatisfy { Float16($0).isFinite }
        var integers = [UInt8](repeating: 0, count: values.count)
        for index in values.indices where scales[index % channels] > 0 {
            let quotient = (values[index] / scales[index % channels]).rounded(.toNearestOrEven)
            integers[index] = UInt8(bitPattern: Int8(max(-127, min(127, quotient))))
        }
        return [
            ModelFileWriter.Tensor(name: parameter.name, type: .i8, shape: parameter.shape, bytes: integers),
            ModelFileWriter.Tensor(
                name: parameter.name + ModelFile.scaleSuffix, type: fits ? .f16 : .f32, shape: [channels],
                bytes: fits
                    ? scales.flatMap { withUnsafeBytes(of: Float16($0).bitPattern.littleEndian) { Array($0) } }
                    : scales.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }),
        ]
    }

    /// The smallest number of eight significant bits that is not below `value` and that F16 holds as well, where it holds any: below
    /// 2^-17 its steps are wider. `value` is not negative.
    private static func roundedUp(_ value: Float) -> Float {
        let short = Float(bitPattern: (value.bitPattern &+ 0xffff) & 0xffff_0000)
        let half = Float16(short)
        return half.isFinite ? Float(Float(half) < short ? half.nextUp : half) : short
    }
}
