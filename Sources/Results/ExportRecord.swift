import Evaluation
import Files
import Foundation
import Ledger
import Sessions

/// The record beside an export, `NAME.meta.json`: how many clips the export covers, and what made them.
package struct ExportRecord: Encodable {
    private struct Pipeline: Encodable {
        let name: String
        let fingerprint: String
        let file: String
        /// Empty if the pipeline was run by a version of Earmark that did not store them.
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
    /// What the user asked for; absent if the export has no settings.
    private let settings: [String: String]?
    /// For an export that covers all pipelines of the cache.
    private var pipelines: [Part]?
    /// What became of the manifest's further columns; absent if it has none.
    private let columns: ColumnRecord?

    private struct Part: Encodable {
        let name: String
        let fingerprint: String
        let file: String
        let coverage: Coverage
        let stages: [PipelineSettings.Stage]
    }

    /// - Parameters:
    ///   - version: Earmark's version.
    ///   - settings: what the user asked for, such as thresholds; empty if the export has none.
    ///   - columns: what became of the manifest's further columns; nil if it has none, or they are not written at all.
    package init(
        version: String, pipeline: PipelineRecord, coverage: Coverage, settings: [(name: String, value: String)] = [],
        columns: ColumnRecord? = nil
    ) {
        self.columns = columns
        self.settings = settings.isEmpty ? nil : Dictionary(settings) { $1 }
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

    /// Adds pipelines that the export also covers.
    package mutating func add(_ pipelines: [(record: PipelineRecord, coverage: Coverage)]) {
        self.pipelines = pipelines.map { record, coverage in
            Part(
                name: record.name, fingerprint: record.fingerprint, file: record.file, coverage: coverage,
                stages: PipelineSettings(text: record.settings)?.stages ?? [])
        }
    }

    /// Writes the record beside a table, or into a folder of tables. Nothing is written if the table did not go into a file,
    /// but for example into a pipe.
    ///
    /// - Throws: `FileError` if it cannot be written.
    package func write(beside table: String) throws {
        var status = stat()
        guard stat(table, &status) == 0 else { return }
        // A folder of files has one record for all of them.
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        guard isFolder || status.st_mode & S_IFMT == S_IFREG else { return }
        let name = isFolder ? table + "/export.meta.json" : table + ".meta.json"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let bytes = try Array(encoder.encode(self)) + [10]
        try FileSystem.write(name) { try $0(bytes[...]) }
    }
}
