import Ledger

/// What the pipelines of a cache call its stages.
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

    /// The stage's name in a pipeline; nil where a version of Earmark ran that which did not keep it.
    package func name(fingerprint: String, pipeline: String) -> String? { names[fingerprint]?[pipeline] }

    /// In words: `mel-cache of features, label`.
    ///
    /// - Parameter pipelines: those that need the stage; none where it is superseded.
    package func text(fingerprint: String, pipelines: [String]) -> String {
        if pipelines.isEmpty { return "stage \(fingerprint.prefix(12)), of no pipeline as it ran last" }
        let byName = Dictionary(grouping: pipelines) { name(fingerprint: fingerprint, pipeline: $0) ?? "" }
        return byName.sorted { $0.key < $1.key }.map { name, pipelines in
            (name.isEmpty ? "of " : "\(name) of ") + pipelines.sorted().joined(separator: ", ")
        }.joined(separator: "; ")
    }
}
