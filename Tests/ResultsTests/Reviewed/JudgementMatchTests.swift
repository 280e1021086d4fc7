import Ledger
import Results
import Testing

/// The rule of `Docs/Review.md` by which a judgement finds its event, worked by hand.
struct JudgementMatchTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let judged: (Double, Double)
        let events: [(Double, Double)]
        let expected: Int?

        init(_ text: String, _ judged: (Double, Double), _ events: [(Double, Double)], _ expected: Int?) {
            (testDescription, self.judged, self.events, self.expected) = (text, judged, events, expected)
        }
    }

    @Test(arguments: [
        Case("the same", (1, 2), [(1, 2)], 0),
        Case("none", (1, 2), [], nil),
        Case("touching only", (1, 2), [(2, 3), (0, 1)], nil),
        Case("just a half: 1 of 2 s", (0, 2), [(0, 1), (1.5, 2)], 0),
        Case("less than a half: 1 of 2.1 s, and another touches", (0, 2.1), [(0, 1), (1.5, 2.1)], nil),
        Case("grown from 1 to 2 s", (0, 1), [(0, 2)], 0),
        Case("grown from 1 to 2.5 s holds what nobody judged", (0, 1), [(0, 2.5)], nil),
        Case("the greater share: 2 of 3 s", (0, 3), [(0, 1), (1, 3)], 1),
        Case("cut down to a tenth, alone", (0, 10), [(4, 5)], 0),
        Case("cut down into two", (0, 10), [(4, 5), (7, 8)], nil),
        Case("a small one that sticks out", (0, 10), [(9.5, 10.5)], nil),
        Case("shifted by a third: 2 of 4 s", (0, 3), [(1, 4)], 0),
        Case("of equals the earlier", (1, 3), [(1, 2), (2, 3)], 0),
        Case("others far away are no matter", (0, 10), [(20, 21), (4, 5), (30, 31)], 1),
    ])
    func rule(_ test: Case) {
        func span(_ pair: (Double, Double)) -> JudgementMatch.Span { .init(start: pair.0, end: pair.1) }
        #expect(JudgementMatch.event(of: span(test.judged), among: test.events.map(span)) == test.expected)
    }
}

/// What several judgements say together.
struct EventReviewTests {
    static func judgement(
        _ id: Int64, _ verdict: Judgement.Verdict, by reviewer: String = "Ann", clip: String = "a",
        label: String = "Dog",
        _ start: Double = 1, _ end: Double = 2, correction: Judgement.Correction = .init(), content: String = "x",
        peak: Double = 0.8, threshold: Double = 0.5, stage: String = "s"
    ) -> Judgement {
        Judgement(
            id: id,
            subject: Judgement.Subject(
                clip: clip, content: content, label: label, start: start, end: end, score: 0.7, peak: peak,
                threshold: threshold, stage: stage), verdict: verdict, correction: correction, reviewer: reviewer,
            time: "2026-05-04T12:00:00Z")
    }

    static func event(_ start: Double, _ end: Double, _ label: String = "Dog") -> Event {
        Event(clip: "a", path: "/a.wav", start: start, end: end, label: label, score: 0.7, peak: 0.8)
    }

    @Test("One reviewer's last word counts; reviewers who differ dispute")
    func together() throws {
        typealias T = EventReviewTests
        func verdict(_ judgements: [Judgement]) -> EventReview.Verdict? { EventReview(judgements)?.verdict }
        #expect(verdict([]) == nil)
        #expect(verdict([T.judgement(1, .accept)]) == .accept)
        #expect(verdict([T.judgement(1, .accept), T.judgement(2, .reject)]) == .reject)
        #expect(verdict([T.judgement(1, .accept), T.judgement(2, .reject, by: "Ben")]) == .disputed)
        #expect(verdict([T.judgement(1, .accept), T.judgement(2, .accept, by: "Ben")]) == .accept)
        #expect(
            verdict([T.judgement(1, .accept), T.judgement(2, .reject, by: "Ben"), T.judgement(3, .accept, by: "Ben")])
                == .accept)
        // The same verdict with another label is another opinion.
        let cat = Judgement.Correction(label: "Cat")
        #expect(verdict([T.judgement(1, .accept), T.judgement(2, .accept, by: "Ben", correction: cat)]) == .disputed)
        let both = try #require(
            EventReview([T.judgement(1, .accept, by: "Ben"), T.judgement(2, .accept, correction: .init(start: 1.5))]))
        #expect(both.reviewers == ["Ann", "Ben"] && both.correction.start == 1.5 && both.isRight == true)
        #expect(EventReview([T.judgement(1, .accept, correction: cat)])?.isRight == false)
        #expect(EventReview([T.judgement(1, .unsure)])?.isRight == nil)
    }

    @Test("Judgements find their events; those that do not are kept with the reason")
    func clip() {
        typealias T = EventReviewTests
        let events = [T.event(1, 2), T.event(1, 2, "Cat"), T.event(5, 6)]
        let reviews = ClipReviews(
            [
                T.judgement(1, .accept), T.judgement(2, .reject, label: "Cat"), T.judgement(3, .accept, 8, 9),
                T.judgement(4, .accept, by: "Ben", 8.1, 9), T.judgement(5, .accept, 5, 6, content: "another"),
            ], events: events, content: "x")
        #expect(reviews.review(0)?.verdict == .accept && reviews.review(1)?.verdict == .reject)
        #expect(reviews.review(2) == nil)
        #expect(reviews.lost.map(\.reason) == [.changed, .notFound])
        // Two reviewers' judgements of one interval are of one event.
        #expect(reviews.lost[1].review.reviewers == ["Ann", "Ben"] && reviews.lost[1].subject.start == 8)
        let gone = ClipReviews([T.judgement(1, .accept)], events: nil, content: nil)
        #expect(gone.lost.map(\.reason) == [.noScores] && gone.judgements.isEmpty)
    }

    @Test("A clip has a class, has it not, or that is not known")
    func verdicts() {
        typealias T = EventReviewTests
        func has(_ judgements: [Judgement], _ events: [Event], _ label: String = "Dog") -> Bool?? {
            let reviews = ClipReviews(judgements, events: events, content: "x")
            return ClipVerdicts.verdicts(events, reviews)[label].map(\.has)
        }
        let two = [T.event(1, 2), T.event(5, 6)]
        #expect(has([T.judgement(1, .accept)], two) == .some(true))
        #expect(has([T.judgement(1, .reject)], two) == .some(nil), "the other one was not judged")
        #expect(has([T.judgement(1, .reject), T.judgement(2, .reject, 5, 6)], two) == .some(false))
        #expect(has([T.judgement(1, .reject), T.judgement(2, .unsure, 5, 6)], two) == .some(nil))
        #expect(has([T.judgement(1, .reject), T.judgement(2, .accept, 5, 6)], two) == .some(true))
        #expect(has([T.judgement(1, .reject), T.judgement(2, .accept, by: "Ben")], [T.event(1, 2)]) == .some(nil))
        #expect(has([], two) == nil)
        // Another label: it is not the one, and it is the other.
        let cat = [T.judgement(1, .accept, correction: .init(label: "Cat"))]
        #expect(has(cat, [T.event(1, 2)]) == .some(false) && has(cat, [T.event(1, 2)], "Cat") == .some(true))
        // An event that is found no more was heard all the same.
        #expect(has([T.judgement(1, .accept, 8, 9)], two) == .some(true))
        #expect(has([T.judgement(1, .accept, 8, 9, content: "another")], two) == nil)
    }
}
