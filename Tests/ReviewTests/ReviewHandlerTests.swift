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
        try await review.ask(path, headers: headers).status.rawValue
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
        // Another server of this host, or a page of it, may have set a cookie of the same name.
        let own = "earmark-4000=\(MadeReview.token)"
        for cookies in ["earmark-4000=x; \(own)", "\(own); earmark-4000=x", "earmark-4000=; a=b;\(own)"] {
            #expect(try await status(review, "/facts", ["Cookie": cookies]) == 200, "\(cookies)")
        }
        #expect(try await status(review, "/facts", ["Cookie": "earmark-4000=x; earmark-4000=y"]) == 403)
    }

    @Test("The first load sets a cookie that no script reads and no other page sends")
    func cookie() async throws {
        let review = try await MadeReview(Self.clips)
        let answer = try await review.ask("/?token=" + MadeReview.token, headers: ["Cookie": nil])
        #expect(answer.status == .ok)
        #expect(
            answer.headers["Set-Cookie"] == "earmark-4000=\(MadeReview.token); Path=/; HttpOnly; SameSite=Strict")
        #expect(try await review.ask("/").headers["Set-Cookie"] == nil)
        for path in ["/", "/facts", "/nothing"] {
            let answer = try await review.ask(path)
            let headers = answer.allHeaders(isKept: true)
            #expect(headers["X-Content-Type-Options"] == "nosniff" && headers["Referrer-Policy"] == "no-referrer")
            #expect(headers["Cache-Control"] == "no-store")
            let policy = try #require(headers["Content-Security-Policy"])
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"))
        }
    }

    @Test("Only GET, HEAD and POST, each where it belongs; no path reaches the disk")
    func paths() async throws {
        let review = try await MadeReview(Self.clips)
        for method in ["PUT", "DELETE", "head", "OPTIONS", "TRACE", "CONNECT", "PATCH", "X"] {
            let answer = try await review.ask("/facts", method: method)
            #expect(answer.status.rawValue == 405 && answer.headers["Allow"] == "GET, HEAD, POST")
        }
        for path in ["/judge", "/undo", "/find"] {
            for method in ["GET", "HEAD"] {
                let answer = try await review.ask(path, method: method)
                #expect(answer.status.rawValue == 405 && answer.headers["Allow"] == "POST")
            }
        }
        for path in ["/", "/facts", "/lost", "/review.js", "/event/0/detail"] {
            let answer = try await review.ask(path, method: "POST", body: "{}")
            #expect(answer.status.rawValue == 405 && answer.headers["Allow"] == "GET, HEAD")
        }
        for path in ["/", "/review.js", "/events", "/event/0/detail?generation=1", "/nothing"] {
            let (get, head) = (try await review.ask(path), try await review.ask(path, method: "HEAD"))
            #expect(get.status == head.status && get.content.count == head.content.count && !get.content.isEmpty)
            #expect(get.headers == head.headers)
        }
        for path in [
            "/../../etc/passwd", "/event/../../etc/passwd", "/event/%2e%2e/detail", "/event/0/../../ledger.sqlite",
            "/event/0/%2fetc%2fpasswd", "/ledger.sqlite", "/nowhere/north/a.wav", "//etc/passwd", "/event/0/detail/x",
            "/event/-1/detail", "/event/0x0/detail", "/event//detail", "/review.js/", "/Page/review.js",
            "/event/99999999999999999999/detail", "/event/0/sound.wav%00", "/event/+1/detail", "/event/01/detail",
            "/event/%201/detail", "/event/1%20/detail", "/event/-0/detail", "/event/00/detail", "/event/1_0/detail",
        ] {
            let code = try await status(review, path + "?generation=1")
            #expect(code == 404, "\(path): \(code)")
        }
        #expect(try await status(review, "/event/99/detail?generation=1") == 409)
        #expect(try await status(review, "/event/0/detail?generation=2") == 409)
        #expect(try await status(review, "/event/0/detail") == 409)
        #expect(try await status(review, "/event/0/detail?generation=1&lead=1e9") == 422)
        #expect(try await status(review, "/events?low=x") == 422)
        for number in ["+1", "01", "%201", "1.0", "1e0", "0x1"] {
            for query in ["generation=\(number)", "generation=1&part=\(number)"] {
                #expect(try await status(review, "/event/0/detail?" + query) == 422, "\(query)")
            }
            #expect(try await status(review, "/events?limit=\(number)") == 422, "\(number)")
        }
    }

    @Test("A body that is none of the page's is refused")
    func bodies() async throws {
        let review = try await MadeReview(Self.clips)
        let good = #"{"generation":1,"event":0,"verdict":"accept","reviewer":"Ann"}"#
        func code(_ headers: [String: String?], _ body: String = good) async throws -> Int {
            try await review.ask("/judge", method: "POST", headers: headers, body: body).status.rawValue
        }
        #expect(try await code(["Origin": nil]) == 403)
        #expect(try await code(["Content-Type": "text/plain"]) == 415)
        #expect(try await code(["Content-Type": nil]) == 415)
        #expect(try await code(["Content-Length": "16385"]) == 413)
        #expect(try await code(["Transfer-Encoding": "chunked", "Content-Length": nil]) == 411)
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
        let doubt = try #require(try await review.json("/events?order=doubt")["events"] as? [[String: Any]])
        let above = doubt.compactMap { $0["above"] as? Double }
        #expect(zip(above, [0.1, 0.2, 0.3, 0.4]).allSatisfy { abs($0 - $1) < 1e-6 }, "\(above)")
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
                "/undo", method: "POST", body: #"{"judgement":\#(id),"reviewer":"\#(reviewer)"}"#
            ).status.rawValue
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
            method: "GET", target: "/lost?token=" + MadeReview.token, headers: ["Host": "127.0.0.1:4000"])
        let data = handler.answer(request).body
        let lost = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        #expect(lost.map { $0["start"] as? Double } == [3] && lost[0]["reason"] as? String == "not found")
        #expect(lost[0]["verdict"] as? String == "accept" && lost[0]["reviewers"] as? [String] == ["Ann"])
    }

    @Test("What is judged and not among the events is listed only of the classes and clips under review")
    func lostOfSelection() async throws {
        let review = try await MadeReview(Self.clips)
        for event in 0..<4 { #expect(try await review.judge(event, "accept").status == 200) }
        func lost(_ only: [String], _ clips: [String]) async throws -> [String] {
            var selection = SelectionRequest()
            (selection.threshold, selection.only, selection.clips) = (0.95, only, clips)
            let settings = ReviewSettings(cache: review.cache, request: selection, reviewer: "Ann")
            let session = ReviewSession(settings)
            _ = await withCheckedContinuation { done in session.find { done.resume(returning: $0) } }
            let handler = ReviewHandler(session, token: MadeReview.token, port: 4000)
            func json(_ path: String) throws -> Any {
                let request = HTTPRequest(
                    method: "GET", target: path + "?token=" + MadeReview.token, headers: ["Host": "127.0.0.1:4000"])
                return try JSONSerialization.jsonObject(with: handler.answer(request).body)
            }
            let rows = try #require(try json("/lost") as? [[String: Any]])
            #expect((try json("/facts") as? [String: Any])?["lost"] as? Int == rows.count)
            return rows.compactMap { $0["clip"] as? String }
        }
        #expect(try await lost([], []).count == 4)
        #expect(try await lost(["Dog"], []) == ["north/a.wav", "north/a.wav"])
        #expect(try await lost([], ["*b.wav"]) == ["north/b.wav"])
        #expect(try await lost([], ["/nowhere/south*"]) == [Self.clips[2].name])
        #expect(try await lost(["Cat"], ["*a.wav"]).isEmpty)
    }

    @Test(
        "While another program holds the file of judgements, pages are answered, and what is judged is refused for now")
    func locked() async throws {
        let review = try await MadeReview(Self.clips)
        #expect(try await review.judge(0, "accept").status == 200)
        #expect(try await review.queue("order=time").map(\.own) == ["accept", nil, nil, nil])
        let other = JudgementStore(path: review.cache.judgements.path)
        guard case .judgement(let row) = try other.contents().rows[0] else { throw CancellationError() }
        _ = try other.add(row.subject, .reject, reviewer: "Ben", time: row.time)
        let held = try FileHold(review.cache.judgements.path)
        // The change of the other is not readable: what was read before is shown.
        #expect(try await review.queue("order=time").map(\.own) == ["accept", nil, nil, nil])
        let fault = try #require(try await review.json("/facts")["fault"] as? String)
        #expect(fault.contains("another program holds the file") && fault.contains("last read"), "\(fault)")
        // Events found anew have other numbers: the judgements go with them.
        try await review.find()
        #expect(try await review.queue("order=time").map(\.own) == ["accept", nil, nil, nil])
        let refused = try await review.judge(1, "reject", generation: 2)
        #expect(refused.status == 503 && refused.text.contains("another program holds the file"), "\(refused)")
        held.release()
        #expect(try await review.judge(1, "reject", generation: 2).status == 200)
        let facts = try await review.json("/facts")
        #expect(facts["fault"] == nil && facts["judgements"] as? Int == 3)
    }

    @Test("A judgement that is sent again, as its answer was lost, is stored once")
    func sentAgain() async throws {
        let review = try await MadeReview(Self.clips)
        let first = try await review.judge(0, "accept", more: #","key":"k1""#)
        let second = try await review.judge(0, "accept", more: #","key":"k1""#)
        #expect(first.status == 200 && second.status == 200)
        #expect(first.text.contains(#""id":1"#) && second.text.contains(#""id":1"#), "\(second.text)")
        #expect(try await review.judge(0, "reject", more: #","key":"k2""#).status == 200)
        #expect(try await review.judge(0, "reject").status == 200)
        #expect(try await review.judge(0, "reject").status == 200)
        #expect(try review.cache.judgements.contents().rows.count == 4)
    }

    @Test("A file of judgements that was moved away is said, and no new one is begun")
    func movedAway() async throws {
        let review = try await MadeReview(Self.clips)
        #expect(try await review.judge(0, "accept").status == 200)
        let (path, aside) = (review.cache.judgements.path, review.folder.path + "/aside.sqlite")
        #expect(try await review.json("/facts")["fault"] == nil)
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        #expect((try await review.json("/facts")["fault"] as? String)?.contains("moved or removed") == true)
        let refused = try await review.judge(1, "accept")
        #expect(refused.status == 500 && refused.text.contains("moved or removed"), "\(refused)")
        // One with the same number of changes.
        _ = try FileManager.default.copyItem(atPath: aside, toPath: path)
        #expect((try await review.json("/facts")["fault"] as? String)?.contains("replaced") == true)
        #expect(try await review.judge(1, "accept").status == 500)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        #expect(try await review.judge(1, "accept").status == 200)
        #expect(try await review.json("/facts")["fault"] == nil)
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
            #expect(answer.status.rawValue == 410)
            #expect(String(decoding: answer.body, as: UTF8.self) == "gone")
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
