import Cache
import Corpora
import Errors
import Evaluation
import Ledger

/// The clip scores of a cache as a table, with the truth for the same clips beside it. Clips that were skipped as a whole
/// have no row.
struct ScoredClips {
    let table: ScoreTable
    /// Rows in the same order as the table's; nil if no truth was given.
    let labels: LabelTable?
    let truthCoverage: TruthCoverage?
    let coverage: Coverage
    /// Ledger ids of the table's clips.
    let ids: Set<Int64>
    /// The same, row by row.
    let rows: [Int64]
    /// The clips divided by folder, and by split if a truth was given.
    let groups: [ClipGroups]
    /// Clips whose length is not in the ledger.
    let unknownLengths: Int
    /// Clips that were skipped as a whole, and their seconds: heard, though without scores. None if a truth was given, as
    /// then all figures are of the clips with scores in it.
    let skipped: (clips: Int, seconds: Double)

    /// - Parameters:
    ///   - truth: a manifest with labels. If given, only clips that it names are used.
    ///   - map: turns its labels into the model's classes.
    ///   - counters: divisions of the clips, to which each clip is added, also one that was skipped.
    /// - Throws: `CacheError` if no clip is left; `TableError` or `SettingError` if a label is unknown.
    init(
        _ ledger: Ledger, scores: ClipScores, model: ScoredModel, truth: Manifest?, map: LabelMap?,
        counters: [GroupCounter] = []
    ) throws {
        guard scores.classes == model.names.names else {
            throw CacheError(
                .badInput, path: ledger.path, "pipeline '\(scores.pipeline.name)' was run anew meanwhile; ask again")
        }
        var resolver = TruthLabels(names: model.names, map: map)
        if let truth { try resolver.check(truth) }
        var seconds: [Int64: Double] = [:]
        try ledger.forEachSource { seconds[$0.clip] = $0.seconds }
        var values: [Float] = []
        var lengths: [Double] = []
        var rows: [Int64] = []
        var (folders, splits) = (FolderGroups(), SplitGroups())
        var labels = LabelTable(classes: scores.classes.count)
        var (scored, unknownLengths, unlabelled) = (0, 0, 0)
        // A row of the truth may be of several clips, the channels of one recording.
        var rowsOfChannels: [Int: Int] = [:]
        var skipped = (all: 0, ofTruth: 0, seconds: 0.0)
        try scores.forEach { clip, row in
            scored += 1
            if SkippedRow.matches(row) {
                skipped.all += 1
                if truth?.row(of: clip.name) != nil { skipped.ofTruth += 1 }
                if truth == nil {
                    let length = seconds[clip.id] ?? 0
                    skipped.seconds += length
                    if seconds[clip.id] == nil { unknownLengths += 1 }
                    for counter in counters { counter.add(clip, scores: row, seconds: length) }
                }
                return
            }
            if let truth {
                guard let place = truth.row(of: clip.name) else { return }
                if truth.hasUncountedChannels { rowsOfChannels[place, default: -1] += 1 }
                let found = resolver.places(of: truth.labels(place))
                if found.isEmpty { unlabelled += 1 }
                try labels.append(found)
                splits.add(split: truth.split(place))
            }
            values += row
            if seconds[clip.id] == nil { unknownLengths += 1 }
            lengths.append(seconds[clip.id] ?? 0)
            rows.append(clip.id)
            folders.add(path: clip.path)
            for counter in counters { counter.add(clip, scores: row, seconds: seconds[clip.id] ?? 0) }
        }
        guard !lengths.isEmpty else {
            throw CacheError(
                .badInput, path: scored == skipped.all ? ledger.path : truth?.file ?? ledger.path,
                scored == 0
                    ? "no clip has scores yet"
                    : scored == skipped.all
                        ? "every clip was skipped as a whole because of its level, so none has scores"
                        : "names none of the \(scored - skipped.all) clips that have scores")
        }
        table = try ScoreTable(classes: scores.classes, scores: values, seconds: lengths)
        self.labels = truth == nil ? nil : labels
        self.rows = rows
        ids = Set(rows)
        groups = [folders.groups()] + (truth == nil ? [] : [splits.groups()])
        self.unknownLengths = unknownLengths
        self.skipped = truth == nil ? (skipped.all, skipped.seconds) : (0, 0)
        let counts = try ledger.counts(for: scores.pipeline)
        var coverage = Coverage(clips: counts.clips, done: scored, failed: counts.failed)
        coverage.skipped = try scores.skipped?.count()
        self.coverage = coverage
        truthCoverage = truth.map {
            TruthCoverage(
                clips: $0.count + rowsOfChannels.values.reduce(0, +), scored: lengths.count,
                others: scored - skipped.all - lengths.count, skipped: skipped.ofTruth, unlabelled: unlabelled,
                labels: resolver.matched, dropped: resolver.droppedText)
        }
    }
}
