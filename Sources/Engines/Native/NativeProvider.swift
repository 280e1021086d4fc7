import Features
import Models

/// The provider of the native networks, which are stored as safetensors.
struct NativeProvider: EngineProvider {
    /// Always true: a file that no other engine accepts is loaded here, or refused with the reason.
    func accepts(_ path: String) -> Bool { true }

    func describe(_ path: String) throws -> ModelDescription {
        let file = try ModelFile(path: path)
        return ModelDescription(file.metadata, precision: file.holdsIntegers ? .int8 : .float32)
    }

    func load(_ path: String) throws -> any InferenceEngine { try load(path, precision: nil) }

    func load(_ path: String, precision: Precision?) throws -> any InferenceEngine {
        let file = try ModelFile(path: path)
        let precision = precision ?? (file.holdsIntegers ? .int8 : .float32)
        if file.metadata.architecture.isVGGish { return try VGGishModel.load(path: path, precision: precision) }
        return switch precision {
        case .float32: try NativeModel.load(path: path)
        case .int8: try Int8Model.load(path: path)
        }
    }
}

extension ModelInputs {
    /// The inputs of the networks of an architecture.
    package init(_ architecture: Architecture) {
        self = []
        if architecture.readsMel { insert(.mel) }
        if architecture.hasEncoder { insert(.wave) }
    }
}

extension ModelDescription {
    /// Describes a model whose file is not on this machine, so without its precision, class names and normalisation.
    package init(_ known: KnownModel) {
        self.init(
            network: known.architecture.rawValue, precision: "", inputs: ModelInputs(known.architecture),
            rate: known.frontEnd.rate, chunk: known.frontEnd.chunk,
            frontEnd: known.architecture.readsMel ? known.frontEnd : nil, normalization: .none, classes: [],
            embeddingSize: known.architecture.headInputs)
    }

    /// Describes a native network that is computed in this arithmetic.
    init(_ metadata: ModelMetadata, precision: Precision) {
        let architecture = metadata.architecture
        self.init(
            network: architecture.rawValue, precision: precision == .int8 ? "int8" : "f32",
            inputs: ModelInputs(architecture), rate: metadata.frontEnd.rate, chunk: metadata.frontEnd.chunk,
            frontEnd: architecture.readsMel ? metadata.frontEnd : nil, normalization: metadata.normalization,
            classes: metadata.classes, classIDs: metadata.identifiers, thresholds: metadata.thresholds,
            embeddingSize: architecture.headInputs)
    }
}
