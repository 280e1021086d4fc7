import Features
import Models

/// The networks of this program, in safetensors.
struct NativeProvider: EngineProvider {
    /// Whatever no other engine takes: it is refused with what is wrong about it.
    func accepts(_ path: String) -> Bool { true }

    func describe(_ path: String) throws -> ModelDescription {
        let file = try ModelFile(path: path)
        return ModelDescription(file.metadata, isQuantized: file.isQuantized)
    }

    func load(_ path: String) throws -> any InferenceEngine { try NativeModel.load(path: path) }
}

extension ModelInputs {
    /// What the networks of an architecture read.
    package init(_ architecture: Architecture) {
        self = []
        if architecture.hasTrunk { insert(.mel) }
        if architecture.hasEncoder { insert(.wave) }
    }
}

extension ModelDescription {
    /// Of a model whose file is not on this machine: all but its classes' names.
    package init(_ known: KnownModel) {
        self.init(
            network: known.architecture.rawValue, precision: "", inputs: ModelInputs(known.architecture),
            rate: known.frontEnd.rate, chunk: known.frontEnd.chunk,
            frontEnd: known.architecture.hasTrunk ? known.frontEnd : nil, normalization: .none, classes: [],
            embeddingSize: known.architecture.headInputs)
    }

    /// Of a native network.
    init(_ metadata: ModelMetadata, isQuantized: Bool) {
        let architecture = metadata.architecture
        self.init(
            network: architecture.rawValue, precision: isQuantized ? "int8" : "f32",
            inputs: ModelInputs(architecture), rate: metadata.frontEnd.rate, chunk: metadata.frontEnd.chunk,
            frontEnd: architecture.hasTrunk ? metadata.frontEnd : nil, normalization: metadata.normalization,
            classes: metadata.classes, classIDs: metadata.identifiers, thresholds: metadata.thresholds,
            embeddingSize: architecture.headInputs)
    }
}
