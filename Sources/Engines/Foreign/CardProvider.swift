import Files
import Models
import Wording

/// The provider of models of other programs' formats, each described by a model card and run by a foreign engine.
package struct CardProvider: EngineProvider {
    /// Finds the engine for a file.
    package typealias Finder = @Sendable (_ path: String, _ asked: ForeignEngineKind?) throws -> any ForeignEngine

    private let find: Finder

    /// - Parameter find: finds the engine for a file; by default among those of this machine.
    package init(find: @escaping Finder = { try ForeignEngines.engine(for: $0, asked: $1) }) { self.find = find }

    package func accepts(_ path: String) -> Bool { ModelCard.isCard(path) }

    /// Describes a model from its card alone, without its file and without an engine.
    ///
    /// - Throws: `ModelError` if the card or its list of classes is wrong.
    package func describe(_ path: String) throws -> ModelDescription {
        let card = try ModelCard(path: path)
        _ = try Self.kind(card)
        return ModelDescription(card)
    }

    package func load(_ path: String) throws -> any InferenceEngine { try model(path) }

    /// Checks the files of a card, has its graph read, and compares the graph with what the card says of it.
    ///
    /// - Throws: `ModelError` if they differ, with what each has, or if a file changes meanwhile; `ForeignEngineError` if
    ///   there is no engine or it cannot read the graph.
    package func model(_ path: String) throws -> CardModel {
        try model(ModelCard(path: path))
    }

    /// Checks the files of a card, has its graph read, and compares the graph with what the card says of it.
    ///
    /// - Throws: `ModelError` if they differ, with what each has, or if a file changes meanwhile; `ForeignEngineError` if
    ///   there is no engine or it cannot read the graph.
    package func model(_ card: ModelCard) throws -> CardModel {
        let kind = try Self.kind(card)
        let versions = try card.versions()
        let place = try card.checkFiles()
        let engine = try find(place, kind)
        let graph = try engine.load(place)
        // The engine reads the files by their names, so they might have been replaced since their SHA-256 was taken.
        try card.checkUnchanged(since: versions)
        let model = try CardModel(card: card, graph: graph, engine: engine, versions: versions)
        try card.checkUnchanged(since: versions)
        return model
    }

    /// The engine that a card asks for; nil if it leaves that open.
    ///
    /// - Throws: `ModelError.line` if there is no engine of this name.
    private static func kind(_ card: ModelCard) throws -> ForeignEngineKind? {
        guard let asked = card.engine else { return nil }
        if let kind = ForeignEngineKind(rawValue: asked.name) { return kind }
        let names = ForeignEngineKind.allCases.map(\.rawValue)
        let near = NearestName.find(asked.name, in: names).map { " (is '\($0)' meant?)" } ?? ""
        throw ModelError.line(
            path: card.path, line: asked.line,
            reason: "'engine' is '\(asked.name)'\(near), expected one of \(names.joined(separator: ", "))")
    }
}

extension ModelDescription {
    /// Describes the model of a card.
    package init(_ card: ModelCard) {
        self.init(
            network: card.name, precision: "f32", inputs: card.input.rows == .mel ? .mel : .wave, rate: card.input.rate,
            chunk: card.input.chunk, frontEnd: card.input.frontEnd, normalization: card.input.normalization,
            classes: card.classes, classIDs: card.classIDs, thresholds: card.thresholds,
            embeddingSize: card.embeddings?.size ?? 0, hop: card.input.hop)
    }
}
