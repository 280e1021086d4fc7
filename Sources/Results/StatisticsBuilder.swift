import Cache
import Corpora
import Errors
import Evaluation
import Ledger
import Sessions

/// Collects a cache's clip and chunk scores into per-class statistics, and into what a page shows beside them.
package struct StatisticsBuilder {
    private let cache: CacheFolder
    private let pipeline: String?
    private let divisions: [ClipDivision.Kind]

    /// - Parameters:
    ///   - pipeline: its name; nil for the last one with clip scores.
    ///   - divisions: what the clips are divided by in `ReportContent.divisions`, besides hour of day and date, by which
    ///     they always are if the start time of any is known.
    package init(cache: CacheFolder, pipeline: String?, by divisions: [ClipDivision.Kind] = []) {
        self.cache = cache
        self.pipeline = pipeline
        self.divisions = divisions
    }

    /// - Parameters:
    ///   - truth: a manifest with labels; nil for statistics without it. If given, only clips that it names are counted.
    ///   - map: turns the truth's labels into the model's classes.
    ///   - thresholds: the scores from which a clip or a chunk counts as having a class; nil for the model's own.
    /// - Throws: `CacheError` if there are no scores; `TableError` if a label of the truth is not one of the classes.
    package func report(truth: Manifest?, map: LabelMap? = nil, thresholds: ClassThresholds? = nil) throws
        -> SummaryReport
    {
        try content(truth: truth, map: map, thresholds: thresholds, examples: nil).summary
    }

    /// The statistics and all else that a page shows of them. Its title is empty.
    ///
    /// - Parameters:
    ///   - truth: as for `report(truth:map:thresholds:)`, and so are `map` and `thresholds`.
    ///   - examples: which clips are shown as examples, and how; nil for the statistics alone.
    /// - Throws: as `report(truth:map:thresholds:)` does.
    package func content(
        truth: Manifest?, map: LabelMap? = nil, thresholds: ClassThresholds? = nil, examples: ExampleSettings?
    ) throws -> ReportContent {
        let ledger = try cache.reading()
        return try ledger.consistently {
            try content(ledger, truth: truth, map: map, thresholds: thresholds, judged: nil, examples: examples)
        }
    }

    /// As `content(truth:map:thresholds:examples:)`, with what reviewers judged as the truth of the clips and classes that
    /// they judged; of the others nothing is known.
    ///
    /// - Returns: the content, and the truth that it was made with.
    /// - Throws: as `report(truth:map:thresholds:)` does; `CacheError` if the pipeline keeps no chunk scores.
    package func content(
        reviewed contents: JudgementStore.Contents, request: SelectionRequest, thresholds: ClassThresholds? = nil,
        examples: ExampleSettings?
    ) throws -> (content: ReportContent, truth: PartialTruth) {
        let ledger = try cache.reading()
        return try ledger.consistently {
            let scored = try PipelineChoice.scored(ledger, name: pipeline)
            let source = try EventSource(
                cache: cache, ledger: ledger, pipeline: scored.name, request: request, gap: 0, least: 0)
            let verdicts = try ClipVerdicts(contents, source: source, ledger: ledger)
            let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
            var truth = PartialTruth(classes: scores.classes.count)
            var row = 0
            // In the table's order, which has no row for a clip that was skipped as a whole.
            try scores.forEach { clip, values in
                if SkippedRow.matches(values) { return }
                for (place, name) in scores.classes.enumerated() {
                    if let has = verdicts[clip.name][name]?.has { truth.add(row: row, place: place, has: has) }
                }
                row += 1
            }
            return (
                try content(
                    ledger, truth: nil, map: nil, thresholds: thresholds, judged: truth, examples: examples), truth
            )
        }
    }

    private func content(
        _ ledger: Ledger, truth: Manifest?, map: LabelMap?, thresholds: ClassThresholds?, judged: PartialTruth?,
        examples: ExampleSettings?
    ) throws -> ReportContent {
        let scored = try PipelineChoice.scored(ledger, name: pipeline)
        let scores = try ClipScores(cache: cache, ledger: ledger, pipeline: pipeline)
        let model = ScoredModel(scored)
        let thresholds = thresholds ?? model.thresholds(given: nil)
        let limits = scores.classes.map { thresholds.value(of: $0) }
        let counters = try counters(ledger, limits, isPage: examples != nil)
        let clips = try ScoredClips(
            ledger, scores: scores, model: model, truth: truth, map: map, counters: counters)
        let details = try examples.map {
            try ReportDetails(
                clips.table, truth: clips.labels, judged: judged, thresholds: thresholds, groups: clips.groups,
                examples: $0.perClass)
        }
        var windows = ExampleWindows(Self.keys(details, clips), thresholds: limits)
        let chunks = try chunkScores(ledger, scored, model)
        let time = try chunks.flatMap { try coveredTime($0, clips, limits, counters, &windows) }
        let evaluator = Evaluator(thresholds: thresholds)
        var report =
            try judged.map { try evaluator.report(clips.table, judged: $0, hoursAbove: time?.hours) }
            ?? evaluator.report(clips.table, truth: clips.labels, hoursAbove: time?.hours)
        report.clips += clips.skipped.clips
        report.hours += clips.skipped.seconds / 3600
        report.skipped = SummaryReport.Skipped(clips: clips.skipped.clips, hours: clips.skipped.seconds / 3600)
        report.coverage = clips.coverage
        report.truthCoverage = clips.truthCoverage
        report.clipsWithoutLength = clips.unknownLengths
        report.clipsWithoutChunkScores = clips.ids.count - (time?.clips ?? 0)
        var content = ReportContent(summary: report, details: details)
        content.divisions = counters.map { $0.division() }
        guard let examples, let details else { return content }
        content.failures = try FailureLine.all(ledger, pipeline: scored.pipeline)
        let records = try Self.records(ledger, details, clips)
        content.clips = records.mapValues { ReportContent.Clip(name: $0.name, path: $0.path) }
        if examples.perClass == 0 { return content }
        guard let chunks else {
            content.excerpts = ReportExcerpts(
                none: "the pipeline keeps no chunk scores, which would say where in a recording to look")
            return content
        }
        content.excerpts = try ExcerptMaker(
            settings: examples, thresholds: limits, rate: chunks.timing.rate, records: records, windows: windows,
            reader: ExcerptReader(cache: cache, ledger: ledger, scores: chunks)
        ).make(details, summary: report)
        return content
    }

    /// What counts the parts of the divisions that were asked for, and of those that a page always shows.
    private func counters(_ ledger: Ledger, _ limits: [Double], isPage: Bool) throws -> [GroupCounter] {
        var kinds = divisions
        if isPage, try ManifestColumns(ledger).hasStartTimes {
            for kind in [ClipDivision.Kind.hour, .date] where !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds.map { GroupCounter($0, thresholds: limits) }
    }

    /// The clips and classes of all examples.
    private static func keys(_ details: ReportDetails?, _ clips: ScoredClips) -> [ExampleWindows.Key] {
        (details?.classes ?? []).enumerated().flatMap { index, found in
            found.examples.map { ExampleWindows.Key(clip: clips.rows[$0.clip], classIndex: index) }
        }
    }

    /// The ledger's records of the clips that are examples, by row.
    private static func records(_ ledger: Ledger, _ details: ReportDetails, _ clips: ScoredClips) throws
        -> [Int: ClipRecord]
    {
        let rows = Set(details.classes.flatMap { $0.examples.map(\.clip) })
        let rowOf = Dictionary(uniqueKeysWithValues: rows.map { (clips.rows[$0], $0) })
        var records: [Int: ClipRecord] = [:]
        try ledger.forEachClip { clip in
            if let row = rowOf[clip.id] { records[row] = clip }
        }
        return records
    }

    /// The chunk scores that the clip scores were made of; nil if there are none that can be placed in time.
    private func chunkScores(_ ledger: Ledger, _ scored: PipelineChoice.Scored, _ model: ScoredModel) throws
        -> ChunkScores?
    {
        // Rows from before the ledger stored the timing of chunks cannot be placed in time.
        guard let stage = try model.chunkScores(ledger, of: scored), try ledger.frontEnds()[stage.id] != nil else {
            return nil
        }
        return try ChunkScores(
            cache: cache, ledger: ledger,
            found: PipelineChoice.Scored(pipeline: scored.pipeline, stage: stage, notice: nil))
    }

    /// How long each class was present, and how many clips' chunk scores that is based on; nil if no clip has chunk scores.
    /// Examples' windows are found in the same pass.
    private func coveredTime(
        _ chunks: ChunkScores, _ clips: ScoredClips, _ limits: [Double], _ counters: [GroupCounter],
        _ windows: inout ExampleWindows
    ) throws -> (hours: [Double], clips: Int)? {
        var time = CoveredTime(thresholds: limits)
        var found = 0
        var search = windows
        try chunks.forEach(where: { clips.ids.contains($0.id) }) { clip in
            found += 1
            time.begin()
            search.begin(clip: clip.record.id)
            let last = (max(1, clip.rows.rows) - 1) * chunks.timing.hop + chunks.timing.length
            for counter in counters {
                counter.begin(
                    chunksOf: clip.record, samples: min(last, clip.samples ?? .max), rate: chunks.timing.rate)
            }
            var start = 0
            try clip.forEachChunk { row in
                // If the recording's length was not stored, its last chunk counts whole.
                let end = min(start + chunks.timing.length, clip.samples ?? .max)
                time.add(row, from: start, to: end)
                for counter in counters { counter.add(row, from: start, to: end) }
                search.add(row, start..<max(start, end))
                start += chunks.timing.hop
            }
        }
        search.end()
        windows = search
        return found == 0 ? nil : (time.hours(rate: chunks.timing.rate), found)
    }
}
