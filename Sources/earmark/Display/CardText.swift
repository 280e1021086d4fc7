import Engines
import Features
import Files
import Models
import Wording

/// What a model card says, and what is missing to run it, in lines for a terminal.
enum CardText {
    /// - Throws: `ModelError` if the card is wrong, its files are not those it means, or its graph is another than it
    ///   says.
    static func lines(_ path: String) throws -> [String] {
        let card = try ModelCard(path: path, isClassFileOptional: true)
        var lines = [
            "\(path): \(card.name), \(counted(card.scores?.size ?? 0, "class", "classes")), licence \(card.licence)"
                + (card.thresholds.isEmpty
                    ? "" : ", thresholds of \(counted(card.thresholds.count, "class", "classes"))")
        ]
        if !card.summary.isEmpty { lines.append("  \(card.summary)") }
        if !card.source.isEmpty { lines.append("  source: \(card.source)") }
        lines.append("  reads " + input(card.input))
        if let scores = card.scores { lines.append("  gives scores: " + output(scores)) }
        if let embeddings = card.embeddings { lines.append("  gives embeddings: " + output(embeddings)) }
        let missing = try card.missing()
        lines += missing.map { "  missing: '\($0.name)', expected beside the card" + Self.from($0) }
        if !missing.isEmpty {
            if !card.obtain.isEmpty { lines.append("  to get it: \(card.obtain)") }
            lines.append("  then: earmark model import FILE --card \(path) --out Models/NAME.yaml")
            return lines
        }
        let place = try card.checkFiles()
        lines.append("  file: \(place), SHA-256 as in the card")
        let asked = card.engine.flatMap { ForeignEngineKind(rawValue: $0.name) }
        do { _ = try ForeignEngines.engine(for: place, asked: asked) } catch {
            return lines + ["  cannot be run here, and was not compared with its file: \(error)"]
        }
        let model = try CardProvider().model(path)
        return lines + [
            "  runs on \(model.engine.kind.rawValue) \(model.engine.version) (\(model.engine.path)), "
                + "\(counted(model.chunksInCall, "chunk")) in a call; the file has what the card says"
        ]
    }

    private static func from(_ file: ModelCard.File) -> String { file.address.map { "; published at \($0)" } ?? "" }

    private static func tensor(_ name: String?, _ layout: [CardAxis]) -> String {
        (name.map { "tensor '\($0)' " } ?? "the only tensor ") + layout.text
    }

    private static func input(_ input: ModelCard.Input) -> String {
        let seconds = Figures.fixed(Double(input.chunk) / Double(input.rate), 3)
        let rows = input.frontEnd.map { "log-mel [\($0)], normalization \(input.normalization.rawValue)" } ?? "samples"
        return "\(rows): chunks of \(input.chunk) samples at \(input.rate) Hz (\(seconds) s), one every \(input.hop); "
            + tensor(input.tensor, input.layout)
    }

    private static func output(_ output: ModelCard.Output) -> String {
        tensor(output.tensor, output.layout)
            + ", \(counted(output.size, "value")), activation \(output.activation.rawValue)"
            + (output.pooling.map { ", \($0.rawValue) over the frames" } ?? "")
    }
}
