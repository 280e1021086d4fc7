import Models

/// The first layers of the 8-bit trunk: from a log-mel patch (96, 64) to bytes (48, 32, 64).
///
/// The first convolution and the depthwise one after it, which take a fiftieth of the trunk's time, are computed in
/// floats, and their output is multiplied in 14 bits. The floor of the log-mel frames makes wide areas of an image equal,
/// so there the rounding of activations would not average out: for LEAN on ESC-10, bytes in these two layers move the
/// scores more than bytes in all others.
final class Int8Stem: Sendable {
    private let convolution: (weights: AlignedFloats, bias: AlignedFloats)
    private let depthwise: (weights: AlignedFloats, bias: AlignedFloats)
    private let pointwise: QuantizedMatrix

    private static let height = YAMNetShape.frames / 2
    private static let width = YAMNetShape.bands / 2
    private static let channels = YAMNetShape.firstChannels
    /// Rows of the image that are taken through the last two layers at once, so that they stay in the first-level cache.
    private static let band = 4
    /// The depthwise convolution's output, 0 to 6, in two digits.
    private static let factor: Float = 16383.0 / 6

    /// - Parameter outputScale: what one unit of the output stands for.
    /// - Throws: any error of the source.
    init(_ source: QuantizedSource, outputScale: Float) throws {
        convolution = (
            AlignedFloats(try source.weights("conv").floats), AlignedFloats(try source.bias("conv"))
        )
        depthwise = (AlignedFloats(try source.weights("dw1").floats), AlignedFloats(try source.bias("dw1")))
        pointwise = QuantizedMatrix(
            try source.weights("pw1"), bias: try source.bias("pw1"), form: .pair, inputScale: 1 / Self.factor,
            outputScale: outputScale)
    }

    /// One worker's memory for intermediate results.
    struct Scratch {
        fileprivate let image = AlignedFloats(count: height * width * channels)
        fileprivate let band = AlignedFloats(count: Int8Stem.band * width * channels)
        fileprivate let digits = AlignedIntegers<UInt8>(count: 2 * Int8Stem.band * width * channels)
    }

    /// Computes output (48, 32, 64) from a patch (96, 64).
    ///
    /// - Parameter floats: the kernels of what stays in floats.
    func forward(
        _ patch: UnsafePointer<Float>, _ scratch: Scratch, _ output: UnsafeMutablePointer<UInt8>,
        _ kernels: Int8Kernels, _ floats: Kernels
    ) {
        let (height, width, channels) = (Self.height, Self.width, Self.channels)
        floats.firstConvolution(
            patch, height: YAMNetShape.frames, width: YAMNetShape.bands, weights: convolution.weights.pointer,
            bias: convolution.bias.pointer, scratch.image.pointer)
        for top in stride(from: 0, to: height, by: Self.band) {
            floats.depthwise(
                scratch.image.pointer, height: height, width: width, channels: channels, stride: 1,
                weights: depthwise.weights.pointer, bias: depthwise.bias.pointer, scratch.band.pointer,
                rows: top..<top + Self.band)
            let pixels = Self.band * width
            kernels.digitRows(
                scratch.band.pointer, rows: pixels, columns: channels, factor: Self.factor, scratch.digits.pointer)
            pointwise.multiply(
                scratch.digits.pointer, output + top * width * pointwise.outputs, rows: pixels, kernels)
        }
    }
}
