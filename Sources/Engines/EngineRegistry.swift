import Models

/// An engine as a reader of model files.
package protocol EngineProvider: Sendable {
    /// Whether a file is a model of this engine's, by its name or its first bytes. False where it cannot be read.
    func accepts(_ path: String) -> Bool

    /// What the file says of itself, before its weights are read.
    ///
    /// - Throws: where it is not a sound model file, in one line with the file's name.
    func describe(_ path: String) throws -> ModelDescription

    /// Reads the whole model.
    ///
    /// - Throws: where anything about it is wrong, in one line with the file's name.
    func load(_ path: String) throws -> any InferenceEngine

    /// The identity of the model's content, `sha256:` and 64 digits: a fingerprint's part, so every file that results hang on
    /// must be in it.
    ///
    /// - Throws: where it cannot be read.
    func digest(_ path: String) throws -> String
}

extension EngineProvider {
    /// SHA-256 of the file's bytes.
    ///
    /// - Throws: `ModelError.file` where it cannot be read.
    package func digest(_ path: String) throws -> String { try ModelDigest.ofScores(path) }
}

/// Opens model files: the one place that knows which engines there are.
package struct EngineRegistry: Sendable {
    private let providers: [any EngineProvider]

    /// - Parameter providers: asked in this order. What none of them accepts is the native engine's, which knows the files of
    ///   other programs by their first bytes and says what to do with them.
    package init(_ providers: [any EngineProvider] = []) { self.providers = providers + [NativeProvider()] }

    /// The engines of this program.
    package static let standard = EngineRegistry()

    private func provider(_ path: String) -> any EngineProvider {
        providers.first { $0.accepts(path) } ?? NativeProvider()
    }

    /// See `EngineProvider`.
    package func describe(_ path: String) throws -> ModelDescription { try provider(path).describe(path) }

    /// See `EngineProvider`.
    package func load(_ path: String) throws -> any InferenceEngine { try provider(path).load(path) }

    /// See `EngineProvider`.
    package func digest(_ path: String) throws -> String { try provider(path).digest(path) }
}
