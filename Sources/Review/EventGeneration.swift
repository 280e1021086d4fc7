import Audio
import Cache
import Corpora
import Errors
import Evaluation
import Files
import Foundation
import Ledger
import Results

/// The events of a cache as found at one time, with what is needed to show them.
///
/// The page names an event by its number within a generation, so it can never judge a different event from the one it
/// shows.
final class EventGeneration: @unchecked Sendable {
    let number: Int
    let index: EventIndex
    /// The fingerprint of the stage whose scores the events come from.
    let stage: String
    let pipeline: String
    let coverage: Coverage
    let thresholdText: String
    /// Notices for the reviewer, such as how much is missing.
    let notices: [String]
    /// How many of the index's classes are the model's: those behind them are labels of a table of events, and have no score
    /// curve.
    let modelClasses: Int
    /// The names of the classes under review, and the clips.
    private let wantedClasses: Set<String>
    private let wantedClips: ClipSelection
    private let lock = NSLock()
    private let ledger: Ledger
    /// The stage that says how long clips are and how they were heard.
    private let kept: KeptStage
    // Each is for one thread at a time; `lock` guards both.
    private let scores: ChunkScores?
    private let reader: ExcerptReader

    /// Takes the events of the table that the settings name, or else finds them.
    ///
    /// - Throws: what the initialisers throw.
    static func make(
        number: Int, settings: ReviewSettings, before: EventIndex?, progress: @escaping (Int, Int) -> Void
    ) throws -> EventGeneration {
        if let path = settings.events { return try EventGeneration(number: number, settings: settings, events: path) }
        return try EventGeneration(number: number, settings: settings, before: before, progress: progress)
    }

    /// Finds the events.
    ///
    /// - Parameters:
    ///   - before: the events found last time, used to estimate how much memory to reserve.
    ///   - progress: called with the number of recordings and of events so far.
    /// - Throws: what `EventSource` throws.
    init(
        number: Int, settings: ReviewSettings, before: EventIndex?, progress: @escaping (Int, Int) -> Void
    ) throws {
        self.number = number
        let ledger = try settings.cache.reading()
        self.ledger = ledger
        let (source, index, summary, scores) = try ledger.consistently {
            let source = try EventSource(
                cache: settings.cache, ledger: ledger, pipeline: settings.pipeline, request: settings.request,
                gap: settings.gap, least: settings.least)
            var index = EventIndex(classes: source.classes, thresholds: source.rule.thresholds.on)
            if let before { index.expect(before) }
            let sink = IndexSink(index, progress: progress)
            index = EventIndex(classes: [], thresholds: [])
            let summary = try source.forEach(sink)
            sink.index.finish()
            let found = sink.index
            let scores = try ChunkScores(cache: settings.cache, ledger: ledger, pipeline: source.name)
            return (source, found, summary, scores)
        }
        self.index = index
        self.scores = scores
        kept = scores.kept
        reader = try ExcerptReader(cache: settings.cache, ledger: ledger, scores: scores)
        stage = source.stage
        pipeline = source.name
        coverage = summary.coverage
        thresholdText = source.selection.thresholdText
        modelClasses = source.classes.count
        wantedClasses = Set(source.selection.places.map { source.classes[$0] })
        wantedClips = source.selection.clips
        var notices = [source.notice].compactMap(\.self)
        if let skipped = summary.coverage.skipped, skipped.chunks > 0 { notices.append(skipped.text + ".") }
        if !summary.coverage.isWhole { notices.append("Events are of \(summary.coverage.text).") }
        if summary.unknownLengths > 0 {
            notices.append(
                "The length of \(summary.unknownLengths) recordings is not known: events at the end may reach into "
                    + "padding."
            )
        }
        self.notices = notices
    }

    /// Takes the events of a table.
    ///
    /// - Throws: what `EventFile` and `EventTableStage` throw.
    private init(number: Int, settings: ReviewSettings, events path: String) throws {
        self.number = number
        let ledger = try settings.cache.reading()
        self.ledger = ledger
        let request = settings.request
        let (file, shown) = try ledger.consistently {
            (
                try EventFile(contentsOf: path, ledger: ledger),
                try EventTableStage(cache: settings.cache, ledger: ledger, pipeline: settings.pipeline)
            )
        }
        let chosen = try file.selected(only: request.only, not: request.not, clips: request.clips)
        let labels = Set(chosen.flatMap { $0.events.map(\.label) })
        let known = shown.scores?.classes ?? []
        let others = labels.subtracting(known).sorted()
        let classes = known + others
        guard classes.count <= Int(UInt16.max) else {
            throw SettingError(
                name: "--events", found: "\(others.count) labels that are no classes of the model",
                expected: "at most \(Int(UInt16.max) - known.count)")
        }
        let thresholds = [Float](repeating: 0, count: classes.count)
        let sink = IndexSink(EventIndex(classes: classes, thresholds: thresholds), progress: { _, _ in })
        for (clip, events) in chosen {
            try sink.begin(clip: clip)
            for event in events { try sink.write(event) }
        }
        sink.index.finish()
        index = sink.index
        modelClasses = known.count
        kept = shown.kept
        scores = shown.scores
        reader = try ExcerptReader(cache: settings.cache, ledger: ledger, kept: shown.kept, scores: shown.scores)
        // Their scores are not those of a stage: a judgement of such an event says nothing of a class's threshold.
        stage = "events of a table"
        pipeline = shown.kept.pipeline.name
        coverage = Coverage(clips: chosen.count, done: chosen.count, failed: 0)
        thresholdText = "none: the events are those of \(path)"
        wantedClasses = labels
        wantedClips = ClipSelection(request.clips)
        var notices = [shown.notice].compactMap(\.self) + file.notices
        if file.strangers.rows > 0 {
            notices.append(
                "Rows of clips that are not in this cache's manifest: \(file.strangers.rows), the first on line "
                    + "\(file.strangers.line).")
        }
        self.notices = notices
    }

    /// The digest of the recording that a clip's scores come from; nil if the clip is no longer in the manifest.
    ///
    /// - Throws: `LedgerError`.
    func content(ofClip index: Int) throws -> String? {
        try ledger.clip(named: self.index.clip(index).name)?.source?.content
    }

    /// The manifest's further columns of a clip that have a value, in its order; of `began`, the time of the event.
    ///
    /// - Parameter start: the event's, in seconds from the recording's.
    /// - Throws: `LedgerError`.
    func columns(ofClip index: Int, start: Double) throws -> [EventDetail.Column] {
        guard let clip = try ledger.clip(named: self.index.clip(index).name)?.clip,
            let metadata = clip.metadata.flatMap({ ClipMetadata(json: $0) })
        else { return [] }
        return metadata.fields.filter { !$0.value.isEmpty }.map { name, value in
            if name == ClipMetadata.began, let began = metadata.began {
                return EventDetail.Column(name: "at", value: began.adding(seconds: start).text())
            }
            return EventDetail.Column(name: name, value: value)
        }
    }

    /// Whether a judged event that is no longer found is of a class and clip under review.
    ///
    /// - Throws: `LedgerError`.
    func isWanted(_ lost: ClipReviews.Lost) throws -> Bool {
        guard wantedClasses.contains(lost.subject.label) else { return false }
        if wantedClips.isAll { return true }
        let path = try ledger.clip(named: lost.subject.clip)?.clip.path ?? ""
        return wantedClips.contains(name: lost.subject.clip, path: path)
    }

    // MARK: - Excerpts

    /// The log-mel picture of a stretch, as PNG.
    ///
    /// - Throws: `ExcerptError` with a reason for the page, and whatever `ExcerptReader` throws.
    func picture(ofClip clip: Int, window: Range<Double>) throws -> [UInt8] {
        try lock.withLock {
            let excerpt = try reader.logMel(of: record(clip), from: window.lowerBound, to: window.upperBound)
            return try LogMelPicture(excerpt, width: min(1200, max(300, excerpt.frames)), height: 192).png()
        }
    }

    /// - Throws: what `picture` throws.
    func sound(ofClip clip: Int, window: Range<Double>) throws -> EncodedSound {
        try lock.withLock {
            try reader.sound(
                of: record(clip), from: window.lowerBound, to: window.upperBound, encoding: .wav)
        }
    }

    /// The frequency band of the pictures, in Hz.
    var band: ClosedRange<Double> { kept.band }

    /// Whether there are chunk scores, of which score curves are made.
    var hasScores: Bool { scores != nil }

    /// The score curve of one of the model's classes over a stretch.
    ///
    /// - Throws: what `picture` throws.
    func curve(ofClip clip: Int, place: Int, window: Range<Double>) throws -> [ScoreCurve.Step] {
        try lock.withLock {
            let points = try reader.curve(
                of: record(clip), class: place, from: window.lowerBound, to: window.upperBound)
            return ScoreCurve.steps(points, in: window)
        }
    }

    /// The highest score of each class over the chunks that lie mostly within an event, highest first; none if there are no
    /// chunk scores.
    ///
    /// - Throws: what `picture` throws.
    func others(ofClip clip: Int, span: Range<Double>, count: Int) throws -> [(place: Int, score: Float)] {
        try lock.withLock {
            let record = try record(clip)
            guard let scores, let found = try scores.place(of: record), found.chunks > 0 else { return [] }
            let rate = Double(scores.timing.rate)
            let (hop, length) = (Double(scores.timing.hop) / rate, Double(scores.timing.length) / rate)
            // Chunks whose middle lies in the event; for a very long event, only those of its first minutes.
            // Chunks are counted from the clip's start.
            let middle = length / 2 + (try record.recordingPart()?.startSeconds ?? 0)
            let first = min(max(0, Int(((span.lowerBound - middle) / hop).rounded(.up))), found.chunks - 1)
            let end = min(
                found.chunks, max(first + 1, Int(((span.upperBound - middle) / hop).rounded(.down)) + 1), first + 512)
            let values = try scores.values(found, chunks: first..<end, of: record).values
            let width = scores.classes.count
            var best = [Float](repeating: 0, count: width)
            for start in stride(from: 0, to: values.count, by: width) {
                for place in 0..<width { best[place] = max(best[place], values[start + place]) }
            }
            let order = best.indices.sorted { (best[$1], $0) < (best[$0], $1) }
            return order.prefix(count).map { ($0, best[$0]) }
        }
    }

    /// - Throws: `ExcerptError` if the clip is no longer in the manifest.
    private func record(_ clip: Int) throws -> ClipRecord {
        let (name, path) = (index.clip(clip).name, index.clip(clip).path)
        guard let found = try ledger.clip(named: name) else {
            throw ExcerptError(.gone, path: path, "no longer in the cache's manifest; reload the events")
        }
        return found.clip
    }
}

/// Collects events in an index.
private final class IndexSink: EventSink {
    private static let step = 500

    var index: EventIndex
    private let places: [String: Int]
    private let progress: (Int, Int) -> Void
    private var clips = 0

    init(_ index: EventIndex, progress: @escaping (Int, Int) -> Void) {
        self.index = index
        self.progress = progress
        places = Dictionary(index.classes.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    func begin(clip: EventClip) throws {
        clips += 1
        if clips % Self.step == 0 { progress(clips, index.count) }
        index.begin(clip)
    }

    func write(_ event: Event) throws {
        guard let place = places[event.label] else { return }
        guard index.count < Int(Int32.max) else {
            throw SettingError(
                name: "--threshold", found: "more than \(Int32.max) events", expected: "a threshold with fewer")
        }
        index.add(event, place: place)
    }
}
