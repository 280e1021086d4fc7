import Models

/// One worker's forward and backward pass for a group of chunks; not to be shared between threads.
package final class TrainingPass {
    /// Maximum number of chunks in one call. A worker keeps the activations of all of them, about 4 MB each.
    package static let group = 16

    private let network: TrainableNetwork
    private let kernels: Kernels
    private let trunk: TrainableTrunk.Memory?
    private let encoder: TrainableEncoder.Memory?
    private let loss = SigmoidCrossEntropy()
    private let attention: AttentionLayer
    private let steps = MeanLayer(rows: LEANShape.steps, columns: LEANShape.width)
    private let pooled: AlignedFloats
    private let pooledGradient: AlignedFloats
    private let query: AlignedFloats
    private let queryGradient: AlignedFloats
    /// The classifier's inputs (chunks, headInputs).
    private let combined: AlignedFloats
    private let combinedGradient: AlignedFloats
    private let attended: AlignedFloats
    private let logits: AlignedFloats
    private let scratch: AlignedFloats

    /// - Parameter kernels: the kernels to use; only tests pass others than the fastest.
    package init(_ network: TrainableNetwork, kernels: Kernels = .best) {
        self.network = network
        self.kernels = kernels
        attention = AttentionLayer(scale: network.attentionScale)
        let group = Self.group
        trunk = network.trunk?.makeMemory(chunks: group)
        encoder = network.encoder?.makeMemory(chunks: group)
        pooled = AlignedFloats(count: group * YAMNetShape.embedding)
        pooledGradient = AlignedFloats(count: group * YAMNetShape.embedding)
        query = AlignedFloats(count: group * LEANShape.width)
        queryGradient = AlignedFloats(count: group * LEANShape.width)
        combined = AlignedFloats(count: group * network.head.inputs)
        combinedGradient = AlignedFloats(count: group * network.head.inputs)
        attended = AlignedFloats(count: group * LEANShape.steps)
        logits = AlignedFloats(count: group * network.head.outputs)
        scratch = AlignedFloats(
            count: max(network.head.scratch(rows: group), network.projection?.scratch(rows: group) ?? 0))
    }

    /// Computes the loss of a group of chunks and adds its gradient to `gradients`.
    ///
    /// - Parameters:
    ///   - mel: (chunks, 96, 64), normalised; may be nil if the network has no trunk.
    ///   - wave: (chunks, 16000) in [-1, 1]; may be nil if it has no encoder.
    ///   - targets: (chunks, classes), 0 to 1.
    ///   - chunks: number of chunks, at most `group`.
    ///   - classWeights: the weight of each class in the loss; nil for 1.
    ///   - chunkWeights: (chunks, classes), further weights in the loss; nil for 1.
    ///   - scale: factor for the gradient: 1 / (batch x classes) for the mean over the batch.
    /// - Returns: the sum of the loss over chunks and classes, not multiplied by `scale`.
    /// - Throws: `InferenceError` if an input is missing or there are too many chunks.
    package func run(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, targets: UnsafePointer<Float>, chunks: Int,
        classWeights: [Float]? = nil, chunkWeights: UnsafePointer<Float>? = nil, scale: Float,
        gradients: ParameterBuffer
    ) throws -> Double {
        guard chunks <= Self.group else { throw InferenceError("\(chunks) chunks in a pass of \(Self.group)") }
        try forward(mel, wave, chunks)
        let classes = network.head.outputs
        var sum = 0.0
        for chunk in 0..<chunks {
            sum += loss.lossAndGradient(
                logits.pointer + chunk * classes, targets: targets + chunk * classes, weights: classWeights,
                ownWeights: chunkWeights.map { $0 + chunk * classes }, classes: classes, scale: scale)
        }
        backward(mel, chunks, gradients)
        return sum
    }

    private func forward(_ mel: UnsafePointer<Float>?, _ wave: UnsafePointer<Float>?, _ chunks: Int) throws {
        let size = network.head.inputs
        if let layer = network.trunk, let trunk {
            guard let mel else { throw InferenceError("the network reads log-mel and was given none") }
            layer.forward(mel, pooled.pointer, chunks: chunks, trunk, network.parameters, kernels)
            if let projection = network.projection {
                projection.forward(pooled.pointer, query.pointer, rows: chunks, kernels)
                for chunk in 0..<chunks {
                    (combined.pointer + chunk * size)
                        .update(from: query.pointer + chunk * LEANShape.width, count: LEANShape.width)
                }
            } else {
                combined.pointer.update(from: pooled.pointer, count: chunks * size)
            }
        }
        if let layer = network.encoder, let encoder {
            guard let wave else { throw InferenceError("the network reads samples and was given none") }
            layer.forward(wave, chunks: chunks, encoder, kernels)
            for chunk in 0..<chunks {
                let values = encoder.output.pointer + chunk * LEANShape.width
                let target = combined.pointer + chunk * size + contextStart
                if network.layout.architecture == .lean {
                    attention.forward(
                        query: query.pointer + chunk * LEANShape.width, values: values,
                        stride: chunks * LEANShape.width, target,
                        weights: attended.pointer + chunk * LEANShape.steps, kernels)
                } else {
                    steps.forward(values, stride: chunks * LEANShape.width, target, kernels)
                }
            }
        }
        network.head.forward(combined.pointer, logits.pointer, rows: chunks, kernels)
    }

    /// Offset of the encoder's part in the combined embedding.
    private var contextStart: Int { network.trunk == nil ? 0 : LEANShape.width }

    private func backward(_ mel: UnsafePointer<Float>?, _ chunks: Int, _ gradients: ParameterBuffer) {
        let size = network.head.inputs
        network.head.backward(
            combined.pointer, y: logits.pointer, logits.pointer, dx: combinedGradient.pointer, rows: chunks,
            gradients: gradients, scratch: scratch, kernels)
        if network.projection != nil {
            for chunk in 0..<chunks {
                (queryGradient.pointer + chunk * LEANShape.width)
                    .update(from: combinedGradient.pointer + chunk * size, count: LEANShape.width)
            }
        }
        if let layer = network.encoder, let encoder {
            encoderOutputGradient(encoder, chunks)
            layer.backward(chunks: chunks, encoder, gradients: gradients, kernels)
        }
        guard let layer = network.trunk, let trunk, let mel else { return }
        var gradient = combinedGradient
        if let projection = network.projection {
            projection.backward(
                pooled.pointer, y: query.pointer, queryGradient.pointer,
                dx: network.freezesTrunk ? nil : pooledGradient.pointer, rows: chunks, gradients: gradients,
                scratch: scratch, kernels)
            gradient = pooledGradient
        }
        if network.freezesTrunk { return }
        layer.backward(
            mel, gradient.pointer, chunks: chunks, trunk, network.parameters, gradients: gradients, kernels)
    }

    private func encoderOutputGradient(_ encoder: TrainableEncoder.Memory, _ chunks: Int) {
        let (size, width) = (network.head.inputs, LEANShape.width)
        for chunk in 0..<chunks {
            let gradient = combinedGradient.pointer + chunk * size + contextStart
            let target = encoder.outputGradient.pointer + chunk * width
            if network.layout.architecture == .lean {
                attention.backward(
                    query: query.pointer + chunk * width, values: encoder.output.pointer + chunk * width,
                    stride: chunks * width, weights: attended.pointer + chunk * LEANShape.steps, gradient: gradient,
                    queryGradient: queryGradient.pointer + chunk * width, valueGradient: target, kernels)
            } else {
                steps.backward(gradient, dx: target, stride: chunks * width)
            }
        }
    }
}
