import Models

/// A network as it is trained: flat parameters, and layers that work forward and back.
///
/// Shared by all workers. Parameters change only between steps, and `load` follows every change.
package final class TrainableNetwork: Sendable {
    package let layout: ParameterLayout
    package let parameters: ParameterBuffer
    /// True: the trunk keeps its weights and has no gradient.
    package let freezesTrunk: Bool
    package let trunk: TrainableTrunk?
    let projection: DenseLayer?
    package let encoder: TrainableEncoder?
    let head: DenseLayer

    /// - Parameter freezesTrunk: leaves the trunk's weights as they are, so that no gradient is computed for them.
    package init(parameters: ParameterBuffer, freezesTrunk: Bool = false) {
        layout = parameters.layout
        self.parameters = parameters
        self.freezesTrunk = freezesTrunk
        let architecture = layout.architecture
        trunk = architecture.hasTrunk ? TrainableTrunk(layout) : nil
        projection =
            architecture.hasProjection
            ? DenseLayer(layout, weight: "projection/w", bias: "projection/b", activation: .relu) : nil
        encoder = architecture.hasEncoder ? TrainableEncoder(layout) : nil
        head = DenseLayer(layout, weight: "head/w", bias: "head/b")
        denseLayers =
            ((trunk?.denseLayers ?? []) + (encoder?.denseLayers ?? []) + [projection, head].compactMap { $0 })
            .sorted { $0.inputs * $0.outputs > $1.inputs * $1.outputs }
        load()
    }

    /// Packs the parameters' present values.
    package func load() { for layer in denseLayers { layer.load(parameters) } }

    /// The layers whose weights are packed, the largest first, so that threads which take turns end together.
    package let denseLayers: [DenseLayer]

    /// True where a parameter is trained.
    package func isTrained(_ name: String) -> Bool {
        !freezesTrunk || !(name.hasPrefix("conv/") || name.hasPrefix("dw") || name.hasPrefix("pw"))
    }

    /// The model that these parameters are.
    ///
    /// - Throws: what putting the model together throws; these parameters are whole.
    package func model(_ metadata: ModelMetadata) throws -> NativeModel {
        try NativeModel(metadata: metadata) { parameters.floats($0) }
    }
}
