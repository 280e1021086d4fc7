import Evaluation
import Files
import Foundation
import Ledger
import Sessions

/// What lies beside an export as `NAME.meta.json`: how many clips it is of, and what made them.
package struct ExportRecord: Encodable {
    private struct Pipeline: Encodable {
        let name: String
        let fingerprint: String
        let file: String
        /// Empty where a version of Earmark ran it that did not keep them.
        let stages: [PipelineSettings.Stage]
    }

    private struct Model: Encodable {
        let stage: String
        let path: String
        let digest: String
    }

    private let earmark: String
    private let written: String
    private let coverage: Coverage
    private let pipeline: Pipeline
    private let models: [Model]

    /// - Parameter version: Earmark's.
    package init(version: String, pipeline: PipelineRecord, coverage: Coverage) {
        earmark = version
        written = Date().formatted(.iso8601)
        self.coverage = coverage
        let stages = PipelineSettings(text: pipeline.settings)?.stages ?? []
        self.pipeline = Pipeline(
            name: pipeline.name, fingerprint: pipeline.fingerprint, file: pipeline.file, stages: stages)
        models = stages.compactMap { stage in
            guard let path = stage.parameters["model"], let digest = stage.marks["model"] else { return nil }
            return Model(stage: stage.name, path: FileSystem.absolute(path), digest: digest)
        }
    }

    /// Writes it beside a table. Nothing is written where the table went into what is no file, such as a pipe.
    ///
    /// - Throws: `FileError` where it cannot be written.
    package func write(beside table: String) throws {
        var status = stat()
        guard stat(table, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = try Array(encoder.encode(self)) + [10]
        try FileSystem.write(table + ".meta.json") { try $0(bytes[...]) }
    }
}
