import Features
import Foundation

/// The front-end as layers of an ONNX graph: from `wave` (batch, samples) to `mel` (batch, frames, bands), normalised.
///
/// The Fourier transform is a convolution with windowed cosines and sines, one of each for every bin that a band reads:
/// every runtime has convolutions, few have ONNX's STFT. Sums are in single precision, so beside a loud tone a very quiet
/// band is less exact than in this program, which computes such frames in double precision.
struct ONNXFrontEnd {
    private let frontEnd: FrontEnd
    private let normalization: Normalization
    private let bands: [MelBank.Band]
    /// The bins of the Fourier transform that the bands read.
    private let bins: Range<Int>

    /// - Throws: `ModelError` if the front-end does more than YAMNet's does: window, magnitudes, bands, logarithm.
    init(_ metadata: ModelMetadata, path: String) throws {
        frontEnd = metadata.frontEnd
        normalization = metadata.normalization
        guard Self.isSupported(frontEnd) else {
            throw ModelError.metadata(
                path: path, key: "front_end",
                reason: "found '\(frontEnd)'; in a graph there can only be frames of ln(mel magnitude + offset) that "
                    + "begin with their window; expected an export without the front-end")
        }
        bands = MelBank(frontEnd).bands
        let read = bands.filter { !$0.weights.isEmpty }
        let first = read.map(\.firstBin).min() ?? 0
        bins = first..<(read.map { $0.firstBin + $0.weights.count }.max() ?? first + 1)
    }

    /// Whether a front-end differs from YAMNet's only in sizes, scales and the shape of its window.
    private static func isSupported(_ frontEnd: FrontEnd) -> Bool {
        var other = FrontEnd.standard
        other.rate = frontEnd.rate
        other.window = frontEnd.window
        other.hop = frontEnd.hop
        other.fft = frontEnd.fft
        other.bands = frontEnd.bands
        other.low = frontEnd.low
        other.high = frontEnd.high
        other.offset = frontEnd.offset
        other.chunk = frontEnd.chunk
        other.patchFrames = frontEnd.patchFrames
        other.windowShape = frontEnd.windowShape
        other.melScale = frontEnd.melScale
        other.triangles = frontEnd.triangles
        other.bandNorm = frontEnd.bandNorm
        return other == frontEnd && frontEnd.offset > 0
    }

    /// Adds the layers.
    func add(to graph: inout ONNXGraph) {
        let used = frontEnd.samples(frames: frontEnd.patchFrames)
        var wave = "wave"
        if used < frontEnd.span {
            let ends = [graph.integers([0]), graph.integers([used]), graph.integers([1])]
            wave = graph.add("Slice", [wave] + ends, to: "wave/patch")
        }
        let channel = graph.integers([1])
        let signal = graph.add("Unsqueeze", [wave, channel], to: "wave/channel")
        let squares = [
            addSquare("real", signal, { cos($0) }, to: &graph), addSquare("imaginary", signal, { sin($0) }, to: &graph),
        ]
        let power = graph.add("Add", squares, to: "spectrum/power")
        let magnitude = graph.add("Sqrt", [power], to: "spectrum")
        let frames = graph.add("Transpose", [magnitude], to: "spectrum/frames", ["perm": .integers([0, 2, 1])])
        let bank = graph.constant(ONNXTensor("bands/w", [bins.count, frontEnd.bands]) { matrix() })
        let sums = graph.add("MatMul", [frames, bank], to: "bands")
        let offset = graph.number("bands/offset", Float(frontEnd.offset))
        let raised = graph.add("Add", [sums, offset], to: "bands/raised")
        guard let axes = meanAxes else {
            graph.add("Log", [raised], to: "mel")
            return
        }
        let level = graph.add("Log", [raised], to: "bands/level")
        let mean = graph.add(
            "ReduceMean", [level], to: "bands/mean", ["axes": .integers(axes), "keepdims": .integer(1)])
        graph.add("Sub", [level, mean], to: "mel")
    }

    /// Adds one part of the Fourier transform of a signal (batch, 1, samples), squared: (batch, bins, frames).
    private func addSquare(
        _ name: String, _ signal: String, _ function: @escaping (Double) -> Double, to graph: inout ONNXGraph
    ) -> String {
        let weights = graph.constant(
            ONNXTensor("spectrum/\(name)/w", [bins.count, 1, frontEnd.window]) { kernel(function) })
        let part = graph.add(
            "Conv", [signal, weights], to: "spectrum/\(name)",
            ["kernel_shape": .integers([frontEnd.window]), "strides": .integers([frontEnd.hop])])
        return graph.add("Mul", [part, part], to: "spectrum/\(name)/square")
    }

    /// The axes of a patch (batch, frames, bands) over which the mean is taken; nil if none is subtracted.
    private var meanAxes: [Int]? {
        switch normalization {
        case .none: nil
        case .chunkMean: [1, 2]
        case .bandMean: [1]
        }
    }

    /// (bins, 1, window): the window times cosine or sine of each bin's frequency.
    private func kernel(_ function: (Double) -> Double) -> [Float] {
        let window = frontEnd.windowShape.values(frontEnd.window)
        return bins.flatMap { bin in
            window.indices.map { place in
                // The angle is reduced to one turn first, where the functions are most exact.
                let turn = Double(bin * place % frontEnd.fft) / Double(frontEnd.fft)
                return Float(window[place] * function(2 * Double.pi * turn))
            }
        }
    }

    /// (bins, bands): the weights of the mel bands.
    private func matrix() -> [Float] {
        var values = [Float](repeating: 0, count: bins.count * bands.count)
        for (band, triangle) in bands.enumerated() {
            for (place, weight) in triangle.weights.enumerated() {
                values[(triangle.firstBin - bins.lowerBound + place) * bands.count + band] = weight
            }
        }
        return values
    }
}
