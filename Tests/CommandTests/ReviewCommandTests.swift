import Foundation
import FoundationNetworking
import TestSupport
import Testing

/// `earmark review` as a program, and what its judgements are good for.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ReviewCommandTests {
    /// The program while it serves.
    private final class Server: @unchecked Sendable {
        let running: Tool.Running
        let address: URL

        /// - Parameter shell: what a shell does before it becomes the program, whose path and arguments are its own.
        init(_ cache: String, _ arguments: String..., shell: String? = nil) throws {
            let finding = arguments.contains("--events") ? [] : ["--threshold", "0.4"]
            let all = ["review", "--cache", cache, "--reviewer", "Ann"] + finding + arguments
            let running =
                try shell.map { try Tool.start(["-c", $0, Tool.path] + all, executable: "/bin/sh") } ?? Tool.start(all)
            self.running = running
            let isServing = running.until { running.output.hasSuffix("\n") }
            #expect(isServing)
            let line = running.output.trimmingCharacters(in: .newlines)
            guard let address = URL(string: line), address.port != nil else {
                let result = running.wait()
                throw Failure(status: result.status, output: result.output, errors: result.errors)
            }
            self.address = address
        }

        struct Failure: Error {
            let status: Int32
            let output: String
            let errors: String
        }

        /// The body's JSON.
        func ask(_ path: String, query: String = "", body: [String: Any]? = nil) async throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: try await answer(path, query: query, body: body))
                    as? [String: Any])
        }

        func answer(_ path: String, query: String = "", body: [String: Any]? = nil) async throws -> Data {
            var parts = try #require(URLComponents(url: address, resolvingAgainstBaseURL: false))
            parts.path = path
            parts.percentEncodedQuery = (parts.percentEncodedQuery ?? "") + query
            var request = URLRequest(url: try #require(parts.url))
            if let body {
                request.httpMethod = "POST"
                request.httpBody = try JSONSerialization.data(withJSONObject: body)
                request.setValue("application/json", forHTTPHeaderField: "Content-Type")
                request.setValue("http://127.0.0.1:\(address.port ?? 0)", forHTTPHeaderField: "Origin")
            }
            let (data, response) = try await URLSession.shared.data(for: request)
            let status = (response as? HTTPURLResponse)?.statusCode ?? 0
            try #require([200, 202].contains(status), "\(path): \(status) \(String(decoding: data, as: UTF8.self))")
            return data
        }

        /// The queue by time, once events are found.
        func events(_ query: String = "") async throws -> [(id: Int, label: String)] {
            while try await ask("/facts")["state"] as? String == "finding" {
                try await Task.sleep(for: .milliseconds(20))
            }
            let found = try #require(
                try await ask("/events", query: "&order=time&limit=500" + query)["events"] as? [[String: Any]])
            return try found.map { (try #require($0["id"] as? Int), try #require($0["label"] as? String)) }
        }

        /// Has the events found anew.
        func find() async throws {
            let generation = try await ask("/facts")["generation"] as? Int
            _ = try await answer("/find", body: [:])
            while try await ask("/facts")["generation"] as? Int == generation {
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        func judge(_ event: Int, _ verdict: String, by reviewer: String = "Ann", _ more: [String: Any] = [:])
            async throws
        {
            let generation = try #require(try await ask("/facts")["generation"] as? Int)
            let body: [String: Any] = [
                "generation": generation, "event": event, "verdict": verdict, "reviewer": reviewer,
            ]
            _ = try await ask("/judge", body: body.merging(more) { $1 })
        }

        func undo(_ judgement: Int, by reviewer: String = "Ann") async throws {
            _ = try await answer("/undo", body: ["judgement": judgement, "reviewer": reviewer])
        }

        func end() -> Tool.Result {
            running.send(SIGINT)
            return running.wait()
        }
    }

    private static func cache(_ scratch: Scratch, clips: Int = 30) throws -> String {
        let cache = scratch.path("cache")
        let made = try Tool.run(
            "bench", "scores", "--cache", cache, "--clips", "\(clips)", "--classes", "3", "--chunks", "8")
        #expect(made.status == 0, "\(made.errors)")
        return cache
    }

    @Test("One line on standard output, status 0 after Ctrl-C, and a port in use is one line of status 75")
    func serves() throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch)
        let server = try Server(cache)
        let port = try #require(server.address.port)
        #expect(
            server.address.absoluteString.wholeMatch(of: /http:\/\/127\.0\.0\.1:\d+\/\?token=[A-Za-z0-9_-]{32}/) != nil)
        let second = try Tool.run("review", "--cache", cache, "--port", "\(port)")
        #expect(second.status == 75 && second.output.isEmpty)
        #expect(second.errors.hasPrefix("earmark: 127.0.0.1:\(port): the port is in use"), "\(second.errors)")
        let ended = server.end()
        #expect(ended.status == 0 && ended.output.split(separator: "\n").count == 1, "\(ended.errors)")
        for arguments in [["--class", "Horse"], ["--reviewer", ""], ["--threshold", "2"], ["--port", "70000"]] {
            let refused = try Tool.run(["review", "--cache", cache] + arguments)
            #expect([64, 65].contains(refused.status) && refused.output.isEmpty, "\(arguments): \(refused.errors)")
        }
        #expect(try Tool.run("review", "--cache", scratch.path("none")).status == 65)
    }

    @Test("What search found is judged in a cache that keeps embeddings and no scores; without a table that is refused")
    func searched() async throws {
        let scratch = try Scratch()
        for number in 0..<3 { try scratch.writeTone("\(number).wav", number, seconds: 2.5) }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<3).map { "tone \($0),\($0).wav\n" }.joined())
        let label = try String(contentsOfFile: Tool.pipeline("label.yaml"), encoding: .utf8)
        let stages = try #require(label.components(separatedBy: "  scores-cache:").first)
            .replacing("../Models/lean-esc10.safetensors", with: Tool.lean)
            .replacing("name: label", with: "name: embeddings")
        try scratch.write("p.yaml", stages + "  kept: {uses: cache, from: infer.embeddings}\n")
        #expect(try Tool.run(scratch.run(scratch.path("p.yaml"))).status == 0)
        let (cache, table) = (scratch.path("cache"), scratch.path("alike.csv"))
        let search = try Tool.run("search", "--cache", cache, "--like", "tone 1@0.5", "--top", "4", "--out", table)
        #expect(search.status == 0, "\(search.errors)")
        let refused = try Tool.run("review", "--cache", cache)
        #expect(refused.status == 65, "\(refused.errors)")
        #expect(refused.errors.contains("pipeline 'embeddings' makes no scores of chunks"), "\(refused.errors)")
        let server = try Server(cache, "--events", table)
        let events = try await server.events()
        #expect(events.count == 4 && events.allSatisfy { $0.label == "tone 1@0.5" })
        let generation = try #require(try await server.ask("/facts")["generation"] as? Int)
        let first = try #require(events.map(\.id).first)
        let detail = try await server.ask("/event/\(first)/detail", query: "&generation=\(generation)")
        #expect((detail["fault"] as? String)?.contains("no scores of chunks") == true, "\(detail)")
        let files: [(String, [UInt8])] = [
            ("picture.png", [0x89] + Array("PNG".utf8)), ("sound.wav", Array("RIFF".utf8)),
        ]
        for (what, start) in files {
            let bytes = try await server.answer("/event/\(first)/\(what)", query: "&generation=\(generation)")
            #expect(bytes.count > 500 && bytes.prefix(4).elementsEqual(start), "\(what)")
        }
        try await server.judge(first, "accept")
        #expect(server.end().status == 0)
        #expect(try Tool.run("status", "--cache", cache, "--json").output.contains(#""judgements":1,"#))
    }

    @Test(
        "While a run is on, the page shows its progress, events are judged, and what it found is there when asked anew")
    func besideARun() async throws {
        let scratch = try Scratch()
        try scratch.synth(6)
        try scratch.synth(250, seed: 2, name: "more")
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        // Clips of both: the first ones are done.
        let rows = try scratch.lines("more.csv").dropFirst().map { "more-" + $0 }
        try scratch.write("both.csv", try scratch.text("corpus.csv") + rows.joined(separator: "\n") + "\n")
        let run = try Tool.start(scratch.run("label.yaml", manifest: "both.csv", workers: 1))
        let cache = scratch.path("cache")
        let isRunning = run.until {
            (try? Tool.run("status", "--cache", cache, "--json").output.contains(#""last_run":"running""#)) == true
        }
        #expect(isRunning)
        run.send(SIGSTOP)
        let server = try Server(cache)
        let before = try await server.events()
        let facts = try await server.ask("/run")
        #expect(facts["running"] as? Bool == true && facts["clips"] as? Int == 256, "\(facts)")
        let counts = ["done", "failed", "pending"].compactMap { facts[$0] as? Int }
        #expect(counts.count == 3 && counts.reduce(0, +) == 256, "\(facts)")
        try await server.judge(before[0].id, "accept")
        run.send(SIGCONT)
        #expect(run.wait().status == 0)
        #expect(try await server.ask("/run")["running"] as? Bool == false)
        #expect(try await server.events().count == before.count, "until they are asked for anew")
        try await server.find()
        let after = try await server.events()
        #expect(after.count > before.count)
        let classes = try #require(try await server.ask("/facts")["classes"] as? [[String: Any]])
        #expect(classes.compactMap { $0["accept"] as? Int }.reduce(0, +) == 1, "the judgement is there")
        #expect(server.end().status == 0)
    }

    @Test("Judgements are in exports beside the machine's labels, in status and verify, and make thresholds")
    func exports() async throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch)
        let server = try Server(cache)
        let events = try await server.events()
        #expect(events.count >= 40)
        // Every second one of a class is accepted.
        for (place, event) in events.enumerated() where place != 3 {
            try await server.judge(event.id, place % 2 == 0 ? "accept" : "reject")
        }
        try await server.judge(events[0].id, "reject", by: "Ben, \"the other\"")
        let other = events[2].label == "Class 0" ? "Class 1" : "Class 0"
        try await server.judge(events[2].id, "accept", ["label": other, "start": 0.125])
        #expect(server.end().status == 0)

        let out = scratch.path("events.csv")
        let export = try Tool.run(
            "export", "events", "--cache", cache, "--threshold", "0.4", "--reviewed", "--out", out)
        #expect(export.status == 0 && export.errors.contains("\(events.count - 1) events judged"), "\(export.errors)")
        let lines = try scratch.lines("events.csv")
        #expect(
            lines[0]
                == "clip,path,start,end,label,score,peak,verdict,reviewer,judged_at,corrected_label,corrected_start,corrected_end"
        )
        #expect(lines.count == events.count + 1)
        #expect(
            export.output.contains("\(events.count) rows written; found \(events.count) events in 30 clips"),
            "\(export.output)")
        #expect(lines[1].contains(#",disputed,"Ann; Ben, ""the other""","#), "\(lines[1])")
        #expect(lines[3].contains(",accept,Ann,") && lines[3].hasSuffix(",\(other),0.125,"), "\(lines[3])")
        #expect(lines[4].hasSuffix(",,,,,,"), "\(lines[4])")
        // The machine's own part is the same bytes.
        _ = try Tool.run("export", "events", "--cache", cache, "--threshold", "0.4", "--out", scratch.path("plain.csv"))
        for (plain, reviewed) in zip(try scratch.lines("plain.csv"), lines) { #expect(reviewed.hasPrefix(plain + ",")) }

        // Another threshold: judgements without an event are rows without a score.
        let high = try Tool.run(
            "export", "events", "--cache", cache, "--threshold", "0.9", "--release", "0.9", "--reviewed", "--format",
            "jsonl", "--out", scratch.path("high.jsonl"))
        #expect(high.errors.contains("without an event now: not found"), "\(high.errors)")
        let lost = try scratch.lines("high.jsonl").filter { $0.contains(#""score":null"#) }
        #expect(!lost.isEmpty && lost.allSatisfy { $0.contains(#""verdict":""#) })

        // A format without a place for verdicts: rejected ones are not there.
        let dcase = try Tool.run(
            "export", "events", "--cache", cache, "--threshold", "0.4", "--reviewed", "--format", "dcase", "--out",
            scratch.path("events.tsv"))
        let rejected = events.indices.count { $0 % 2 == 1 && $0 != 3 }
        #expect(
            dcase.errors.contains("\(rejected) rejected and left out, 1 with corrections applied"), "\(dcase.errors)")
        #expect(try scratch.lines("events.tsv").count == 1 + events.count - rejected)
        #expect(dcase.output.contains("\(events.count - rejected) rows written; found \(events.count) events in"))
        let labels = try Tool.run(
            "export", "labels", "--cache", cache, "--threshold", "0.4", "--reviewed", "--out", scratch.path("l.csv"))
        let rows = try scratch.lines("l.csv").count - 1
        #expect(labels.output.contains("\(rows) rows written; found "), "\(labels.output)")
        for format in ["sqlite", "jsonl"] {
            for what in ["events", "labels"] {
                let result = try Tool.run(
                    "export", what, "--cache", cache, "--threshold", "0.4", "--reviewed", "--format", format, "--out",
                    scratch.path("out.\(format)"))
                #expect(result.status == 0, "\(result.errors)")
            }
        }
        #expect(
            try Tool.run(
                "export", "events", "--cache", cache, "--top", "1", "--reviewed", "--out", scratch.path("x.csv")
            ).status == 64)

        let calibrated = try Tool.run(
            "calibrate", "--cache", cache, "--reviewed", "--least", "2", "--out", scratch.path("thresholds.csv"))
        #expect(calibrated.status == 0, "\(calibrated.errors)")
        #expect(calibrated.output.hasPrefix("\(events.count - 2) judged events; left out: 1 disputed; "))
        #expect(try scratch.lines("thresholds.csv").count == 4)
        let stats = try Tool.run(
            "stats", "--cache", cache, "--reviewed", "--threshold", "0.4", "--out", scratch.path("stats"))
        #expect(stats.status == 0 && stats.errors.contains("judged: "), "\(stats.errors)")
        #expect(stats.errors.contains("with clips of both kinds"), "\(stats.errors)")
        let page = try scratch.text("stats/report.html")
        #expect(page.contains("judged clips, ") && page.contains("Found, but rejected"))
        for arguments in [["--reviewed", "--truth", "m.csv"], []] {
            #expect(
                try Tool.run(["calibrate", "--cache", cache, "--out", scratch.path("t.csv")] + arguments).status == 64)
        }

        let count = events.count + 1
        #expect(try Tool.run("status", "--cache", cache).output.contains("reviewed: \(count) judgements"))
        #expect(try Tool.run("status", "--cache", cache, "--json").output.contains(#""judgements":\#(count),"#))
        let file = cache + "/judgements.sqlite"
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(try Tool.run("prune", "--cache", cache).status == 0)
        _ = try Tool.run("verify", "--cache", cache, "--repair")
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
        var damaged = before
        // A letter of a reviewer's name.
        let place = try #require(
            damaged.range(of: Data("acceptAnn2".utf8)) ?? damaged.range(of: Data("rejectAnn2".utf8)))
        damaged[place.lowerBound + 7] = UInt8(ascii: "m")
        try damaged.write(to: URL(fileURLWithPath: file))
        let verified = try Tool.run("verify", "--cache", cache)
        #expect(verified.status == 65 && verified.output.contains("is not what was written"), "\(verified.output)")
        #expect(try Tool.run("status", "--cache", cache).output.contains("reviewed: \(count - 1) judgements"))
        #expect(
            try Tool.run("export", "scores", "--cache", cache, "--out", file).status == 64,
            "no export writes over the judgements")
    }

    @Test("Without any judgement, calibrate and stats say so and write nothing; also when all were taken back")
    func noJudgements() async throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch, clips: 5)
        func refuses() throws {
            for arguments in [["calibrate", "--out", scratch.path("t.csv")], ["stats", "--out", scratch.path("s")]] {
                let result = try Tool.run(arguments + ["--cache", cache, "--reviewed"])
                #expect(
                    result.status == 65 && result.errors.contains("judgements.sqlite: found no judgement")
                        && result.output.isEmpty, "\(result.errors)")
                #expect(!FileManager.default.fileExists(atPath: arguments[2]))
            }
        }
        try refuses()
        let server = try Server(cache)
        try await server.judge(try await server.events()[0].id, "accept")
        try await server.undo(1)
        #expect(server.end().status == 0)
        try refuses()
    }

    @Test("Judgements that are all left out make no table, and replace none: calibrate says why they are")
    func noneUsable() async throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch)
        let server = try Server(cache)
        let events = try await server.events()
        try await server.judge(events[0].id, "unsure")
        try await server.judge(events[1].id, "accept")
        try await server.judge(events[1].id, "reject", by: "Ben")
        #expect(server.end().status == 0)
        try scratch.write("t.csv", "class,threshold\nClass 0,0.5\n")
        let tries: [(out: String, more: [String])] = [
            ("t.csv", []), ("t.csv", ["--json"]), ("new.csv", []), ("-", []),
        ]
        for (out, more) in tries {
            let path = out == "-" ? out : scratch.path(out)
            let result = try Tool.run(["calibrate", "--cache", cache, "--reviewed", "--out", path] + more)
            #expect(result.status == 65 && result.output.isEmpty, "\(result.output)")
            #expect(
                result.errors.hasSuffix(
                    "judgements.sqlite: found no judgement that can be used, expected some; "
                        + "left out: 1 unsure, 1 disputed\n"), "\(result.errors)")
        }
        #expect(try scratch.text("t.csv") == "class,threshold\nClass 0,0.5\n")
        for name in ["new.csv", "new.csv.meta.json", "t.csv.meta.json"] {
            #expect(!FileManager.default.fileExists(atPath: scratch.path(name)))
        }
    }

    @Test("2,000 idle connections neither end the review nor keep a browser from judging")
    func idleConnections() async throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch, clips: 5)
        // Far fewer descriptors than connections, as on machines where the limit cannot be raised.
        let server = try Server(cache, shell: "ulimit -n 200; exec \"$0\" \"$@\"")
        let event = try await server.events()[0].id
        let crowd = try Crowd(count: 2000, port: try #require(server.address.port))
        try await server.judge(event, "accept")
        #expect(server.running.isRunning)
        let late = try Crowd(count: 200, port: try #require(server.address.port))
        try await server.judge(event, "reject")
        withExtendedLifetime((crowd, late)) {}
        #expect(server.end().status == 0)
    }

    /// Connections that say nothing.
    private final class Crowd {
        private var files: [Int32] = []

        init(count: Int, port: Int) throws {
            // The soft limit of descriptors is 1024 on most machines, and this process may raise it.
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 4096))
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            for number in 0..<count {
                let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                try #require(file >= 0, "no descriptor is left for connection \(number)")
                files.append(file)
                let isConnected = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    }
                }
                try #require(isConnected, "connection \(number): \(errno)")
            }
        }

        deinit { for file in files { close(file) } }
    }

    /// Begins a transaction on the file of judgements, of which a part reaches the file, and is killed in its middle.
    private static let killedWriter = """
        import os, signal, sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE judgements SET reviewer = 'nobody', verdict = 'unsure'")
        connection.execute(
            "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 500) "
            "INSERT INTO judgements SELECT 10000 + i, hex(zeroblob(1000)), '', '', 0, 1, 0, 0, 0, '', 'accept', NULL, "
            "NULL, NULL, NULL, 'nobody', '', 0 FROM numbers")
        os.kill(os.getpid(), signal.SIGKILL)
        """

    @Test(
        "After a kill in the middle of a judgement, whatever reads judgements finds those that were stored",
        .enabled(if: Python.hasNumPy, Python.notice))
    func cutOff() async throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch)
        let server = try Server(cache)
        let events = try await server.events()
        for (place, event) in events.enumerated() {
            try await server.judge(event.id, place % 2 == 0 ? "accept" : "reject")
        }
        #expect(server.end().status == 0)
        let file = cache + "/judgements.sqlite"
        func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
        let sound = try bytes(file)
        let readers = [
            ["export", "events", "--threshold", "0.4", "--reviewed", "--out", scratch.path("e.csv")],
            ["export", "labels", "--threshold", "0.4", "--reviewed", "--out", scratch.path("l.csv")],
            ["calibrate", "--reviewed", "--least", "2", "--out", scratch.path("t.csv")],
            ["stats", "--threshold", "0.4", "--reviewed", "--out", scratch.path("s")],
            ["status"], ["verify"],
        ]
        func read(_ reader: [String]) throws -> (result: Tool.Result, out: Data?) {
            let result = try Tool.run(reader + ["--cache", cache])
            let out = reader.contains("--out") ? reader[reader.count - 1] : ""
            return (result, try? bytes(out.hasSuffix("/s") ? out + "/classes.csv" : out))
        }
        let plain = try readers.map(read)
        #expect(plain.allSatisfy { $0.result.status == 0 } && plain.count(where: { $0.out != nil }) == 4)
        _ = try Python.run("-c", Self.killedWriter, file)
        let (begun, journal) = (try bytes(file), try bytes(file + "-journal"))
        try #require(begun.count > sound.count && journal.first == 0xD9, "nothing was begun")
        func cut() throws {
            try begun.write(to: URL(fileURLWithPath: file))
            try journal.write(to: URL(fileURLWithPath: file + "-journal"))
        }
        for (reader, before) in zip(readers, plain) {
            try cut()
            let found = try read(reader)
            #expect(found.result.status == before.result.status, "\(reader): \(found.result.errors)")
            #expect(found.result.errors == before.result.errors && found.out == before.out, "\(reader)")
            #expect(try bytes(file) == sound, "\(reader)")
            #expect(!FileManager.default.fileExists(atPath: file + "-journal"), "\(reader)")
        }
        #expect(plain[4].result.output.contains("reviewed: \(events.count) judgements"))
        try cut()
        let again = try Server(cache)
        #expect(try await again.events().count == events.count)
        let facts = try await again.ask("/facts")
        #expect(facts["judgements"] as? Int == events.count && facts["fault"] == nil, "\(facts)")
        #expect(again.end().status == 0)
    }

    @Test("Killed at any moment, no judgement that was answered is lost")
    func killed() async throws {
        let scratch = try Scratch()
        let cache = try Self.cache(scratch)
        var answered = 0
        for round in 0..<3 {
            let server = try Server(cache)
            let events = try await server.events()
            for event in events.prefix(3 + round) {
                try await server.judge(event.id, "unsure", by: "round \(round)")
                answered += 1
            }
            // One more is under way.
            async let last: Void = server.judge(events[0].id, "accept", by: "late \(round)")
            server.running.send(SIGKILL)
            _ = server.running.wait()
            if (try? await last) != nil { answered += 1 }
        }
        let status = try Tool.run("status", "--cache", cache, "--json").output
        let match = try #require(status.firstMatch(of: /"judgements":(\d+),/))
        let kept = try #require(Int(match.1))
        #expect(kept >= answered && kept <= answered + 3, "\(kept) kept of \(answered) answered")
        #expect(try Tool.run("verify", "--cache", cache).output.contains("all sound"))
    }
}
