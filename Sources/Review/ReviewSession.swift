import Cache
import Errors
import Foundation
import Ledger
import Results

/// One review of a cache: its events, its judgements and the search in progress. Safe to use from any number of
/// threads.
package final class ReviewSession: @unchecked Sendable {
    /// The state of the search for events.
    package enum State: Sendable, Equatable {
        /// The search is in progress; the values are the recordings and events so far.
        case finding(clips: Int, events: Int)
        case ready
        /// The search failed for this reason.
        case failed(String)
    }

    let settings: ReviewSettings
    private let store: JudgementStore
    private let lock = NSLock()
    private var current: EventGeneration?
    private var state = State.finding(clips: 0, events: 0)
    private var board = JudgementBoard()
    /// Why the judgements cannot be read; nil if they can.
    private var fault: String?
    /// The store's change count at the last read; nil to read the file at the next request.
    private var seen: Int64?
    /// Whether the file was read as a whole.
    private var isRead = false
    /// The latest judgements by the keys that the page gave them, oldest first. A page that did not get the answer sends
    /// a judgement again, and it must not be stored twice.
    private var answered: [(key: String, judgement: Judgement)] = []
    private var last = 0
    private let finding = DispatchQueue(label: "earmark.review.find")

    package init(_ settings: ReviewSettings) {
        self.settings = settings
        store = settings.cache.judgements
    }

    // MARK: - Events

    /// Starts finding the events on a separate thread. The previous events stay available until it finishes.
    ///
    /// - Returns: whether it was started; false if a search is already in progress.
    @discardableResult
    package func find(then: @escaping @Sendable (State) -> Void = { _ in }) -> Bool {
        let number: Int? = lock.withLock {
            if last > 0, case .finding = state { return nil }
            state = .finding(clips: 0, events: 0)
            last += 1
            return settings.generationsBefore + last
        }
        guard let number else { return false }
        finding.async { [self] in
            do {
                let before = snapshot().generation?.index
                let made = try EventGeneration.make(number: number, settings: settings, before: before) {
                    clips, events in
                    self.lock.withLock { self.state = .finding(clips: clips, events: events) }
                }
                lock.withLock {
                    current = made
                    (seen, isRead) = (nil, false)
                    state = .ready
                }
            } catch {
                lock.withLock { state = .failed(Self.text(error)) }
            }
            then(lock.withLock { state })
        }
        return true
    }

    /// The current state and events; the generation is nil if there are no events.
    func snapshot() -> (state: State, generation: EventGeneration?) { lock.withLock { (state, current) } }

    // MARK: - Judgements

    /// Passes the judgements to `body`, including those that other processes have added.
    ///
    /// - Throws: what `body` throws.
    func judgements<Value>(_ body: (JudgementBoard, EventGeneration?, String?) throws -> Value) rethrows -> Value {
        try lock.withLock {
            refresh()
            return try body(board, current, fault)
        }
    }

    /// Stores a judgement of an event.
    ///
    /// - Parameter key: names this judgement: a second one with the same key is the first one again; nil for none.
    /// - Returns: the judgement; nil if the events have been found again since the page requested them.
    /// - Throws: `LedgerError` if it cannot be written; `SettingError` if the judgement is not valid.
    func judge(
        _ event: Int, of generation: Int, _ verdict: Judgement.Verdict, _ correction: Judgement.Correction,
        reviewer: String, key: String? = nil
    ) throws -> Judgement? {
        if let key, let before = lock.withLock({ answered.last { $0.key == key } }) { return before.judgement }
        guard let current = snapshot().generation, current.number == generation,
            (0..<current.index.count).contains(event)
        else { return nil }
        let (index, shown) = (current.index, current.index.event(event))
        let clip = Int(index.clips[event])
        if let label = correction.label, !index.classes.contains(label) {
            throw SettingError(name: "corrected label", found: "'\(label)'", expected: "one of the model's classes")
        }
        if let end = correction.end, let seconds = index.clip(clip).end, end > seconds + 0.001 {
            throw SettingError(
                name: "corrected end", found: "\(end) s", expected: "at most \(seconds) s, where the clip ends")
        }
        guard let content = try current.content(ofClip: clip) else {
            throw SettingError(
                name: "clip", found: "one that is no longer in the cache's manifest",
                expected: "one that is in it; reload the events")
        }
        let subject = Judgement.Subject(
            clip: shown.clip, content: content, label: shown.label, start: shown.start, end: shown.end,
            score: shown.score, peak: shown.peak, threshold: index.threshold(ofEvent: event),
            stage: current.stage)
        let made = try store.add(subject, verdict, correction: correction, reviewer: reviewer, time: Self.now)
        if let key {
            lock.withLock {
                answered.append((key, made))
                if answered.count > Self.mostAnswered { answered.removeFirst() }
            }
        }
        return made
    }

    /// Undoes a judgement of the same reviewer.
    ///
    /// - Throws: what `JudgementStore.undo` throws.
    func undo(_ id: Int64, reviewer: String) throws { try store.undo(id, reviewer: reviewer, time: Self.now) }

    /// Whether judgements can be stored, judging by file permissions.
    var isWritable: Bool { store.isWritable }

    private static var now: String { Date().formatted(.iso8601) }

    /// The most judgements whose keys are remembered.
    private static let mostAnswered = 1000
    /// The seconds to wait for another process's transaction when reading: long enough for that of another review, and
    /// too short to notice.
    private static let patience = 0.05

    /// Reads new rows from the file of judgements. The caller must hold the lock.
    private func refresh() {
        let now = store.changes
        // A file that was moved away has the change count -1, and one in its place may have the same as before.
        guard now != seen || !store.isSame else { return }
        do {
            if !isRead || board.rows.isEmpty {
                try board.begin(try store.contents(patience: Self.patience), current)
            } else {
                try board.add(try store.contents(after: board.last, patience: Self.patience), current)
            }
            fault = nil
            (seen, isRead) = (store.changesRead ?? now, true)
        } catch {
            // The page shows the error, and what was read before; the next request tries again.
            fault = Self.text(error) + (board.rows.isEmpty ? "" : "; judgements are shown as they were last read")
            seen = nil
            // A file that is merely in use will have the same rows and more.
            if (error as? LedgerError)?.kind != .busy { isRead = false }
            if board.generation != current?.number {
                do { try board.match(current) } catch { fault = Self.text(error) }
            }
        }
    }

    static func text(_ error: any Error) -> String {
        if let error = error as? ExcerptError { return error.reason }
        if let error = error as? any EarmarkError { return "\(error)" }
        return "\(UnexpectedError(error))"
    }
}
