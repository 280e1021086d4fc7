import Cache
import Engines
import Errors
import Features
import Ledger
import Pipeline

/// The embeddings that a cache holds, and the model that made them.
package struct EmbeddingSource: Sendable {
    /// Name of the pipeline that keeps them, as it last ran.
    package let pipeline: PipelineRecord
    /// The ledger's record of the stage that keeps them.
    package let stage: StageRecord
    /// Name of the infer stage that made them.
    package let inferStage: String
    /// The model's file, where it was when the pipeline ran.
    package let modelPath: String
    /// The model's digest.
    package let modelDigest: String
    /// The arithmetic in which they were computed: `float32` or `int8`.
    package let precision: String
    /// The type in which they are stored: `float32` or `float16`.
    package let dtype: String
    /// The normalisation that the pipeline asks for; nil leaves it to the model.
    package let normalization: Normalization?

    /// Finds the embeddings of the pipeline that ran last among those that keep some.
    ///
    /// - Parameters:
    ///   - pipeline: the name of the pipeline; nil for any.
    ///   - stage: the name of the `cache` stage that keeps them; nil if there is only one.
    /// - Throws: `CacheError` if there are none, saying what to add to a pipeline, or if it is unclear which are meant.
    package static func find(
        _ ledger: Ledger, pipeline name: String? = nil, stage stageName: String? = nil
    ) throws -> EmbeddingSource {
        let kept = Dictionary(
            try ledger.stages().filter { $0.kind == EdgeType.embeddings.rawValue }.map { ($0.fingerprint, $0) }
        ) { first, _ in first }
        let records = try name.map { [try PipelineChoice.find(ledger, name: $0)] } ?? ledger.pipelines()
        for record in records {
            guard let settings = PipelineSettings(text: record.settings) else { continue }
            var found: [(PipelineSettings.Stage, StageRecord)] = []
            for stage in settings.stages where (stageName ?? stage.name) == stage.name {
                guard let own = stage.fingerprint.flatMap({ kept[$0] }), record.stages.contains(own.id) else {
                    continue
                }
                found.append((stage, own))
            }
            guard let (stage, own) = found.first else { continue }
            guard found.count == 1 else {
                let names = found.map { "'\($0.0.name)'" }.joined(separator: ", ")
                throw CacheError(
                    .usage, path: ledger.path,
                    "pipeline '\(record.name)' keeps embeddings in the stages \(names), expected --stage with one of them"
                )
            }
            return try source(record, own, stage, settings, ledger)
        }
        let asked = (name.map { " of pipeline '\($0)'" } ?? "") + (stageName.map { " in a stage '\($0)'" } ?? "")
        throw CacheError(
            .badInput, path: ledger.path,
            "has no embeddings\(asked), expected a run of a pipeline with a stage such as 'embeddings-cache: {uses: cache, "
                + "from: infer.embeddings}', as embeddings.yaml has")
    }

    private static func source(
        _ record: PipelineRecord, _ own: StageRecord, _ stage: PipelineSettings.Stage, _ settings: PipelineSettings,
        _ ledger: Ledger
    ) throws -> EmbeddingSource {
        // A chain of caches leads to the stage that made the rows.
        var maker: PipelineSettings.Stage? = stage
        for _ in settings.stages where maker?.marks["model"] == nil {
            maker = settings.stages.first { $0.name == maker?.from.first }
        }
        guard let maker, let digest = maker.marks["model"], let path = maker.parameters["model"] else {
            throw CacheError(
                .badInput, path: ledger.path,
                "pipeline '\(record.name)' keeps embeddings in stage '\(stage.name)', but does not say of which model, "
                    + "expected another run of it")
        }
        return EmbeddingSource(
            pipeline: record, stage: own, inferStage: maker.name, modelPath: path, modelDigest: digest,
            precision: maker.precision ?? Precision.float32.rawValue, dtype: stage.parameters["dtype"] ?? "float32",
            normalization: maker.parameters["normalization"].flatMap(Normalization.init))
    }
}
