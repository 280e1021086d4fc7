import Errors

/// Converts a float model file to 8-bit weights.
///
/// Every weight matrix is stored as I8 with one symmetric scale per output channel, the channel's largest magnitude /
/// 127; biases stay F32. Scales are rounded up to eight significant bits before the weights are divided by them, so the
/// rounding costs no accuracy and no weight is clipped. They are stored as F16 if that holds each of them exactly,
/// otherwise as F32. Every safetensors reader has both types, whereas NumPy has no BF16; F32 throughout would take a
/// file with 200 classes over 4.6 MB.
package enum ModelQuantizer {
    /// Quantises a model file. A file that is 8-bit already but has BF16 scales, as Earmark 0.1 wrote them, is
    /// rewritten with the same values.
    ///
    /// - Throws: `ModelError` if the input is not a sound model or is quantised already; `FileError` if the output
    ///   cannot be written.
    package static func quantize(from input: String, to output: String) throws {
        let file = try ModelFile(path: input)
        try file.checkLayout()
        if file.isQuantized { return try rewriteScales(of: file, to: output) }
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

    /// The tensors of a weight's integers and of their scales.
    private static func quantized(_ parameter: ParameterShape, _ values: [Float]) -> [ModelFileWriter.Tensor] {
        let channels = parameter.shape[1]
        var largest = [Float](repeating: 0, count: channels)
        for start in stride(from: 0, to: values.count, by: channels) {
            for channel in 0..<channels { largest[channel] = max(largest[channel], abs(values[start + channel])) }
        }
        let scales = largest.map { roundedUp($0 / 127) }
        var integers = [UInt8](repeating: 0, count: values.count)
        for index in values.indices where scales[index % channels] > 0 {
            let quotient = (values[index] / scales[index % channels]).rounded(.toNearestOrEven)
            integers[index] = UInt8(bitPattern: Int8(max(-127, min(127, quotient))))
        }
        return [
            ModelFileWriter.Tensor(name: parameter.name, type: .i8, shape: parameter.shape, bytes: integers),
            stored(scales, as: parameter.name + ModelFile.scaleSuffix),
        ]
    }

    private static func rewriteScales(of file: ModelFile, to output: String) throws {
        guard file.tensors.values.contains(where: { $0.type == .bf16 }) else {
            throw ModelError.file(path: file.path, reason: "is quantised already")
        }
        var tensors: [ModelFileWriter.Tensor] = []
        for (name, tensor) in file.tensors.sorted(by: { $0.value.range.lowerBound < $1.value.range.lowerBound }) {
            let bytes = file.bytes(of: tensor)
            if tensor.type == .bf16, name.hasSuffix(ModelFile.scaleSuffix) {
                tensors.append(stored(bytes.withUnsafeBytes { tensor.type.floats($0) }, as: name))
            } else {
                tensors.append(
                    ModelFileWriter.Tensor(name: name, type: tensor.type, shape: tensor.shape, bytes: bytes))
            }
        }
        try file.checkDigest()
        try ModelFileWriter.write(tensors: tensors, metadata: file.metadata, texts: file.texts, to: output)
    }

    /// The tensor of scales, as F16 if that holds each of them exactly, otherwise as F32.
    private static func stored(_ scales: [Float], as name: String) -> ModelFileWriter.Tensor {
        let halves = scales.map { Float16($0) }
        guard zip(halves, scales).allSatisfy({ Float($0) == $1 }) else {
            return ModelFileWriter.Tensor(name: name, shape: [scales.count], floats: scales)
        }
        let bytes = halves.flatMap { half in withUnsafeBytes(of: half.bitPattern.littleEndian) { Array($0) } }
        return ModelFileWriter.Tensor(name: name, type: .f16, shape: [scales.count], bytes: bytes)
    }

    /// The smallest float with eight significant bits that is at least `value`, which is non-negative and below 2^127.
    private static func roundedUp(_ value: Float) -> Float {
        Float(bitPattern: (value.bitPattern &+ 0xffff) & 0xffff_0000)
    }
}
