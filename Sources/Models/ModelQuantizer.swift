import Errors

/// Converts a float model file to 8-bit weights.
///
/// Every weight matrix is stored as I8 with one symmetric scale per output channel, see `QuantizedTensor`; biases stay
/// F32. Scales are stored as F16 if that holds each of them exactly, otherwise as F32. Every safetensors reader has both
/// types, whereas NumPy has no BF16; F32 throughout would take a file with 200 classes over 4.6 MB.
package enum ModelQuantizer {
    /// Quantises a model file. A file that is 8-bit already but has BF16 scales, as Earmark 0.1 wrote them, is
    /// rewritten with the same values.
    ///
    /// - Parameter ranges: the largest value of each layer's activations, see `ModelMetadata.activationRanges`; nil
    ///   leaves those of the file. With ranges, a file that is quantised already is written with its own weights.
    /// - Throws: `ModelError` if the input is not a sound model, or is quantised already and no ranges are given;
    ///   `FileError` if the output cannot be written.
    package static func quantize(from input: String, to output: String, ranges: [String: Float]? = nil) throws {
        let file = try ModelFile(path: input)
        try file.checkLayout()
        guard file.metadata.architecture.hasClassifier else {
            throw ModelError.metadata(
                path: file.path, key: "architecture",
                reason:
                    "'\(file.metadata.architecture.rawValue)' is computed in float32 only, so 8-bit weights are of no "
                    + "use; expected one of " + Architecture.classifiers.map(\.rawValue).joined(separator: ", "))
        }
        var metadata = file.metadata
        if let ranges { metadata.activationRanges = ranges }
        if file.isQuantized { return try rewrite(file, metadata, isCalibrated: ranges != nil, to: output) }
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
        try ModelFileWriter.write(tensors: tensors, metadata: metadata, to: output)
    }

    /// The tensors of a weight's integers and of their scales.
    private static func quantized(_ parameter: ParameterShape, _ values: [Float]) -> [ModelFileWriter.Tensor] {
        let tensor = QuantizedTensor(rounding: values, outputs: parameter.shape[1])
        return [
            ModelFileWriter.Tensor(
                name: parameter.name, type: .i8, shape: parameter.shape,
                bytes: tensor.integers.map { UInt8(bitPattern: $0) }),
            stored(tensor.scales, as: parameter.name + ModelFile.scaleSuffix),
        ]
    }

    private static func rewrite(
        _ file: ModelFile, _ metadata: ModelMetadata, isCalibrated: Bool, to output: String
    ) throws {
        guard isCalibrated || file.tensors.values.contains(where: { $0.type == .bf16 }) else {
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
        // Ranges of before do not outlive a calibration that finds every layer to need the whole range.
        let texts = file.texts.filter { !isCalibrated || $0.key != ModelMetadata.rangesKey }
        try ModelFileWriter.write(tensors: tensors, metadata: metadata, texts: texts, to: output)
    }

    /// The tensor of scales, as F16 if that holds each of them exactly, otherwise as F32.
    private static func stored(_ scales: [Float], as name: String) -> ModelFileWriter.Tensor {
        guard let bytes = halves(scales) else {
            return ModelFileWriter.Tensor(name: name, shape: [scales.count], floats: scales)
        }
        return ModelFileWriter.Tensor(name: name, type: .f16, shape: [scales.count], bytes: bytes)
    }

    /// Numbers in half precision, little-endian; nil if that does not hold each of them exactly.
    static func halves(_ values: [Float]) -> [UInt8]? {
        let halves = values.map { Float16($0) }
        guard zip(halves, values).allSatisfy({ Float($0) == $1 }) else { return nil }
        return halves.flatMap { half in withUnsafeBytes(of: half.bitPattern.littleEndian) { Array($0) } }
    }
}
