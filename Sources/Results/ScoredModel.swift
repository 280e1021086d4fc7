import Cache
import Corpora
import Engines
import Evaluation
import Ledger
import Models
import Sessions

/// What the model behind a pipeline's scores says about its classes, as the pipeline's last run read it from the model's file.
package struct ScoredModel: Sendable {
    /// Names, and identifiers if the model has them.
    package let names: ClassNames
    /// Recommended thresholds by class, 0 to 1; empty if the model's file has none.
    package let thresholds: [String: Double]
    /// Fingerprints of the stages that keep its chunk scores and clip scores; empty for runs from before these were stored.
    package let keepers: [String]

    /// - Parameter scored: the pipeline and the stage of its chunk or clip scores.
    package init(_ scored: PipelineChoice.Scored) {
        let classes = ClassList.decode(scored.stage.classes)
        let model = PipelineSettings(text: scored.pipeline.settings)?.models?.first {
            $0.scores.contains(scored.stage.fingerprint)
        }
        names = ClassNames(classes, identifiers: model?.identifiers ?? AudioSetIdentifiers.known(classes))
        thresholds = model?.thresholds ?? [:]
        keepers = model?.scores ?? []
    }

    /// From a model's description.
    package init(_ model: ModelDescription) {
        names = ClassNames(model.classes, identifiers: model.classIDs)
        thresholds = model.thresholds
        keepers = []
    }

    /// The thresholds of a command, as in `ClassThresholds`.
    package func thresholds(given: Double?, table: ClassThresholds.Layer? = nil) -> ClassThresholds {
        ClassThresholds(recommended: thresholds, given: given, table: table)
    }

    /// The stage that keeps the chunk scores from which the clip scores were made; nil if the pipeline keeps none.
    ///
    /// - Throws: `LedgerError`.
    package func chunkScores(_ ledger: Ledger, of scored: PipelineChoice.Scored) throws -> StageRecord? {
        let kept = try ledger.stages().filter { $0.kind == "scores" && scored.pipeline.stages.contains($0.id) }
        // For a run from before the fingerprints were stored: the stage with the same classes is the model's, unless two have
        // them.
        let own =
            keepers.isEmpty
            ? kept.filter { $0.classes == scored.stage.classes } : kept.filter { keepers.contains($0.fingerprint) }
        return keepers.isEmpty && own.count > 1 ? nil : own.first
    }
}
