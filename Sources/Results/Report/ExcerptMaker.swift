import Audio
import Dispatch
import Evaluation
import Ledger
import Synchronization

/// Makes pictures and sound of examples, class by class in turn, until they fill the room that they have in the page.
struct ExcerptMaker {
    let settings: ExampleSettings
    /// Thresholds by class.
    let thresholds: [Double]
    /// Samples per second of the windows.
    let rate: Int
    /// Clips that are examples, by row.
    let records: [Int: ClipRecord]
    let windows: ExampleWindows
    let reader: ExcerptReader
    /// Of a picture, so that its writing is legible in three columns and on a phone.
    private static let width = 400.0
    /// Most columns of its frames, which are about the pixels that it has in the page; more would take room from other examples.
    private static let columns = 320

    /// An example with its picture, whose sound is still to be made.
    private struct Draft {
        var excerpt: ReportExcerpt
        /// Why there is neither picture nor sound.
        var loss: String?
        /// Why there is no picture.
        var problem: String?
        /// Makes the sound, on any thread.
        var sound: (@Sendable () throws -> EncodedSound)?
        /// Why there is no sound.
        var silence: String?
    }

    /// Examples that are made at a time: a few for each thread that encodes their sound, which takes the most time.
    private static let batch = 8

    /// - Throws: `LedgerError`, and `FileError` or `AudioError` if the system has run out of something. What is wrong with a
    ///   recording is told in its example.
    func make(_ details: ReportDetails, summary: SummaryReport) throws -> ReportExcerpts {
        var made = ReportExcerpts()
        made.limit = settings.bytes
        let queue = Self.queue(details, summary)
        for start in stride(from: 0, to: queue.count, by: Self.batch) {
            let keys = queue[start..<min(start + Self.batch, queue.count)]
            for (place, outcome) in zip(keys.indices, try outcomes(keys, summary)) {
                if case .shown(let excerpt) = outcome {
                    // The first one that finds no room ends it: a smaller one further on would be there for its size alone.
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

    /// The examples in the order in which they get room: the first of each kind before the second of any, and kind by kind
    /// the first one of every class before another kind. Classes with more clips at the threshold go first; those that no
    /// clip reaches, and of which the truth has none either, get what the others leave.
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

    /// What becomes of some examples, in their order.
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
        guard let window = windows.window(.init(clip: clip.id, classIndex: key.classIndex), rate: rate) else {
            return Draft(excerpt: ReportExcerpt(window: 0...0), loss: "the cache has no chunk scores of the clip")
        }
        var draft = Draft(excerpt: ReportExcerpt(window: window))
        draft.problem = try reason { try draw(clip, key, name, &draft.excerpt) }
        draft.silence = try reason {
            draft.sound = try reader.soundLater(
                of: clip, from: window.lowerBound, to: window.upperBound, encoding: settings.encoding)
        }
        return draft
    }

    /// Makes sounds on all processors; nil where there is nothing to make.
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

    /// Why something cannot be had; nil if it could.
    ///
    /// - Throws: all errors but `ExcerptError`, which is of the recording alone.
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
