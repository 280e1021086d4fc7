import Models

/// VGGish from log-mel patches (96, 64) to the embedding.
///
/// Images are (height, width, channels) within a border of zeros: a row above, a row below, and one column that is the
/// border on the right of its row and on the left of the next. The three taps of a row of a 3x3 kernel then read floats
/// that follow one another, from pixel to pixel `channels` further on. So a convolution is three matrix products over all
/// pixels, one for each row of the kernel, that read the image itself: no copy of its neighbourhoods is made, as is
/// usual (im2col). The products also give values for the border's column, which are thrown away.
package final class VGGishNetwork: Sendable {
    private struct Convolution: Sendable {
        let shape: VGGishShape.Convolution
        let matrix: SlicedMatrix
        /// Pixels from one row of the image to the next.
        let pitch: Int
        /// Output rows that are computed at a time if they are pooled: an even number that divides the height, few enough
        /// for them to stay in the second-level cache until then.
        let band: Int

        init(_ shape: VGGishShape.Convolution, _ matrix: SlicedMatrix) {
            self.shape = shape
            self.matrix = matrix
            let pitch = shape.width + 1
            let most = max(2, VGGishNetwork.bandValues / (pitch * shape.outputs))
            band = stride(from: 2, through: min(most, shape.height), by: 2).filter { shape.height % $0 == 0 }.last ?? 2
            self.pitch = pitch
        }
    }

    package let shape: VGGishShape
    private let convolutions: [Convolution]
    private let layers: [SlicedMatrix]

    /// Number of floats in a band of outputs that waits to be pooled.
    private static let bandValues = 128 << 10
    /// Number of a dense layer's inputs in a slice.
    private static let slice = 1024
    /// Floats after a dense layer's row, so that rows do not all begin in the same set of the first-level cache.
    private static let gap = 16

    /// - Parameters:
    ///   - shape: the network's sizes; only tests have others than the standard.
    ///   - values: returns the values of one parameter, as many as its shape has. It is called once for each parameter.
    /// - Throws: any error of `values`.
    package init(_ shape: VGGishShape, values: (ParameterShape) throws -> [Float]) throws {
        self.shape = shape
        func matrix(_ name: String, inputs: Int, outputs: Int, slice: Int) throws -> SlicedMatrix {
            SlicedMatrix(
                try values(ParameterShape("\(name)/w", [inputs, outputs])), inputs: inputs, outputs: outputs,
                bias: try values(ParameterShape("\(name)/b", [outputs])), slice: slice)
        }
        convolutions = try shape.convolutions.map {
            Convolution(
                $0, try matrix($0.name, inputs: 9 * $0.inputs, outputs: $0.outputs, slice: 3 * $0.inputs))
        }
        layers = try shape.layers.map {
            try matrix($0.name, inputs: $0.inputs, outputs: $0.outputs, slice: Self.slice)
        }
    }

    /// One worker's memory for intermediate results.
    package struct Scratch {
        /// The input of each convolution with its border, whose zeros are never overwritten, or are set again.
        fileprivate let images: [AlignedFloats]
        /// Outputs of a convolution that wait to be pooled.
        fileprivate let band: AlignedFloats
        /// The input of each dense layer, (maxBatch, inputs + gap).
        fileprivate let rows: [AlignedFloats]

        /// - Parameter maxBatch: maximum number of chunks in one call of `forward`.
        package init(_ network: VGGishNetwork, maxBatch: Int) {
            images = network.convolutions.map {
                AlignedFloats(count: (($0.shape.height + 2) * $0.pitch + 1) * $0.shape.inputs)
            }
            band = AlignedFloats(count: network.convolutions.map { $0.band * $0.pitch * $0.shape.outputs }.max() ?? 0)
            rows = network.layers.map { AlignedFloats(count: maxBatch * ($0.inputs + VGGishNetwork.gap)) }
        }
    }

    /// Computes output (count, embedding) from patches (count, 96, 64).
    ///
    /// - Parameter last: the function that follows the embedding.
    package func forward(
        _ patches: UnsafePointer<Float>, count: Int, _ scratch: Scratch, _ output: UnsafeMutablePointer<Float>,
        last: Kernels.Activation, _ kernels: Kernels
    ) {
        let patch = VGGishShape.frames * VGGishShape.bands
        for chunk in 0..<count {
            convolve(
                patches + chunk * patch, scratch,
                scratch.rows[0].pointer + chunk * (layers[0].inputs + Self.gap), kernels)
        }
        // All chunks at once, as a dense layer's weights are many times larger than any cache.
        for (index, layer) in layers.enumerated() {
            let isLast = index == layers.count - 1
            layer.multiply(
                scratch.rows[index].pointer, inputStride: layer.inputs + Self.gap,
                isLast ? output : scratch.rows[index + 1].pointer,
                outputStride: isLast ? layer.outputs : layer.outputs + Self.gap, rows: count, isLast ? last : .relu,
                kernels)
        }
    }

    /// Computes the last maxima (height, width, channels) from one patch (96, 64).
    private func convolve(
        _ patch: UnsafePointer<Float>, _ scratch: Scratch, _ output: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let width = VGGishShape.bands
        for row in 0..<VGGishShape.frames {
            (scratch.images[0].pointer + (row + 1) * (width + 1) + 1).update(from: patch + row * width, count: width)
        }
        for (index, layer) in convolutions.enumerated() {
            let input = scratch.images[index].pointer
            let next = index + 1 < convolutions.count ? scratch.images[index + 1].pointer : nil
            if layer.shape.isPooled {
                pool(layer, input, next: next, scratch.band.pointer, output, kernels)
            } else if let next {
                fill(layer, input, next, kernels)
            }
        }
    }

    /// Convolves an image into the next layer's image of the same size.
    private func fill(
        _ layer: Convolution, _ input: UnsafePointer<Float>, _ next: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let (pitch, channels) = (layer.pitch, layer.shape.outputs)
        multiply(layer, input, from: 0, rows: layer.shape.height, next + (pitch + 1) * channels, kernels)
        // The products' values for the border's column.
        for row in 2..<layer.shape.height + 1 {
            (next + row * pitch * channels).update(repeating: 0, count: channels)
        }
    }

    /// Convolves an image band by band, and writes the maxima into the next layer's image, or to the output after the last.
    private func pool(
        _ layer: Convolution, _ input: UnsafePointer<Float>, next: UnsafeMutablePointer<Float>?,
        _ band: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let (pitch, channels, width) = (layer.pitch, layer.shape.outputs, layer.shape.width / 2)
        let row = (next == nil ? width : width + 1) * channels
        let start = next.map { $0 + row + channels } ?? output
        for top in stride(from: 0, to: layer.shape.height, by: layer.band) {
            multiply(layer, input, from: top, rows: layer.band, band, kernels)
            kernels.maxPool(
                band, inputRow: pitch * channels, height: layer.band / 2, width: width, channels: channels,
                start + top / 2 * row, outputRow: row)
        }
    }

    /// Computes rows of a convolution's output, with its pitch, from the first of these on.
    private func multiply(
        _ layer: Convolution, _ input: UnsafePointer<Float>, from top: Int, rows: Int,
        _ output: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        let (pitch, channels) = (layer.pitch, layer.shape.inputs)
        layer.matrix.multiply(
            input + top * pitch * channels, inputStride: channels, sliceStride: pitch * channels, output,
            rows: rows * pitch - 1, .relu, kernels)
    }
}
