import Cache
import Corpora
import Evaluation
import Files
import Ledger
import Sessions
import Tables

/// Writes a cache's labels: the classes whose clip score is high enough, clip by clip in manifest order.
package struct LabelExport {
    /// What `--format` takes.
    package enum Format: String, CaseIterable, Sendable { case csv, jsonl, sqlite }

    /// The outcome of an export.
    package struct Summary: Sendable {
        package var labels = 0
        /// What became of the manifest's further columns; nil if it has none.
        package var columns: ColumnRecord?
        /// Labels with a judgement, and judged classes that are none of the labels; nil if they were not asked for.
        package var judged: (labels: Int, others: Int)?
        package var coverage = Coverage(clips: 0, done: 0, failed: 0)
    }

    package let selection: ResultSelection
    package let pipeline: PipelineRecord
    private let ledger: Ledger
    private let scores: ClipScores
    /// What the user asked for.
    package let settings: [(name: String, value: String)]
    private let provenance: Provenance
    /// nil if judgements were not asked for.
    private let verdicts: ClipVerdicts?

    /// - Parameters:
    ///   - pipeline: its name; nil for the one that ran last among those that make clip scores.
    ///   - version: Earmark's version, for the provenance.
    ///   - reviewed: judgements to put beside the labels; nil for none. The events that they are of are found by the same
    ///     thresholds.
    /// - Throws: `CacheError`, `LedgerError`; `TableError` or `SettingError` if the request does not fit the classes or the
    ///   clips.
    package init(
        cache: CacheFolder, ledger: Ledger, pipeline: String?, request: SelectionRequest, version: String,
        reviewed: JudgementStore.Contents? = nil
    ) throws {
        self.ledger = ledger
        scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
        self.pipeline = scores.pipeline
        let model = ScoredModel(try PipelineChoice.scored(ledger, name: scores.name))
        // A user who asks for the top N and nothing else wants N labels for every clip.
        let isTopAlone = request.top != nil && request.threshold == nil && request.thresholds == nil
        selection = try request.resolved(
            classes: scores.classes, identifiers: model.names.identifiers,
            recommended: isTopAlone ? nil : model.recommended, without: isTopAlone ? 0 : Thresholds.usual,
            usesReleases: false)
        try selection.clips.check(ledger)
        settings =
            (scores.name == scores.pipeline.name ? [] : [("pipeline", scores.name)]) + selection.settings
            + (reviewed.map { [("reviewed", $0.text)] } ?? [])
        var provenance = Provenance(version: version, pipeline: scores.pipeline, settings: settings)
        provenance.isReviewed = reviewed != nil
        self.provenance = provenance
        let name = scores.name
        verdicts = try reviewed.map { contents in
            var events = request
            (events.top, events.only, events.not, events.clips) = (nil, [], [], [])
            let source = try EventSource(
                cache: cache, ledger: ledger, pipeline: name, request: events, gap: 0, least: 0)
            return try ClipVerdicts(contents, source: source, ledger: ledger)
        }
    }

    /// - Throws: `FileError`, `CacheError`, `LedgerError`; `FileError` if the file cannot be written.
    package func write(_ format: Format, to path: String) throws -> Summary {
        let columns = try ManifestColumns(ledger)
        let further: CarriedColumns
        var summary: Summary
        switch format {
        case .csv:
            further = CarriedColumns(columns, besides: LabelCSVWriter.allColumns)
            let writer = LabelCSVWriter(classes: scores.classes, isReviewed: verdicts != nil, further: further)
            summary = try write(writer, to: path)
        case .jsonl:
            further = CarriedColumns(columns, besides: [])
            summary = try write(LabelLinesWriter(classes: scores.classes), to: path)
        case .sqlite:
            further = ResultDatabase.further(columns)
            summary = try writeDatabase(to: path, further)
        }
        summary.columns = further.record
        return summary
    }

    private func write(_ writer: any LabelWriter, to path: String) throws -> Summary {
        var summary = Summary()
        try FileSystem.write(path) { put in
            var out: [UInt8] = []
            writer.begin(&out)
            var tally = ClipTally()
            try forEach { clip, labels, _ in
                tally.note(clip)
                writer.begin(clip: clip, &out)
                if verdicts == nil {
                    for label in labels { writer.write(label, &out) }
                } else {
                    reviewed(clip.name, labels, &summary) { writer.write($0, place: $1, review: $2, &out) }
                }
                summary.labels += labels.count
                try put(out[...])
                out.removeAll(keepingCapacity: true)
            }
            try put(out[...])
            summary.coverage = try tally.finish(ledger, pipeline, selection.clips)
            summary.coverage.skipped = try scores.skipped?.count(where: selection.clips.contains)
        }
        return summary
    }

    private func writeDatabase(to path: String, _ further: CarriedColumns) throws -> Summary {
        var summary = Summary()
        var provenance = provenance
        provenance.further = further
        try ResultDatabase.make(
            path, .labels, classes: scores.classes, thresholds: selection.thresholds, provenance: provenance
        ) { database in
            var seconds: [Int64: Double] = [:]
            try ledger.forEachSource { seconds[$0.clip] = $0.seconds }
            var tally = ClipTally()
            try forEach { clip, labels, isSkipped in
                tally.note(clip)
                let state = isSkipped ? ClipTally.State.skipped : .done
                try database.write(try EventClip(clip, seconds: seconds[clip.id]), state: state.rawValue)
                if verdicts == nil {
                    for label in labels {
                        try database.write(label, clip: clip.name, name: scores.classes[label.place])
                    }
                } else {
                    try reviewed(clip.name, labels, &summary) {
                        try database.write($0, clip: clip.name, name: scores.classes[$1], review: $2)
                    }
                }
                summary.labels += labels.count
            }
            summary.coverage = try tally.finish(ledger, pipeline, selection.clips) { clip, state in
                try database.write(EventClip(clip, seconds: nil), state: state.rawValue)
            }
            summary.coverage.skipped = try scores.skipped?.count(where: selection.clips.contains)
            return summary.coverage
        }
        return summary
    }

    /// Labels with what was judged of them, then the chosen classes that were judged and are none of the labels, in the model's
    /// order.
    private func reviewed(
        _ clip: String, _ labels: [ClipLabel], _ summary: inout Summary,
        _ write: (ClipLabel?, Int, EventReview?) throws -> Void
    ) rethrows {
        let found = verdicts?[clip] ?? [:]
        var judged = summary.judged ?? (0, 0)
        for label in labels {
            let verdict = found[scores.classes[label.place]]
            if verdict != nil { judged.labels += 1 }
            try write(label, label.place, verdict?.review)
        }
        let written = Set(labels.map { scores.classes[$0.place] })
        for place in selection.places {
            guard let verdict = found[scores.classes[place]], !written.contains(scores.classes[place]) else { continue }
            judged.others += 1
            try write(nil, place, verdict.review)
        }
        summary.judged = judged
    }

    /// The chosen clips that are done, with their labels, and whether each was skipped as a whole, so that it has none.
    private func forEach(_ body: (ClipRecord, [ClipLabel], Bool) throws -> Void) throws {
        let labels = ClipLabels(selection)
        try scores.forEach(where: selection.clips.contains) { clip, values in
            try body(clip, labels.find(values), SkippedRow.matches(values))
        }
    }
}
