import Foundation
import Ledger
import Results
import TestSupport
import Testing

import Review

/// A table of events that is judged, such as the results of a search, whose label is no class of the model.
struct EventTableReviewTests {
    private static let clips: [(name: String, place: Int, scores: [Float])] = [
        ("a.wav", 0, [0, 0.9, 0, 0.6, 0]), ("b.wav", 1, [0.7, 0]),
    ]
    private static let table = """
        clip,path,start,end,label,score,peak
        b.wav,/nowhere/b.wav,0.5,1.5,like x@1,0.875,0.875
        a.wav,/nowhere/a.wav,1,2,like x@1,0.75,0.75
        a.wav,/nowhere/a.wav,3,4,Dog,0.5,0.625
        other,/nowhere/other.wav,0,1,like x@1,0.5,0.5

        """

    @Test("Its events are judged instead of those that are found; a label that is no class has no curve, and says so")
    func judged() async throws {
        let review = try await MadeReview(Self.clips, events: Self.table)
        let facts = try await review.json("/facts")
        let classes = try #require(facts["classes"] as? [[String: Any]])
        #expect(classes.compactMap { $0["name"] as? String } == MadeReview.classes + ["like x@1"])
        #expect(classes.compactMap { $0["events"] as? Int } == [1, 0, 0, 2])
        let notices = try #require(facts["notices"] as? [String])
        #expect(notices.contains { $0.contains("not in this cache's manifest: 1, the first on line 5") }, "\(notices)")
        let queue = try await review.queue("order=score")
        #expect(queue.map(\.clip) == ["b.wav", "a.wav", "a.wav"] && queue.map(\.start) == [0.5, 1, 3])
        let alike = try await review.json("/event/\(queue[0].id)/detail?generation=1")
        #expect((alike["fault"] as? String)?.contains("'like x@1' is no class of the model") == true)
        #expect((alike["curve"] as? [Any])?.isEmpty == true && (alike["others"] as? [[String: Any]])?.count == 1)
        let dog = try await review.json("/event/\(queue[2].id)/detail?generation=1")
        #expect((dog["curve"] as? [Any])?.isEmpty == false && dog["fault"] as? String == nil)
        #expect(try await review.judge(queue[0].id, "accept").status == 200)
        #expect(try await review.judge(queue[1].id, "accept", more: #","label":"Cat""#).status == 200)
        let subjects = try review.cache.judgements.contents().rows.compactMap {
            if case .judgement(let row) = $0 { row.subject } else { nil }
        }
        #expect(subjects.map(\.label) == ["like x@1", "like x@1"] && Set(subjects.map(\.stage)).count == 1)
        #expect(try await review.queue("judged=no").map(\.id) == [queue[2].id])
    }

    @Test("Where no pipeline keeps chunk scores, events have no curve, and the classes are the labels")
    func unscored() async throws {
        let review = try await MadeReview(Self.clips, events: Self.table, keepsScores: false)
        let facts = try await review.json("/facts")
        let classes = try #require(facts["classes"] as? [[String: Any]])
        #expect(classes.compactMap { $0["name"] as? String } == ["Dog", "like x@1"])
        #expect(classes.compactMap { $0["events"] as? Int } == [1, 2])
        #expect(facts["pipeline"] as? String == "embeddings" && facts["fault"] == nil, "\(facts)")
        let notices = try #require(facts["notices"] as? [String])
        #expect(notices.contains { $0.contains("'embeddings' keeps no scores of chunks") }, "\(notices)")
        let queue = try await review.queue("order=score")
        #expect(queue.map(\.clip) == ["b.wav", "a.wav", "a.wav"] && queue.map(\.start) == [0.5, 1, 3])
        for event in queue {
            let detail = try await review.json("/event/\(event.id)/detail?generation=1")
            #expect((detail["fault"] as? String)?.contains("no scores of chunks") == true, "\(detail)")
            #expect((detail["curve"] as? [Any])?.isEmpty == true && (detail["others"] as? [Any])?.isEmpty == true)
            #expect(detail["seconds"] as? Double == (event.clip == "a.wav" ? 5 : 2))
            #expect((detail["high"] as? Double ?? 0) > (detail["low"] as? Double ?? 0))
        }
        #expect(try await review.judge(queue[0].id, "accept", more: #","label":"Dog""#).status == 200)
        #expect(try await review.judge(queue[1].id, "accept", more: #","label":"Cat""#).status == 422)
        #expect(try await review.judge(queue[2].id, "reject").status == 200)
    }

    @Test("Without a table, a cache without chunk scores has no events, and the page says why")
    func neither() async throws {
        let made = try await MadeReview(Self.clips, events: Self.table, keepsScores: false)
        let session = ReviewSession(ReviewSettings(cache: made.cache, request: SelectionRequest(), reviewer: "Ann"))
        let state = await withCheckedContinuation { done in session.find { done.resume(returning: $0) } }
        guard case .failed(let reason) = state else { return #expect(Bool(false), "\(state)") }
        #expect(reason.contains("pipeline 'embeddings' makes no scores of chunks"), "\(reason)")
    }

    @Test("A table that is none is told on the page, and no event is shown")
    func broken() async throws {
        let folder = try TemporaryFolder()
        let made = try await MadeReview(Self.clips)
        var settings = ReviewSettings(cache: made.cache, request: SelectionRequest(), reviewer: "Ann")
        settings.events = try folder.put("events.csv", "clip,start\n")
        let session = ReviewSession(settings)
        let state = await withCheckedContinuation { done in session.find { done.resume(returning: $0) } }
        guard case .failed(let reason) = state else { return #expect(Bool(false), "\(state)") }
        #expect(reason.contains("events.csv") && reason.contains("no column 'path'"), "\(reason)")
    }
}
