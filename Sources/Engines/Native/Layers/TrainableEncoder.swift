import Models

/// The wave encoder in training: forward and backward passes of two bidirectional LSTM layers over 40 windows of one
/// second of raw samples.
package final class TrainableEncoder: Sendable {
    /// For each of the two layers, its forward and its backward direction.
    private let layers: [[LSTMLayer]]

    private let scale: WaveScale

    /// - Parameters:
    ///   - layout: the network's layout, which includes the encoder's parameters.
    ///   - scale: what is done to each chunk's samples first.
    package init(_ layout: ParameterLayout, scale: WaveScale = .none) {
        self.scale = scale
        layers = [1, 2].map { level in
            [("forward", false), ("backward", true)].map { name, isBackward in
                LSTMLayer(layout, name: "encoder\(level)/\(name)", isBackward: isBackward)
            }
        }
    }

    /// One worker's memory, which keeps what the backward pass needs from the forward pass.
    package struct Memory {
        fileprivate let windows: AlignedFloats
        fileprivate let hidden: AlignedFloats
        fileprivate let hiddenGradient: AlignedFloats
        fileprivate let directions: [[LSTMLayer.Memory]]
        fileprivate let scratch: AlignedFloats
        /// The result of `forward` (40, chunks, 256); `outputGradient` has the same shape.
        package let output: AlignedFloats
        package let outputGradient: AlignedFloats
    }

    /// Makes the memory for passes over at most `chunks` chunks.
    package func makeMemory(chunks: Int) -> Memory {
        let width = LEANShape.steps * chunks * LEANShape.width
        return Memory(
            windows: AlignedFloats(count: LEANShape.steps * chunks * LEANShape.window),
            hidden: AlignedFloats(count: width), hiddenGradient: AlignedFloats(count: width),
            directions: layers.map { $0.map { _ in LSTMLayer.Memory(chunks: chunks) } },
            scratch: AlignedFloats(count: layers[0][0].scratch(chunks: chunks)),
            output: AlignedFloats(count: width), outputGradient: AlignedFloats(count: width))
    }

    var denseLayers: [DenseLayer] { layers.joined().flatMap { [$0.input, $0.recurrent] } }

    /// Computes `memory.output` (40, chunks, 256) from waves (chunks, 16000).
    package func forward(_ waves: UnsafePointer<Float>, chunks: Int, _ memory: Memory, _ kernels: Kernels) {
        for chunk in 0..<chunks {
            scale.copyWindows(
                of: waves + chunk * LEANShape.samples, to: memory.windows.pointer + chunk * LEANShape.window,
                stride: chunks * LEANShape.window)
        }
        for (level, layer) in layers.enumerated() {
            let source = level == 0 ? memory.windows : memory.hidden
            let target = level == 0 ? memory.hidden : memory.output
            for (place, direction) in layer.enumerated() {
                direction.forward(
                    source.pointer, target.pointer + place * LEANShape.hidden, outputStride: LEANShape.width,
                    chunks: chunks, memory.directions[level][place], kernels)
            }
        }
    }

    /// Adds to the parameters' gradients, starting from `memory.outputGradient` (40, chunks, 256).
    package func backward(chunks: Int, _ memory: Memory, gradients: ParameterBuffer, _ kernels: Kernels) {
        for level in [1, 0] {
            let source = level == 0 ? memory.windows : memory.hidden
            let output = level == 0 ? memory.hidden : memory.output
            let gradient = level == 0 ? memory.hiddenGradient : memory.outputGradient
            for (place, direction) in layers[level].enumerated() {
                direction.backward(
                    source.pointer, y: output.pointer + place * LEANShape.hidden,
                    dy: gradient.pointer + place * LEANShape.hidden, outputStride: LEANShape.width,
                    dx: level == 0 ? nil : memory.hiddenGradient.pointer, addsToInput: place == 1, chunks: chunks,
                    memory.directions[level][place], gradients: gradients, scratch: memory.scratch, kernels)
            }
        }
    }
}
