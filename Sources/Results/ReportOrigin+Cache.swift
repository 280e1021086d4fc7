import Evaluation
import Files
import Foundation
import Ledger
import Pipeline
import Sessions

extension SummaryReport.Origin {
    /// The origin of a report made now from a cache's rows, as the last run of a pipeline left them.
    ///
    /// - Parameters:
    ///   - version: Earmark's version.
    ///   - settings: the command's settings.
    package init(version: String, pipeline: PipelineRecord, settings: [(name: String, value: String?)]) {
        let stages = PipelineSettings(text: pipeline.settings)?.stages ?? []
        self.init(
            version: version,
            pipeline: Pipeline(
                name: pipeline.name, fingerprint: pipeline.fingerprint, file: pipeline.file, stages: stages),
            models: Self.models(of: stages), settings)
    }

    /// The origin of a report made now from one pipeline's rows in a cache, with models that no stage of the pipeline uses.
    package init(
        version: String, graph: Graph, models: [Model], settings: [(name: String, value: String?)]
    ) {
        let stages = PipelineSettings(graph).stages
        self.init(
            version: version,
            pipeline: Pipeline(
                name: graph.name, fingerprint: graph.fingerprint.hex, file: graph.file, stages: stages),
            models: Self.models(of: stages) + models, settings)
    }

    private init(
        version: String, pipeline: Pipeline, models: [Model], _ settings: [(name: String, value: String?)]
    ) {
        self.init(
            version: version, written: Date().formatted(.iso8601), pipeline: pipeline, models: models,
            settings: settings.compactMap { setting in setting.value.map { Setting(setting.name, $0) } })
    }

    private static func models(of stages: [PipelineSettings.Stage]) -> [Model] {
        stages.compactMap { stage in
            guard let path = stage.parameters["model"], let digest = stage.marks["model"] else { return nil }
            return Model(stage: stage.name, path: FileSystem.absolute(path), digest: digest)
        }
    }
}

extension SummaryReport.Origin.Pipeline {
    fileprivate init(name: String, fingerprint: String, file: String, stages: [PipelineSettings.Stage]) {
        self.init(
            name: name, fingerprint: fingerprint, file: file,
            stages: stages.map { stage in
                .init(
                    name: stage.name, uses: stage.uses,
                    parameters: stage.parameters.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
            })
    }
}
