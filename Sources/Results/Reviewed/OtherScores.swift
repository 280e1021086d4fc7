import Cache
import Ledger
import Sessions

/// What sets scores that were made with other settings apart from a pipeline's present ones.
///
/// The ledger keeps a pipeline's settings of its last run only. So settings that were replaced are known where another
/// pipeline of the cache has them; of the others, the ledger still has the classes and the timing.
struct OtherScores {
    private let ledger: Ledger
    private let scored: PipelineChoice.Scored

    init(_ ledger: Ledger, _ scored: PipelineChoice.Scored) {
        (self.ledger, self.scored) = (ledger, scored)
    }

    /// - Parameter stages: fingerprints of the stages that keep the other scores.
    /// - Returns: the differences in words, each once.
    /// - Throws: `LedgerError` if the ledger cannot be read.
    func differences(of stages: [String]) throws -> [String] {
        var lines: [String] = []
        for stage in stages {
            for line in try differences(of: stage) where !lines.contains(line) { lines.append(line) }
        }
        return lines
    }

    private func differences(of fingerprint: String) throws -> [String] {
        let own = PipelineSettings(text: scored.pipeline.settings)
        for pipeline in try ledger.pipelines() where pipeline.name != scored.pipeline.name {
            guard let other = PipelineSettings(text: pipeline.settings), let own,
                other.stages.contains(where: { $0.fingerprint == fingerprint })
            else { continue }
            let found = own.differences(from: other)
            return found.isEmpty ? [] : ["of '\(pipeline.name)': " + found.joined(separator: ", ")]
        }
        guard let stage = try ledger.stages().first(where: { $0.fingerprint == fingerprint }) else {
            return ["those of a stage that the cache does not know any more"]
        }
        if stage.classes != scored.stage.classes { return ["a model with other classes"] }
        let frontEnds = try ledger.frontEnds()
        if let before = frontEnds[stage.id], let now = frontEnds[scored.stage.id] {
            if let text = Self.difference(before, now) { return [text] }
            return [
                "with the same classes, front-end and timing, so the model's file or its precision, 'skip-below' or "
                    + "another setting above the model differs"
            ]
        }
        return []
    }

    private static func difference(_ before: StageFrontEnd, _ now: StageFrontEnd) -> String? {
        if before.rate != now.rate { return "at \(before.rate) Hz, now \(now.rate) Hz" }
        if before.chunkHop != now.chunkHop {
            return "in steps of \(before.chunkHop) samples, now \(now.chunkHop) samples"
        }
        return before.settings == now.settings ? nil : "with another front-end"
    }
}
