import Models

/// The part of an engine that reads model files.
package protocol EngineProvider: Sendable {
    /// Whether a file is a model for this engine, judged by its name or its first bytes. False if it cannot be read.
    func accepts(_ path: String) -> Bool

    /// Describes a model from what its file says, without reading the weights.
    ///
    /// - Throws: an error of one line that names the file, if it is not a sound model file.
    func describe(_ path: String) throws -> ModelDescription

    /// Reads the whole model.
    ///
    /// - Throws: an error of one line that names the file, if anything about it is wrong.
    func load(_ path: String) throws -> any InferenceEngine

    /// Reads the whole model, to be computed in this arithmetic; nil leaves that to the file.
    ///
    /// - Throws: an error of one line that names the file, if anything about it is wrong or its engine has no choice.
    func load(_ path: String, precision: Precision?) throws -> any InferenceEngine

    /// Computes the digest that identifies the model's content: `sha256:` and 64 digits. It becomes part of
    /// fingerprints, so it must cover every file on which results depend.
    ///
    /// - Throws: an error if the model cannot be read.
    func digest(_ path: String) throws -> String
}

extension EngineProvider {
    /// Leaves the arithmetic to the file.
    ///
    /// - Throws: what `load(_:)` throws; `ModelError.file` if another arithmetic is asked for.
    package func load(_ path: String, precision: Precision?) throws -> any InferenceEngine {
        if let precision {
            throw ModelError.file(
                path: path,
                reason: "its engine has no choice of precision: found '\(precision.rawValue)', expected 'auto'")
        }
        return try load(path)
    }

    /// The SHA-256 of the file, without recommended thresholds if it is a model file of this program; of a model card,
    /// the digest of what results depend on.
    ///
    /// - Throws: `ModelError` if it cannot be read, or is a card that is wrong; `FileError` if the system has run out of a
    ///   resource.
    package func digest(_ path: String) throws -> String { try ModelDigest.ofScores(path) }
}

/// The registry of engines, through which model files are opened. No other code knows which engines there are.
package struct EngineRegistry: Sendable {
    private let providers: [any EngineProvider]

    /// - Parameter providers: asked in this order. A file that none of them accepts goes to the native engine, which
    ///   recognises the files of other programs by their first bytes and says what to do with them.
    package init(_ providers: [any EngineProvider] = []) { self.providers = providers + [NativeProvider()] }

    /// The providers of whole networks, besides the native ones.
    private static let networks: [any EngineProvider] = [CardProvider()]

    /// The engines of this program. The base of a head is looked for where it was when the head was trained, and beside
    /// the head.
    package static let standard = searching { [] }

    /// The engines of this program.
    ///
    /// - Parameter models: the model files among which the base of a head is looked for too.
    package static func searching(_ models: @escaping @Sendable () -> [String]) -> EngineRegistry {
        EngineRegistry(networks, models: models)
    }

    /// Engines of whole networks, and of heads on them.
    ///
    /// - Parameters:
    ///   - networks: as for `init(_:)`; a head is asked for before them.
    ///   - models: the model files among which the base of a head is looked for too.
    package init(_ networks: [any EngineProvider], models: @escaping @Sendable () -> [String]) {
        self.init([HeadProvider(bases: EngineRegistry(networks), models: models)] + networks)
    }

    private func provider(_ path: String) -> any EngineProvider {
        providers.first { $0.accepts(path) } ?? NativeProvider()
    }

    /// See `EngineProvider`.
    package func describe(_ path: String) throws -> ModelDescription { try provider(path).describe(path) }

    /// See `EngineProvider`.
    package func load(_ path: String, precision: Precision? = nil) throws -> any InferenceEngine {
        try provider(path).load(path, precision: precision)
    }

    /// See `EngineProvider`.
    package func digest(_ path: String) throws -> String { try provider(path).digest(path) }
}
