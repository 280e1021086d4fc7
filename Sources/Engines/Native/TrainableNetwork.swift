import Models

/// A network in training: flat parameters, and layers with forward and backward passes.
///
/// It is shared by all workers. Parameters change only between steps, and `load` must be called after every change.
package final class TrainableNetwork: Sendable {
    package let layout: ParameterLayout
    package let parameters: ParameterBuffer
    /// True if the trunk keeps its weights and has no gradient.
    package let freezesTrunk: Bool
    /// The factor of the attention's dot products.
    let attentionScale: Float
    package let trunk: TrainableTrunk?
    let projection: DenseLayer?
    package let encoder: TrainableEncoder?
    let head: DenseLayer

    /// - Parameters:
    ///   - freezesTrunk: true to leave the trunk's weights as they are and compute no gradient for them.
    ///   - attentionScale: the factor of the attention's dot products.
    ///   - waveScale: what the wave encoder does to each chunk's samples first.
    package init(
        parameters: ParameterBuffer, freezesTrunk: Bool = false,
        attentionScale: Float = ModelMetadata.usualAttentionScale, waveScale: WaveScale = .none
    ) {
        self.attentionScale = attentionScale
        layout = parameters.layout
        self.parameters = parameters
        self.freezesTrunk = freezesTrunk
        let architecture = layout.architecture
        trunk = architecture.hasTrunk ? TrainableTrunk(layout) : nil
        projection =
            architecture.hasProjection
            ? DenseLayer(layout, weight: "projection/w", bias: "projection/b", activation: .relu) : nil
        encoder = architecture.hasEncoder ? TrainableEncoder(layout, scale: waveScale) : nil
        head = DenseLayer(layout, weight: "head/w", bias: "head/b")
        denseLayers =
            ((trunk?.denseLayers ?? []) + (encoder?.denseLayers ?? []) + [projection, head].compactMap { $0 })
            .sorted { $0.inputs * $0.outputs > $1.inputs * $1.outputs }
        load()
    }

    /// Packs the parameters' current values.
    package func load() { for layer in denseLayers { layer.load(parameters) } }

    /// The layers with packed weights, the largest first, so that threads that take them in turn finish at about the
    /// same time.
    package let denseLayers: [DenseLayer]

    /// True if a parameter is trained.
    package func isTrained(_ name: String) -> Bool {
        !freezesTrunk || !(name.hasPrefix("conv/") || name.hasPrefix("dw") || name.hasPrefix("pw"))
    }

    /// Makes a model of the current parameters, or of others of the same layout.
    ///
    /// - Throws: any error of `NativeModel.init`; none is expected, since the parameters are complete.
    package func model(_ metadata: ModelMetadata, of others: ParameterBuffer? = nil) throws -> NativeModel {
        try NativeModel(metadata: metadata) { (others ?? parameters).floats($0) }
    }
}
