import Ledger
import Results

/// Facts about the review as a whole, sent to the page.
struct Facts: Encodable {
    struct Class: Encodable {
        let name: String
        let threshold: Double
        let events: Int
        // The number of events by their reviewers' combined verdict.
        var accept = 0
        var reject = 0
        var unsure = 0
        var disputed = 0
    }

    struct Finding: Encodable {
        let clips: Int
        let events: Int
    }

    /// `finding`, `ready` or `failed`.
    var state = "ready"
    var finding: Finding?
    /// Why finding events failed, or why the judgements cannot be read.
    var fault: String?
    /// 0 until events have been found.
    var generation = 0
    let cache: String
    var pipeline: String?
    var thresholds: String?
    var events = 0
    var recordings = 0
    var notices: [String] = []
    var classes: [Class] = []
    let reviewer: String
    /// The number of judgements that were not undone; `lost` counts the judged events not found at these thresholds.
    var judgements = 0
    var lost = 0
    let writable: Bool
}

/// An event in the queue.
struct EventLine: Encodable {
    let id: Int
    let clip: String
    let path: String
    let start: Double
    let end: Double
    let label: String
    let score: Double
    let peak: Double
    /// How far the peak lies above the threshold: the order of the most doubtful.
    let above: Double
    /// The verdict of the reviewer who asks; `verdict` is that of all reviewers. Each is nil if there is no judgement.
    let own: String?
    let verdict: String?

    init(_ index: Int, _ events: EventIndex, _ standing: JudgementBoard.Standing?, reviewer: String) {
        let event = events.event(index)
        id = index
        clip = event.clip
        path = event.path
        start = event.start
        end = event.end
        label = event.label
        score = event.score
        peak = event.peak
        above = max(0, event.peak - events.threshold(ofEvent: index))
        own = standing?.own(reviewer)?.verdict.rawValue
        verdict = standing?.review?.verdict.rawValue
    }
}

struct Queue: Encodable {
    let generation: Int
    /// The number of events that match the filter.
    let total: Int
    let offset: Int
    let events: [EventLine]
}

/// One event with all its details.
struct EventDetail: Encodable {
    struct Said: Encodable {
        let id: Int64
        let reviewer: String
        let verdict: String
        let time: String
        let label: String?
        let start: Double?
        let end: Double?

        init(_ judgement: Judgement) {
            id = judgement.id
            reviewer = judgement.reviewer
            verdict = judgement.verdict.rawValue
            time = judgement.time
            label = judgement.correction.label
            start = judgement.correction.start
            end = judgement.correction.end
        }
    }

    struct Other: Encodable {
        let label: String
        let score: Double
    }

    /// What the manifest says of the clip besides its own columns.
    struct Column: Encodable {
        let name: String
        let value: String
    }

    struct Step: Encodable {
        let start: Double
        let end: Double
        let score: Double
    }

    let generation: Int
    let event: EventLine
    /// Where the clip ends, in seconds from the recording's start; nil if unknown.
    let seconds: Double?
    let threshold: Double
    /// The start of the stretch that is shown and played, in seconds from the start of the recording. A long event is
    /// split into `parts` stretches, of which this is number `part`, counted from 0.
    let from: Double
    let to: Double
    let part: Int
    let parts: Int
    /// The lowest frequency of the picture, in Hz; `high` is the highest.
    var low: Double?
    var high: Double?
    var curve: [Step] = []
    var others: [Other] = []
    /// Other events of the recording that overlap the stretch.
    var near: [EventLine] = []
    var judgements: [Said] = []
    var columns: [Column] = []
    /// Why there is no curve; nil if there is one.
    var fault: String?
}

/// A judged event that is no longer found.
struct LostLine: Encodable {
    let clip: String
    let label: String
    let start: Double
    let end: Double
    let score: Double
    let threshold: Double
    let verdict: String
    let reviewers: [String]
    let judgedAt: String
    let reason: String

    init(_ lost: ClipReviews.Lost) {
        clip = lost.subject.clip
        label = lost.subject.label
        start = lost.subject.start
        end = lost.subject.end
        score = lost.subject.score
        threshold = lost.subject.threshold
        verdict = lost.review.verdict.rawValue
        reviewers = lost.review.reviewers
        judgedAt = lost.review.judgedAt
        reason = lost.reason.rawValue
    }
}

/// The page's request to judge an event.
struct JudgeRequest: Decodable {
    let generation: Int
    let event: Int
    let verdict: Judgement.Verdict
    let label: String?
    let start: Double?
    let end: Double?
    let reviewer: String
    /// Names the judgement, so that it is stored once however often it is sent; nil for none.
    let key: String?
}

/// The page's request to undo a judgement.
struct UndoRequest: Decodable {
    let judgement: Int64
    let reviewer: String
}
