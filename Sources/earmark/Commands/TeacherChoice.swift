import Cache
import Errors
import Ledger
import Sessions
import Training

/// Finds the stage that a teacher's name means, among those of the pipelines that ran on a cache.
enum TeacherChoice {
    /// - Parameter name: that of a stage that keeps chunk scores or of the infer stage above it, alone or behind its
    ///   pipeline's: `scores-cache`, `infer` or `audioset.scores-cache`.
    /// - Throws: `CommandError` of category `usage` if there is no such stage, or more than one; `CacheError`,
    ///   `LedgerError`, `TrainingError`.
    static func find(_ name: String, cache: CacheFolder) throws -> TeacherStage {
        let ledger = try cache.reading()
        let scores = Dictionary(
            uniqueKeysWithValues: try ledger.stages().filter { $0.kind == "scores" }.map { ($0.fingerprint, $0) })
        var known: [String] = []
        var found: [(name: String, record: StageRecord, identifiers: [String])] = []
        for pipeline in try ledger.pipelines() {
            guard let settings = PipelineSettings(text: pipeline.settings) else { continue }
            for stage in settings.stages {
                guard let record = stage.fingerprint.flatMap({ scores[$0] }) else { continue }
                let model = settings.models?.first { $0.scores.contains(record.fingerprint) }
                let full = "\(pipeline.name).\(stage.name)"
                known.append(full)
                let names = [stage.name, model?.stage].compactMap { $0 }
                guard names.contains(name) || names.contains(where: { "\(pipeline.name).\($0)" == name }),
                    !found.contains(where: { $0.record.id == record.id })
                else { continue }
                found.append((full, record, model?.identifiers ?? []))
            }
        }
        guard let first = found.first, found.count == 1 else {
            let names = (found.isEmpty ? known : found.map(\.name)).sorted().map { "'\($0)'" }.joined(separator: ", ")
            throw CommandError(
                .usage,
                found.isEmpty
                    ? "--teacher is '\(name)', and no pipeline that ran on \(cache.folder) keeps chunk scores under that "
                        + "name, expected \(names.isEmpty ? "a run of one that does, such as label.yaml" : names)"
                    : "--teacher is '\(name)', which \(found.count) stages of \(cache.folder) are called, expected one of "
                        + names)
        }
        return try TeacherStage(
            name: first.name, stage: first.record, identifiers: first.identifiers, ledger: ledger)
    }
}
