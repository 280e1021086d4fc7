import Audio
import Cache
import Corpora
import Evaluation
import Files
import Ledger
import Sessions

/// Takes events recording by recording, in the manifest's order.
package protocol EventSink: AnyObject {
    /// Starts a recording, whose events follow by start, then by class in the model's order; it may have none.
    func begin(clip: EventClip) throws
    func write(_ event: Event) throws
    /// Notes a chosen clip whose scores are not in the cache: it has failed, or is pending.
    func note(missing clip: EventClip, state: String) throws
}

extension EventSink {
    package func note(missing clip: EventClip, state: String) throws {}
}

/// The events of a cache's clips, found in its chunk scores. Nothing is decoded.
package struct EventSource {
    /// The outcome of a pass over the clips.
    package struct Summary: Sendable, Equatable {
        package var events = 0
        package var coverage = Coverage(clips: 0, done: 0, failed: 0)
        /// Clips whose own length was never stored by any version of Earmark: their last chunk counts whole, padding included.
        package var unknownLengths = 0
        /// What became of the manifest's further columns; nil if it has none.
        package var columns: ColumnRecord?
        /// What became of judgements; nil if they were not asked for.
        package var reviews: ReviewedEvents.Summary?
    }

    package let classes: [String]
    package let pipeline: PipelineRecord
    /// What to tell the user about the choice of pipeline; nil if there is nothing to say.
    package let notice: String?
    package let selection: ResultSelection
    package let rule: EventRule
    /// Only clips of these names, of those that were chosen; nil for all.
    package var only: Set<ClipName>?
    /// What finds these scores again, see `PipelineChoice.Scored`.
    package let name: String
    /// Fingerprint of the stage whose scores these are.
    package let stage: String
    private let ledger: Ledger
    private let scores: ChunkScores

    /// - Parameters:
    ///   - pipeline: its name; nil for the one that ran last among those that keep chunk scores.
    ///   - gap, least: seconds, as in `EventRule`.
    /// - Throws: `CacheError`, `LedgerError`; `TableError` or `SettingError` if the request does not fit the classes or the
    ///   clips.
    package init(
        cache: CacheFolder, ledger: Ledger, pipeline: String?, request: SelectionRequest, gap: Double, least: Double
    ) throws {
        self.ledger = ledger
        let found = try PipelineChoice.chunkScored(ledger, name: pipeline)
        let model = ScoredModel(found)
        scores = try ChunkScores(cache: cache, ledger: ledger, found: found)
        classes = scores.classes
        self.pipeline = scores.pipeline
        name = found.name
        notice = scores.notice
        stage = found.stage.fingerprint
        selection = try request.resolved(
            classes: classes, identifiers: model.names.identifiers, recommended: model.recommended)
        try selection.clips.check(ledger)
        rule = EventRule(thresholds: selection.thresholds, gap: gap, least: least)
    }

    /// The settings in an export's provenance.
    package var settings: [(name: String, value: String)] {
        (name == pipeline.name ? [] : [("pipeline", name)]) + selection.settings
            + [("gap", "\(rule.gap)"), ("least", "\(rule.least)")]
    }

    /// The model's front-end's frequency band, in Hz.
    package var band: ClosedRange<Double> { scores.band }

    /// Passes the path of every clip of the manifest to `body`, chosen or not.
    ///
    /// - Throws: `LedgerError`.
    package func forEachPath(_ body: (String) -> Void) throws { try ledger.forEachClip { body($0.path) } }

    /// Passes the path of every clip of the manifest to `body`, chosen or not, and the part of the recording that it is.
    ///
    /// - Throws: `LedgerError`.
    package func forEachPart(_ body: (String, RecordingPart?) -> Void) throws {
        try ledger.forEachClip { try body($0.path, $0.recordingPart()) }
    }

    /// The further columns of the cache's manifest.
    ///
    /// - Throws: `LedgerError`.
    package func manifestColumns() throws -> ManifestColumns { try ManifestColumns(ledger) }

    /// The name of a second chosen clip; nil if there is at most one.
    ///
    /// - Throws: `LedgerError`.
    package func secondClip() throws -> String? {
        var names: [String] = []
        try ledger.forEachClip { if names.count < 2, selection.clips.contains($0) { names.append($0.name) } }
        return names.count > 1 ? names[1] : nil
    }

    /// Passes every event of the chosen clips to the sink.
    ///
    /// - Throws: `FileError`, `CacheError`, `LedgerError`, and anything the sink throws.
    package func forEach(_ sink: any EventSink) throws -> Summary {
        var summary = Summary()
        var tally = ClipTally()
        var finder = EventFinder(timing: scores.timing, rule: rule, places: selection.places)
        var best = selection.top.map(BestEvents.init)
        try scores.forEach(where: { isWanted($0) }) { clip in
            tally.note(clip.record)
            if clip.samples == nil { summary.unknownLengths += 1 }
            let own = try EventClip(clip.record, seconds: clip.seconds)
            try sink.begin(clip: own)
            let began = ClipMetadata.began(json: clip.record.metadata)
            func write(_ found: FoundEvent) throws {
                summary.events += 1
                try sink.write(event(found, own, began))
            }
            func take(_ found: FoundEvent) throws { if best?.add(found) == nil { try write(found) } }
            finder.begin(samples: clip.samples)
            try clip.forEachChunk { try finder.add($0, take) }
            try finder.finish(take)
            for found in best?.take() ?? [] { try write(found) }
        }
        var coverage = try tally.finish(ledger, pipeline, selection.clips) { clip, state in
            try sink.note(missing: EventClip(clip, seconds: nil), state: state.rawValue)
        }
        coverage.skipped = try scores.skipped?.count(where: isWanted)
        summary.coverage = coverage
        return summary
    }

    private func isWanted(_ clip: ClipRecord) -> Bool {
        only.map { $0.contains(ClipName(clip.name)) } ?? true && selection.clips.contains(clip)
    }

    private func event(_ found: FoundEvent, _ clip: EventClip, _ began: StartTime?) -> Event {
        let rate = Double(scores.timing.rate)
        let start = clip.start + Double(found.start) / rate
        return Event(
            clip: clip.name, path: clip.path, start: start,
            end: clip.start + min(Double(found.end) / rate, clip.seconds ?? .infinity), label: classes[found.place],
            score: found.score, peak: Double(found.peak), began: began?.text(after: start))
    }
}

extension EventClip {
    /// - Throws: `LedgerError` if the clip's part cannot be read.
    init(_ clip: ClipRecord, seconds: Double?) throws {
        self.init(
            name: clip.name, path: clip.path, seconds: seconds,
            began: ClipMetadata.began(json: clip.metadata)?.text(), part: try clip.recordingPart(),
            metadata: clip.metadata)
    }
}

extension StartTime {
    /// What happened some seconds into a recording that began at this time: to the millisecond, on the same clock.
    func text(after seconds: Double) -> String { adding(seconds: seconds).text(alwaysMilliseconds: true) }
}

/// A clip's best events: those with the highest score; among equal ones the earlier, then the class that comes first.
struct BestEvents {
    private let count: Int
    private var kept: [FoundEvent] = []

    init(_ count: Int) { self.count = count }

    mutating func add(_ event: FoundEvent) {
        if kept.count == count, let last = kept.last, !Self.isBetter(event, last) { return }
        let place = kept.firstIndex { Self.isBetter(event, $0) } ?? kept.count
        kept.insert(event, at: place)
        if kept.count > count { kept.removeLast() }
    }

    /// Removes and returns the events, by start, then class.
    mutating func take() -> [FoundEvent] {
        defer { kept.removeAll() }
        return kept.sorted { ($0.start, $0.place) < ($1.start, $1.place) }
    }

    private static func isBetter(_ a: FoundEvent, _ b: FoundEvent) -> Bool {
        (b.score, a.start, a.place) < (a.score, b.start, b.place)
    }
}
