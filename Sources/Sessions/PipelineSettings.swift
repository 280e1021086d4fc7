import Engines
import Foundation
import Models
import Pipeline
import Stages

/// A pipeline's stages and their parameters, which the ledger stores as JSON text for the pipeline's last run.
package struct PipelineSettings: Codable, Sendable, Equatable {
    /// A stage as it was run.
    package struct Stage: Codable, Sendable, Equatable {
        package let name: String
        /// The stage's kind.
        package let uses: String
        /// Version of the kind's code, raised when its results change for the same parameters.
        package let version: Int
        /// Names of the stages that feed it.
        package let from: [String]
        /// Canonical values of all parameters; files by their paths.
        package let parameters: [String: String]
        /// The parameters that results depend on; files by their digests.
        package let marks: [String: String]
        /// Fingerprint of a stage that stores rows in the cache; nil for other stages, and in settings from an earlier
        /// version.
        package var fingerprint: String?

        /// The arithmetic in which the stage's model is computed, whether it was asked for or is what `auto` came to; nil
        /// if the stage has no model.
        package var precision: String? {
            // float32 leaves no mark.
            marks["model"] == nil ? nil : marks["precision"] ?? Precision.float32.rawValue
        }
    }

    /// What an infer stage's model file says about its classes, besides their names.
    package struct Model: Codable, Sendable, Equatable {
        /// Name of the infer stage.
        package let stage: String
        /// Fingerprints of the stages that store its scores, of chunks and of clips.
        package let scores: [String]
        /// Ontology identifiers in the order of the classes; empty if the model has none.
        package let identifiers: [String]
        /// Recommended thresholds by class, 0 to 1.
        package let thresholds: [String: Double]
    }

    package let stages: [Stage]
    /// nil in rows from before these were recorded.
    package let models: [Model]?

    /// The settings of a pipeline and its models.
    package init(_ pipeline: LoadedPipeline) {
        self.init(
            pipeline.graph,
            models: pipeline.scoreKeepers.map {
                Model(
                    stage: $0.stage, scores: $0.keepers, identifiers: $0.model.classIDs,
                    thresholds: $0.model.thresholds)
            })
    }

    package init(_ graph: Graph, models: [Model]? = nil) {
        self.models = models
        stages = graph.nodes.map { node in
            Stage(
                name: node.name, uses: node.definition.name, version: node.definition.codeVersion,
                from: node.inputs.compactMap { $0.map { graph.nodes[$0.node].name } },
                parameters: node.parameters, marks: node.marks,
                fingerprint: node.persists ? node.fingerprint.hex : nil)
        }
    }

    /// Decodes the ledger's text; nil if it is not in this form, as in a ledger of an earlier version.
    package init?(text: String) {
        guard let found = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = found
    }

    /// The number of the audio stream that the pipeline reads of files with several, from 0; nil for FFmpeg's choice.
    package var audioStream: Int? {
        stages.first { $0.uses == "decode" }?.parameters["stream"].flatMap(Int.init)
    }

    /// The settings as JSON with sorted keys, for the ledger.
    package var text: String { Self.text(self) }

    /// The settings as JSON without the identifiers of the models' classes, of which there may be hundreds.
    package var textWithoutIdentifiers: String {
        Self.text(Brief(stages: stages, models: models?.map(Brief.Model.init)))
    }

    private struct Brief: Encodable {
        struct Model: Encodable {
            let stage: String
            let scores: [String]
            let thresholds: [String: Double]

            init(_ model: PipelineSettings.Model) {
                (stage, scores, thresholds) = (model.stage, model.scores, model.thresholds)
            }
        }

        let stages: [Stage]
        let models: [Model]?
    }

    private static func text(_ settings: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(settings)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// How these settings differ from earlier ones, in words: one line for each difference that results depend on.
    package func differences(from earlier: PipelineSettings) -> [String] {
        let before = Dictionary(earlier.stages.map { ($0.name, $0) }) { first, _ in first }
        var lines: [String] = []
        for stage in stages {
            guard let old = before[stage.name] else {
                lines.append("stage '\(stage.name)' was not there")
                continue
            }
            if old.uses != stage.uses {
                lines.append("stage '\(stage.name)' was '\(old.uses)', is now '\(stage.uses)'")
                continue
            }
            if old.version != stage.version {
                lines.append("stage '\(stage.name)' gives other results in this version of Earmark")
            }
            if old.from != stage.from {
                lines.append(
                    "stage '\(stage.name)' was fed by \(old.from.joined(separator: ", ")), is now fed by "
                        + stage.from.joined(separator: ", "))
            }
            let parameters = StageCatalog.definitions.first { $0.name == stage.uses }?.parameters ?? []
            for key in Set(old.marks.keys).union(stage.marks.keys).sorted() where old.marks[key] != stage.marks[key] {
                // A parameter that the earlier version did not have is taken to have been at its default.
                if old.marks[key] == nil, let parameter = parameters.first(where: { $0.key == key }),
                    parameter.fallback.flatMap(parameter.canonical) == stage.marks[key]
                {
                    continue
                }
                let (then, now) = (old.parameters[key] ?? "not set", stage.parameters[key] ?? "not set")
                lines.append(
                    then == now
                        ? "\(stage.name).\(key) is still \(now), but that file's content has changed"
                        : "\(stage.name).\(key) was \(then), is now \(now)")
            }
        }
        let names = Set(stages.map(\.name))
        for stage in earlier.stages where !names.contains(stage.name) { lines.append("stage '\(stage.name)' is gone") }
        return lines
    }
}

extension Graph {
    /// The number of the audio stream that the pipeline reads of files with several, from 0; nil for FFmpeg's choice.
    package var audioStream: Int? {
        nodes.first { $0.definition.name == "decode" }?.parameters["stream"].flatMap(Int.init)
    }
}
