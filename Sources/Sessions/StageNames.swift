import Ledger

/// The names that a cache's pipelines give to its stages.
package struct StageNames: Sendable {
    /// Names by the stage's fingerprint and the pipeline's name.
    private var names: [String: [String: String]] = [:]

    package init(_ pipelines: [PipelineRecord]) {
        for pipeline in pipelines {
            for stage in PipelineSettings(text: pipeline.settings)?.stages ?? [] {
                guard let fingerprint = stage.fingerprint else { continue }
                names[fingerprint, default: [:]][pipeline.name] = stage.name
            }
        }
    }

    /// The stage's name in a pipeline; nil if the version of Earmark that last ran the pipeline did not record it.
    package func name(fingerprint: String, pipeline: String) -> String? { names[fingerprint]?[pipeline] }

    /// A description such as `mel-cache of features, label`.
    ///
    /// - Parameter pipelines: the pipelines that need the stage; empty if it is superseded.
    package func text(fingerprint: String, pipelines: [String]) -> String {
        if pipelines.isEmpty { return "stage \(fingerprint.prefix(12)), of no pipeline as it ran last" }
        let byName = Dictionary(grouping: pipelines) { name(fingerprint: fingerprint, pipeline: $0) ?? "" }
        return byName.sorted { $0.key < $1.key }.map { name, pipelines in
            (name.isEmpty ? "of " : "\(name) of ") + pipelines.sorted().joined(separator: ", ")
        }.joined(separator: "; ")
    }
}
