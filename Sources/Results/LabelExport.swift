import Cache
import Corpora
import Evaluation
import Files
import Ledger
import Tables

/// Writes a cache's labels: the classes whose clip score is high enough, clip by clip in manifest order.
package struct LabelExport {
    /// What `--format` takes.
    package enum Format: String, CaseIterable, Sendable { case csv, jsonl, sqlite }

    /// The outcome of an export.
    package struct Summary: Sendable, Equatable {
        package var labels = 0
        package var coverage = Coverage(clips: 0, done: 0, failed: 0)
    }

    package let selection: ResultSelection
    package let pipeline: PipelineRecord
    private let ledger: Ledger
    private let scores: ClipScores
    private let provenance: Provenance

    /// - Parameters:
    ///   - pipeline: its name; nil for the one that ran last among those that make clip scores.
    ///   - version: Earmark's version, for the provenance.
    /// - Throws: `CacheError`, `LedgerError`; `TableError` or `SettingError` if the request does not fit the classes or the
    ///   clips.
    package init(
        cache: CacheFolder, ledger: Ledger, pipeline: String?, request: SelectionRequest, version: String
    ) throws {
        self.ledger = ledger
        scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
        self.pipeline = scores.pipeline
        let model = ScoredModel(try PipelineChoice.scored(ledger, name: scores.pipeline.name))
        // A user who asks for the top N and nothing else wants N labels for every clip.
        let isTopAlone = request.top != nil && request.threshold == nil && request.thresholds == nil
        selection = try request.resolved(
            classes: scores.classes, identifiers: model.names.identifiers,
            recommended: isTopAlone ? nil : model.recommended, without: isTopAlone ? 0 : Thresholds.usual,
            usesReleases: false)
        try selection.clips.check(ledger)
        provenance = Provenance(version: version, pipeline: scores.pipeline, settings: selection.settings)
    }

    /// - Throws: `FileError`, `CacheError`, `LedgerError`; `FileError` if the file cannot be written.
    package func write(_ format: Format, to path: String) throws -> Summary {
        switch format {
        case .csv: try write(LabelCSVWriter(classes: scores.classes), to: path)
        case .jsonl: try write(LabelLinesWriter(classes: scores.classes), to: path)
        case .sqlite: try writeDatabase(to: path)
        }
    }

    private func write(_ writer: any LabelWriter, to path: String) throws -> Summary {
        var summary = Summary()
        try FileSystem.write(path) { put in
            var out: [UInt8] = []
            writer.begin(&out)
            var tally = ClipTally()
            try forEach { clip, labels in
                tally.note(clip)
                writer.begin(clip: clip, &out)
                for label in labels { writer.write(label, &out) }
                summary.labels += labels.count
                try put(out[...])
                out.removeAll(keepingCapacity: true)
            }
            try put(out[...])
            summary.coverage = try tally.finish(ledger, pipeline, selection.clips)
        }
        return summary
    }

    private func writeDatabase(to path: String) throws -> Summary {
        var summary = Summary()
        try ResultDatabase.make(
            path, .labels, classes: scores.classes, thresholds: selection.thresholds, provenance: provenance
        ) { database in
            var seconds: [Int64: Double] = [:]
            try ledger.forEachSource { seconds[$0.clip] = $0.seconds }
            var tally = ClipTally()
            try forEach { clip, labels in
                tally.note(clip)
                try database.write(EventClip(clip, seconds: seconds[clip.id]), state: ClipTally.State.done.rawValue)
                for label in labels {
                    try database.write(label, clip: clip.name, name: scores.classes[label.place])
                }
                summary.labels += labels.count
            }
            summary.coverage = try tally.finish(ledger, pipeline, selection.clips) { clip, state in
                try database.write(EventClip(clip, seconds: nil), state: state.rawValue)
            }
            return summary.coverage
        }
        return summary
    }

    /// The chosen clips that have scores, with their labels.
    private func forEach(_ body: (ClipRecord, [ClipLabel]) throws -> Void) throws {
        let labels = ClipLabels(selection)
        try scores.forEach(where: selection.clips.contains) { clip, values in try body(clip, labels.find(values)) }
    }
}
