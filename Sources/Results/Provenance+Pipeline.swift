import Files
import Foundation
import Ledger
import Sessions

extension Provenance {
    /// The provenance of an export that is written now.
    ///
    /// - Parameter version: Earmark's version.
    package init(version: String, pipeline: PipelineRecord, settings: [(name: String, value: String)]) {
        let stages = PipelineSettings(text: pipeline.settings)?.stages ?? []
        self.init(
            version: version, written: Date().formatted(.iso8601), pipeline: pipeline.name,
            fingerprint: pipeline.fingerprint,
            models: stages.compactMap { stage in
                guard let path = stage.parameters["model"], let digest = stage.marks["model"] else { return nil }
                return Model(stage: stage.name, path: FileSystem.absolute(path), digest: digest)
            }, settings: settings)
    }
}
