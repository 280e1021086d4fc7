import FlyingFox
import Foundation
import Ledger
import Results
import Testing

import Review

/// What the page's server answers, and what it refuses.
struct ReviewHandlerTests {
    private static let clips: [(name: String, place: Int, scores: [Float])] = [
        ("north/a.wav", 0, [0, 0.9, 0, 0.6, 0]), ("north/b.wav", 1, [0.7]),
        ("south/Übung <i>\u{202E}.wav", 2, [0, 0.8]),
        ("quiet.wav", 0, [0.1]),
    ]

    private func status(_ review: MadeReview, _ path: String, _ headers: [String: String?] = [:]) async throws -> Int {
        try await review.ask(path, headers: headers).statusCode.code
    }

    @Test("Without token, cookie, the right Host or Origin nothing is told, on any path")
    func refusals() async throws {
        let review = try await MadeReview(Self.clips)
        let none: [String: String?] = ["Cookie": nil]
        for path in ["/", "/review.js", "/facts", "/events", "/lost", "/run", "/event/0/detail", "/nothing"] {
            #expect(try await status(review, path, none) == 403)
            #expect(try await status(review, path + "?token=", none) == 403)
            #expect(try await status(review, path + "?token=" + String(MadeReview.token.dropLast()), none) == 403)
            #expect(try await status(review, path + "?token=" + MadeReview.token.dropLast() + "x", none) == 403)
            #expect(try await status(review, path, ["Cookie": "earmark-4001=\(MadeReview.token)"]) == 403)
            for host in ["127.0.0.1", "127.0.0.1:4001", "evil.example:4000", "localhost", nil] {
                #expect(try await status(review, path, ["Host": host]) == 421)
            }
            for origin in ["http://evil.example", "null", "https://127.0.0.1:4000", "http://127.0.0.1:4001"] {
                #expect(try await status(review, path, ["Origin": origin]) == 403)
            }
        }
        // Even a wrong token beside a right cookie.
        #expect(try await status(review, "/facts?token=x") == 403)
        #expect(
            try await status(review, "/facts", ["Host": "LOCALHOST:4000", "Origin": "http://localhost:4000"]) == 200)
    }

    @Test("The first load sets a cookie that no script reads and no other page sends")
    func cookie() async throws {
        let review = try await MadeReview(Self.clips)
        let answer = try await review.ask("/?token=" + MadeReview.token, headers: ["Cookie": nil])
        #expect(answer.statusCode == .ok)
        #expect(
            answer.headers[.setCookie] == "earmark-4000=\(MadeReview.token); Path=/; HttpOnly; SameSite=Strict")
        #expect(try await review.ask("/").headers[.setCookie] == nil)
        for path in ["/", "/facts", "/nothing"] {
            let answer = try await review.ask(path)
            #expect(answer.headers[HTTPHeader("X-Content-Type-Options")] == "nosniff")
            #expect(answer.headers[HTTPHeader("Referrer-Policy")] == "no-referrer")
            #expect(answer.headers[.cacheControl] == "no-store")
            let policy = try #require(answer.headers[HTTPHeader("Content-Security-Policy")])
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"))
        }
    }

    @Test("Only GET and POST, each where it belongs; no path reaches the disk")
    func paths() async throws {
        let review = try await MadeReview(Self.clips)
        for method in ["PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "X"] {
            let answer = try await review.ask("/facts", method: HTTPMethod(method))
            #expect(answer.statusCode.code == 405 && answer.headers[HTTPHeader("Allow")] == "GET, POST")
        }
        for path in ["/judge", "/undo", "/find"] { #expect(try await status(review, path) == 405) }
        #expect(try await review.ask("/facts", method: .POST, body: "{}").statusCode.code == 405)
        for path in [
            "/../../etc/passwd", "/event/../../etc/passwd", "/event/%2e%2e/detail", "/event/0/../../ledger.sqlite",
            "/event/0/%2fetc%2fpasswd", "/ledger.sqlite", "/nowhere/north/a.wav", "//etc/passwd", "/event/0/detail/x",
            "/event/-1/detail", "/event/0x0/detail", "/event//detail", "/review.js/", "/Page/review.js",
            "/event/99999999999999999999/detail", "/event/0/sound.wav%00",
        ] {
            let code = try await status(review, path + "?generation=1")
            #expect(code == 404, "\(path): \(code)")
        }
        #expect(try await status(review, "/event/99/detail?generation=1") == 409)
        #expect(try await status(review, "/event/0/detail?generation=2") == 409)
        #expect(try await status(review, "/event/0/detail") == 409)
        #expect(try await status(review, "/event/0/detail?generation=1&lead=1e9") == 422)
        #expect(try await status(review, "/events?low=x") == 422)
    }

    @Test("A body that is none of the page's is refused")
    func bodies() async throws {
        let review = try await MadeReview(Self.clips)
        let good = #"{"generation":1,"event":0,"verdict":"accept","reviewer":"Ann"}"#
        func code(_ headers: [String: String?], _ body: String = good) async throws -> Int {
            try await review.ask("/judge", method: .POST, headers: headers, body: body).statusCode.code
        }
        #expect(try await code(["Origin": nil]) == 403)
        #expect(try await code(["Content-Type": "text/plain"]) == 415)
        #expect(try await code(["Content-Type": nil]) == 415)
        #expect(try await code(["Content-Length": "16385"]) == 413)
        #expect(try await code(["Transfer-Encoding": "chunked", "Content-Length": nil]) == 413)
        #expect(try await code([:], "") == 400)
        #expect(try await code([:], "{}") == 400)
        #expect(try await code([:], good.replacingOccurrences(of: "accept", with: "maybe")) == 400)
        for name in ["", "  ", "a\\u0000b", "a\\u001b[1m", "a; b", "\\u202eab", String(repeating: "a", count: 201)] {
            #expect(try await code([:], good.replacingOccurrences(of: "Ann", with: name)) == 422, "\(name)")
        }
        // A label belongs to an event that is there.
        let other = good.replacingOccurrences(of: "}", with: #","label":"x"}"#)
        #expect(try await code([:], other.replacingOccurrences(of: "accept", with: "reject")) == 422)
        #expect(!review.cache.judgements.exists)
        #expect(try await code([:]) == 200)
    }

    @Test("Queues by class, score, name and order")
    func queues() async throws {
        let review = try await MadeReview(Self.clips)
        let all = try await review.queue("order=time")
        #expect(all.map(\.clip) == ["north/a.wav", "north/a.wav", "north/b.wav", Self.clips[2].name])
        #expect(all.map(\.start) == [1, 3, 0, 1])
        #expect(try await review.queue("order=score").map(\.score) == [0.9, 0.8, 0.7, 0.6])
        #expect(try await review.queue("order=doubt").map(\.score) == [0.6, 0.7, 0.8, 0.9])
        #expect(try await review.queue("class=Dog").count == 2)
        #expect(try await review.queue("class=%3DBird%20%3Cb%3E").count == 1)
        #expect(try await review.queue("class=None").isEmpty)
        #expect(try await review.queue("low=0.6&high=0.7&order=time").map(\.score) == [0.6, 0.7])
        #expect(try await review.queue("text=NORTH").count == 3)
        #expect(try await review.queue("text=%C3%BCBUNG").count == 1)
        #expect(try await review.queue("text=nowhere%2Fsouth").count == 1)
        #expect(try await review.queue("text=wavnorth").isEmpty)
        #expect(
            try await review.queue("sample=1&order=time").map(\.clip) == [
                try await review.queue("sample=1&class=Dog")[0].clip, "north/b.wav", Self.clips[2].name,
            ])
        #expect(try await review.queue("order=time&offset=1&limit=2").map(\.id) == [1, 2])
    }

    @Test("A judgement is kept with who and when, shown to all, and taken back by its own reviewer alone")
    func judging() async throws {
        let review = try await MadeReview(Self.clips)
        #expect(try await review.judge(0, "accept").status == 200)
        #expect(try await review.judge(0, "reject", by: "Ben").status == 200)
        #expect(
            try await review.judge(1, "accept", more: #","label":"Cat","start":3.25,"end":4"#).status == 200)
        let queue = try await review.queue("order=time")
        #expect(queue.map(\.own) == ["accept", "accept", nil, nil])
        #expect(try await review.queue("order=time&reviewer=Ben").map(\.own) == ["reject", nil, nil, nil])
        #expect(try await review.queue("judged=no").count == 2)
        #expect(try await review.queue("judged=no&reviewer=Ben").count == 3)
        let facts = try await review.json("/facts")
        let dog = try #require((facts["classes"] as? [[String: Any]])?.first)
        #expect(dog["disputed"] as? Int == 1 && dog["accept"] as? Int == 1 && dog["events"] as? Int == 2)
        let detail = try await review.json("/event/1/detail?generation=1")
        let said = try #require((detail["judgements"] as? [[String: Any]])?.first)
        #expect(
            said["label"] as? String == "Cat" && said["start"] as? Double == 3.25
                && said["reviewer"] as? String == "Ann")
        let kept = try review.cache.judgements.contents()
        guard case .judgement(let row) = kept.rows[2] else { throw CancellationError() }
        #expect(row.subject.clip == "north/a.wav" && row.subject.start == 3 && row.subject.threshold == 0.5)
        #expect(row.subject.score == 0.6 && row.subject.peak == 0.6)
        #expect(row.time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)

        func undo(_ id: Int64, by reviewer: String) async throws -> Int {
            try await review.ask(
                "/undo", method: .POST, body: #"{"judgement":\#(id),"reviewer":"\#(reviewer)"}"#
            ).statusCode.code
        }
        #expect(try await undo(1, by: "Ben") == 422)
        #expect(try await undo(1, by: "Ann") == 200)
        #expect(try await undo(1, by: "Ann") == 422)
        #expect(try await review.queue("order=time").map(\.own) == [nil, "accept", nil, nil])
    }

    @Test("What cannot be is refused and not kept")
    func badJudgements() async throws {
        let review = try await MadeReview(Self.clips)
        for more in [
            #","label":"Horse""#, #","start":9"#, #","end":1"#, #","end":6"#, #","start":-1"#,
        ] {
            #expect(try await review.judge(1, "accept", more: more).status == 422, "\(more)")
        }
        #expect(try await review.judge(99, "accept").status == 409)
        #expect(try await review.judge(-1, "accept").status == 409)
        #expect(try await review.judge(0, "accept", generation: 2).status == 409)
        #expect(!review.cache.judgements.exists)
    }

    @Test("Events found anew keep their judgements; those of before are not judged by mistake")
    func foundAnew() async throws {
        let review = try await MadeReview(Self.clips)
        #expect(try await review.judge(3, "reject").status == 200)
        try await review.find()
        #expect(try await review.json("/facts")["generation"] as? Int == 2)
        #expect(try await review.queue("order=time").map(\.own) == [nil, nil, nil, "reject"])
        #expect(try await review.judge(0, "accept", generation: 1).status == 409)
        #expect(try await review.judge(0, "accept", generation: 2).status == 200)
    }

    @Test("A judged event that a higher threshold does not find is listed, and kept")
    func lost() async throws {
        let review = try await MadeReview(Self.clips)
        #expect(try await review.judge(1, "accept").status == 200)
        var selection = SelectionRequest()
        selection.threshold = 0.8
        let settings = ReviewSettings(cache: review.cache, request: selection, reviewer: "Ann")
        let session = ReviewSession(settings)
        _ = await withCheckedContinuation { done in session.find { done.resume(returning: $0) } }
        let handler = ReviewHandler(session, token: MadeReview.token, port: 4000)
        let request = HTTPRequest(
            method: .GET, version: .http11, target: .init(path: "/lost", query: "token=" + MadeReview.token),
            headers: HTTPHeaders([.host: "127.0.0.1:4000"]), body: HTTPBodySequence())
        let data = try await handler.handleRequest(request).bodyData
        let lost = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        #expect(lost.map { $0["start"] as? Double } == [3] && lost[0]["reason"] as? String == "not found")
        #expect(lost[0]["verdict"] as? String == "accept" && lost[0]["reviewers"] as? [String] == ["Ann"])
    }

    @Test("Another process's judgements are seen at the next request")
    func others() async throws {
        let review = try await MadeReview(Self.clips)
        #expect(try await review.judge(0, "accept").status == 200)
        let other = JudgementStore(path: review.cache.judgements.path)
        let rows = try other.contents().rows
        guard case .judgement(let row) = rows[0] else { throw CancellationError() }
        _ = try other.add(row.subject, .reject, reviewer: "Ben", time: row.time)
        let facts = try await review.json("/facts")
        #expect((facts["classes"] as? [[String: Any]])?.first?["disputed"] as? Int == 1)
    }

    @Test("Sound and picture of a recording that is gone: the reason, and the rest of the event all the same")
    func gone() async throws {
        let review = try await MadeReview(Self.clips)
        for what in ["picture.png", "sound.wav"] {
            let answer = try await review.ask("/event/0/\(what)?generation=1")
            #expect(answer.statusCode.code == 410)
            #expect(String(decoding: try await answer.bodyData, as: UTF8.self) == "gone")
        }
        let detail = try await review.json("/event/0/detail?generation=1&lead=0.5")
        #expect(detail["from"] as? Double == 0.5 && detail["to"] as? Double == 2.5)
        let curve = try #require(detail["curve"] as? [[String: Any]])
        #expect(curve.contains { abs(($0["score"] as? Double ?? 0) - 0.9) < 1e-6 && $0["start"] as? Double == 1 })
    }

    @Test("A damaged file of judgements is said, and nothing is judged")
    func damaged() async throws {
        let review = try await MadeReview(Self.clips)
        try Data("no database".utf8).write(to: URL(fileURLWithPath: review.cache.judgements.path))
        let facts = try await review.json("/facts")
        #expect((facts["fault"] as? String)?.contains("judgements.sqlite") == true)
        #expect(try await review.judge(0, "accept").status == 500)
        #expect(try await review.queue("order=time").count == 4)
    }

    @Test("A long event is shown a minute at a time, within the recording")
    func parts() async throws {
        let review = try await MadeReview([("long.wav", 0, [0] + [Float](repeating: 0.9, count: 130) + [0])])
        for (part, from, to) in [(0, 0.0, 60.0), (1, 60, 120), (2, 120, 132), (9, 120, 132)] {
            let detail = try await review.json("/event/0/detail?generation=1&part=\(part)")
            #expect(detail["parts"] as? Int == 3 && detail["part"] as? Int == min(part, 2))
            #expect(detail["from"] as? Double == from && detail["to"] as? Double == to)
        }
    }
}
