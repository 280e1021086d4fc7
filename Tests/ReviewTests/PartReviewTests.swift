import Audio
import Foundation
import Results
import Testing

import Review

/// Events of a part of a recording, as the page shows them.
struct PartReviewTests {
    @Test func timesAreOfTheRecording() async throws {
        let scores: [Float] = [0.9, 0, 0, 0.8, 0.7]
        let whole = try await MadeReview([("a", 0, scores)])
        let part = try await MadeReview([("a", 0, scores)], part: RecordingPart(start: 50_500_000, channel: 2))
        for event in 0..<2 {
            let path = "/event/\(event)/detail?generation=1"
            let (own, found) = (try await whole.json(path), try await part.json(path))
            for name in ["from", "to", "seconds"] {
                let (before, after) = (own[name] as? Double, found[name] as? Double)
                #expect(before != nil && after == before.map { $0 + 50.5 }, "\(name)")
            }
            let steps = { (detail: [String: Any]) in (detail["curve"] as? [[String: Double]]) ?? [] }
            #expect(steps(found).count == steps(own).count && steps(own).count > 0)
            for (after, before) in zip(steps(found), steps(own)) {
                #expect(after["score"] == before["score"])
                #expect(after["start"] == before["start"].map { $0 + 50.5 })
                #expect(after["end"] == before["end"].map { $0 + 50.5 })
            }
            #expect(found["fault"] == nil)
            let others = { (detail: [String: Any]) in (detail["others"] as? [[String: Any]])?.count }
            #expect(others(found) == others(own))
        }
        // Nothing before the part is shown.
        #expect(try await part.json("/event/0/detail?generation=1&lead=5")["from"] as? Double == 50.5)
    }

    /// What the manifest says of a recording, and when the event was.
    @Test func furtherColumnsAreTold() async throws {
        let review = try await MadeReview(
            [("a", 0, [0.9, 0, 0, 0.8, 0.7])], part: RecordingPart(start: 50_500_000),
            metadata: #"{"site":"north <b>","began":"2024-05-12T04:30:00+02:00","note":""}"#)
        let columns = try await review.json("/event/1/detail?generation=1")["columns"] as? [[String: String]]
        let expected = [
            ["name": "site", "value": "north <b>"], ["name": "at", "value": "2024-05-12T04:30:53.500+02:00"],
        ]
        #expect(columns == expected)
        let plain = try await MadeReview([("a", 0, [0.9])])
        #expect((try await plain.json("/event/0/detail?generation=1")["columns"] as? [Any])?.isEmpty == true)
    }
}
