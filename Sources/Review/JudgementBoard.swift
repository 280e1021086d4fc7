import Foundation
import Ledger
import Results

/// A cache's judgements matched to the events of one generation, and kept up to date while this and other processes add
/// judgements.
struct JudgementBoard {
    /// The judgements of one event and their combined review.
    struct Standing {
        let judgements: [Judgement]
        let review: EventReview?

        /// The reviewer's judgement that counts: the last one.
        func own(_ reviewer: String) -> Judgement? { judgements.last { $0.reviewer == reviewer } }
    }

    private(set) var rows: [JudgementRow] = []
    private(set) var damage: [String] = []
    private var history = JudgementHistory([])
    /// The standing of each judged event, by the event's index.
    private(set) var standings: [Int: Standing] = [:]
    /// The judged events that are no longer found, by clip; only those of the classes and clips under review.
    private var lostByClip: [[UInt8]: [ClipReviews.Lost]] = [:]
    private var clipIndex: [[UInt8]: Int?] = [:]
    /// The number of the generation that the judgements are matched to; nil if there is none.
    private(set) var generation: Int?

    var last: Int64 { rows.last?.id ?? 0 }

    /// The judged events that are no longer found, sorted by clip name, start and label.
    var lost: [ClipReviews.Lost] {
        lostByClip.values.flatMap { $0 }.sorted {
            ($0.subject.clip, $0.subject.start, $0.subject.label) < (
                $1.subject.clip, $1.subject.start, $1.subject.label
            )
        }
    }

    /// The number of judged events that are no longer found.
    var lostCount: Int { lostByClip.values.reduce(0) { $0 + $1.count } }

    /// The number of judgements that were not undone.
    var count: Int { history.count }

    /// Replaces everything with these judgements, matched to the events of a generation.
    ///
    /// - Throws: `LedgerError`.
    mutating func begin(_ contents: JudgementStore.Contents, _ generation: EventGeneration?) throws {
        (rows, damage, standings, lostByClip, clipIndex) = (contents.rows, contents.damage, [:], [:], [:])
        history = JudgementHistory(rows)
        self.generation = generation?.number
        guard let generation else { return }
        let clips = history.clips
        for (name, index) in generation.index.clips(named: clips) { clipIndex[name] = index }
        for clip in clips { try match(clip, generation) }
    }

    /// Matches the judgements that are known to the events of another generation.
    ///
    /// - Throws: `LedgerError`.
    mutating func match(_ generation: EventGeneration?) throws {
        var contents = JudgementStore.Contents()
        (contents.rows, contents.damage) = (rows, damage)
        try begin(contents, generation)
    }

    /// Adds new rows.
    ///
    /// - Throws: `LedgerError`.
    mutating func add(_ contents: JudgementStore.Contents, _ generation: EventGeneration?) throws {
        guard !contents.rows.isEmpty || !contents.damage.isEmpty else { return }
        rows += contents.rows
        damage += contents.damage
        let touched = Set(contents.rows.compactMap { history.add($0) }.map { Array($0.utf8) })
        guard let generation else { return }
        let unknown = touched.filter { clipIndex[$0] == nil }.map { String(decoding: $0, as: UTF8.self) }
        let found = generation.index.clips(named: unknown)
        for name in touched where clipIndex[name] == nil { clipIndex[name] = .some(found[name]) }
        for name in touched { try match(String(decoding: name, as: UTF8.self), generation) }
    }

    private mutating func match(_ clip: String, _ generation: EventGeneration) throws {
        let name = Array(clip.utf8)
        let judgements = history.judgements(of: clip)
        guard let index = clipIndex[name] ?? nil else {
            // The clip has no events now, though it may still be in the manifest.
            let lost = try ClipReviews(judgements, events: [], content: nil).lost.filter(generation.isWanted)
            lostByClip[name] = lost.isEmpty ? nil : lost
            return
        }
        let events = generation.index.events(of: index)
        let reviews = ClipReviews(
            judgements, events: events.map(generation.index.event), content: try generation.content(ofClip: index))
        for (offset, event) in events.enumerated() {
            standings[event] = reviews.judgements[offset].map {
                Standing(judgements: $0, review: EventReview($0))
            }
        }
        let lost = try reviews.lost.filter(generation.isWanted)
        lostByClip[name] = lost.isEmpty ? nil : lost
    }
}
