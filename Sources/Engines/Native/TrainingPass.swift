import Models

/// One worker's way through a network and back, for a group of chunks; not to be shared between threads.
package final class TrainingPass {
    /// Most chunks of one call: what a worker holds activations for, about 4 MB each.
    package static let group = 16

    private let network: TrainableNetwork
    private let kernels: Kernels
    private let trunk: TrainableTrunk.Memory?
    private let encoder: TrainableEncoder.Memory?
    private let loss = SigmoidCrossEntropy()
    private let attention = AttentionLayer()
    private let steps = MeanLayer(rows: LEANShape.steps, columns: LEANShape.width)
    private let pooled: AlignedFloats
    private let pooledGradient: AlignedFloats
    private let query: AlignedFloats
    private let queryGradient: AlignedFloats
    /// What the classifier sees (chunks, headInputs).
    private let combined: AlignedFloats
    private let combinedGradient: AlignedFloats
    private let attended: AlignedFloats
    private let logits: AlignedFloats
    private let scratch: AlignedFloats

    /// - Parameter kernels: another instruction set than the fastest, for tests.
    package init(_ network: TrainableNetwork, kernels: Kernels = .best) {
        self.network = network
        self.kernels = kernels
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

    /// Works out the loss of some chunks and adds its gradient to `gradients`.
    ///
    /// - Parameters:
    ///   - mel: (chunks, 96, 64), normalised; nil where the network has no trunk.
    ///   - wave: (chunks, 16000) in [-1, 1]; nil where it has no encoder.
    ///   - targets: (chunks, classes), 0 to 1.
    ///   - chunks: at most `group`.
    ///   - classWeights: what each class counts for; nil for 1.
    ///   - scale: what the gradient is multiplied by: 1 / (batch x classes) for the batch's mean.
    /// - Returns: the sum of the loss over chunks and classes, not scaled.
    /// - Throws: `InferenceError` where an input is missing or there are too many chunks.
    package func run(
        mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, targets: UnsafePointer<Float>, chunks: Int,
        classWeights: [Float]? = nil, scale: Float, gradients: ParameterBuffer
    ) throws -> Double {
        guard chunks <= Self.group else { throw InferenceError("\(chunks) chunks in a pass of \(Self.group)") }
        try forward(mel, wave, chunks)
        let classes = network.head.outputs
        var sum = 0.0
        for chunk in 0..<chunks {
            sum += loss.lossAndGradient(
                logits.pointer + chunk * classes, targets: targets + chunk * classes, weights: classWeights,
                classes: classes, scale: scale)
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

    /// Where the encoder's part of the combined embedding begins.
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
