import Engines
import Models

/// Holds a card against its file before it is written, where an engine is there that reads the file.
enum CardComparison {
    /// - Throws: `ModelError` if the graph is another than the card says; `ForeignEngineError` if the engine cannot read it.
    static func check(_ card: ModelCard) throws {
        let asked = card.engine.flatMap { ForeignEngineKind(rawValue: $0.name) }
        let place = try card.place(of: card.file)
        // A card can be completed without an engine: it is compared before it is first used.
        guard (try? ForeignEngines.engine(for: place, asked: asked)) != nil else { return }
        _ = try CardProvider().model(card)
    }
}
