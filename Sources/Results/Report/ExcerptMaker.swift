import Audio
import Cache
import Dispatch
import Evaluation
import Ledger
import Synchronization

/// Makes pictures and sounds of examples, cycling through the classes, until they reach the page's size limit.
struct ExcerptMaker {
    let settings: ExampleSettings
    /// Thresholds by class.
    let thresholds: [Double]
    /// The sample rate of the windows, in samples per second.
    let rate: Int
    /// The clips used as examples, by their row in the table of scores.
    let records: [Int: ClipRecord]
    let windows: ExampleWindows
    let reader: ExcerptReader
    /// The width of a picture, chosen so that its text is legible in three columns and on a phone.
    private static let width = 400.0
    /// The maximum number of pixel columns for frames, about as many as the page displays; more would only use up space
    /// that other examples need.
    private static let columns = 320

    /// An example that has its picture, but not its sound yet.
    private struct Draft {
        var excerpt: ReportExcerpt
        /// The reason why there is neither picture nor sound.
        var loss: String?
        /// The reason why there is no picture.
        var problem: String?
        /// Makes the sound; may run on any thread.
        var sound: (@Sendable () throws -> EncodedSound)?
        /// The reason why there is no sound.
        var silence: String?
    }

    /// The number of examples made at a time: a few for each thread that encodes sound, the slowest step.
    private static let batch = 8

    /// Makes the excerpts of a report's examples.
    ///
    /// A problem with a recording is not thrown, but reported with its example.
    ///
    /// - Throws: `LedgerError`; `FileError` or `AudioError` if a system resource has run out.
    func make(_ details: ReportDetails, summary: SummaryReport) throws -> ReportExcerpts {
        var made = ReportExcerpts()
        made.limit = settings.bytes
        let queue = Self.queue(details, summary)
        for start in stride(from: 0, to: queue.count, by: Self.batch) {
            let keys = queue[start..<min(start + Self.batch, queue.count)]
            for (place, outcome) in zip(keys.indices, try outcomes(keys, summary)) {
                if case .shown(let excerpt) = outcome {
                    // Stop at the first one that does not fit: a later, smaller one would be chosen for its size alone.
                    guard made.bytes + excerpt.bytes <= settings.bytes else {
                        made.leftOut = queue.count - place
                        return made
                    }
                    made.bytes += excerpt.bytes
                }
                made.outcomes[queue[place]] = outcome
            }
        }
        return made
    }

    /// The examples in the order in which they are given space: the first of each kind before the second of any, and
    /// within that, one kind for all classes before the next kind. Classes with more clips at the threshold come first.
    /// Classes that no clip reaches, and of which the truth has none either, come after all others.
    static func queue(_ details: ReportDetails, _ summary: SummaryReport) -> [ReportExcerpts.Key] {
        let classes = summary.classes
        let order = classes.indices.sorted { (classes[$1].clipsAbove, $0) < (classes[$0].clipsAbove, $1) }
        let isPresent = { (index: Int) in
            classes[index].clipsAbove > 0 || classes[index].truth?.metrics.positives ?? 0 > 0
        }
        let kinds: [[ExampleClip.Kind]] = [[.best], [.justAbove, .justBelow], [.falseAlarm], [.missed]]
        var queue: [ReportExcerpts.Key] = []
        for indices in [order.filter(isPresent), order.filter { !isPresent($0) }] {
            for round in 0..<details.exampleLimit {
                for kind in kinds {
                    for index in indices {
                        let own = details.classes[index].examples.filter { kind.contains($0.kind) }
                        if own.indices.contains(round) { queue.append(.init(classIndex: index, example: own[round])) }
                    }
                }
            }
        }
        return queue
    }

    /// The outcomes of some examples, in the same order.
    private func outcomes(_ keys: ArraySlice<ReportExcerpts.Key>, _ summary: SummaryReport) throws
        -> [ReportExcerpts.Outcome]
    {
        let drafts = try keys.map { try draft($0, summary.classes[$0.classIndex].name) }
        let sounds = Self.sounds(drafts.map(\.sound))
        return try zip(drafts, sounds).map { draft, sound in
            if let loss = draft.loss { return .lost(loss) }
            var found = draft
            if let sound {
                found.silence = try reason {
                    let sound = try sound.get()
                    found.excerpt.sound = ReportExcerpt.Sound(bytes: sound.bytes, type: sound.mediaType)
                }
            }
            if let problem = found.problem, found.excerpt.sound == nil { return .lost(found.silence ?? problem) }
            found.excerpt.problems = [
                found.problem.map { "No picture: \($0)." }, found.silence.map { "No sound: \($0)." },
            ].compactMap(\.self)
            return .shown(found.excerpt)
        }
    }

    private func draft(_ key: ReportExcerpts.Key, _ name: String) throws -> Draft {
        guard let clip = records[key.example.clip] else {
            return Draft(excerpt: ReportExcerpt(window: 0...0), loss: "the cache no longer has the clip")
        }
        guard let own = windows.window(.init(clip: clip.id, classIndex: key.classIndex), rate: rate) else {
            return Draft(excerpt: ReportExcerpt(window: 0...0), loss: "the cache has no chunk scores of the clip")
        }
        // Chunks are counted from the clip's start.
        let start = try clip.recordingPart()?.startSeconds ?? 0
        let window = own.lowerBound + start...own.upperBound + start
        var draft = Draft(excerpt: ReportExcerpt(window: window))
        draft.problem = try reason { try draw(clip, key, name, &draft.excerpt) }
        draft.silence = try reason {
            draft.sound = try reader.soundLater(
                of: clip, from: window.lowerBound, to: window.upperBound, encoding: settings.encoding)
        }
        return draft
    }

    /// Makes sounds on all processors; a result is nil if its maker is nil.
    private static func sounds(_ makers: [(@Sendable () throws -> EncodedSound)?]) -> [Result<EncodedSound, any Error>?]
    {
        let made = Mutex([Int: Result<EncodedSound, any Error>]())
        DispatchQueue.concurrentPerform(iterations: makers.count) { place in
            guard let maker = makers[place] else { return }
            let result = Result { try maker() }
            made.withLock { $0[place] = result }
        }
        return made.withLock { made in makers.indices.map { made[$0] } }
    }

    /// Runs a closure and returns the reason if it fails; nil if it succeeds.
    ///
    /// - Throws: all errors except `ExcerptError`, which concerns only the recording.
    private func reason(_ body: () throws -> Void) throws -> String? {
        do {
            try body()
            return nil
        } catch let error as ExcerptError {
            return error.reason
        }
    }

    private func draw(_ clip: ClipRecord, _ key: ReportExcerpts.Key, _ name: String, _ excerpt: inout ReportExcerpt)
        throws
    {
        let (from, to) = (excerpt.window.lowerBound, excerpt.window.upperBound)
        let frames = try reader.logMel(of: clip, from: from, to: to)
        let curve = try reader.curve(of: clip, class: key.classIndex, from: from, to: to)
        let drawing = ExcerptDrawing(
            LogMelPicture(frames, width: min(frames.frames, Self.columns)),
            marks: .init(curve: curve, label: name, threshold: thresholds[key.classIndex]), title: clip.name,
            width: Self.width)
        excerpt.window = frames.window.lowerBound...frames.window.upperBound
        excerpt.picture = try drawing.svg()
        if settings.hasFiles { excerpt.file = try drawing.svg(isFile: true) }
    }
}
