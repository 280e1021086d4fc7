import Foundation
import Testing

/// The real YAMNet on real recordings, getting it over a network, and two models side by side.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct YAMNetTests {
    private func imported(
        _ scratch: Scratch, tflite: String = Tool.tflite, classes: String = Tool.classMap
    ) throws -> String {
        let result = try Tool.run(
            "model", "import", tflite, "--classes", classes, "--out", scratch.path("yamnet.safetensors"))
        #expect(result.status == 0, "\(result.errors)")
        return scratch.path("yamnet.safetensors")
    }

    @Test(
        "240 recordings, classes mapped by name: at least 96 % right",
        .enabled(if: Tool.hasYAMNet, Tool.noYAMNet), .enabled(if: Tool.hasESC10, Tool.noESC10))
    func esc10() throws {
        let groups: [String: [String]] = [
            "001": ["Dog", "Bark", "Bow-wow", "Yip", "Growling", "Whimper (dog)"],
            "002": ["Rain", "Raindrop", "Rain on surface"], "003": ["Ocean", "Waves, surf"],
            "004": ["Baby cry, infant cry"], "005": ["Tick", "Tick-tock", "Clock"], "006": ["Sneeze"],
            "007": ["Helicopter"], "008": ["Chainsaw"], "009": ["Crowing, cock-a-doodle-doo", "Chicken, rooster"],
            "010": ["Crackle", "Fire"],
        ]
        let scratch = try Scratch()
        let model = try imported(scratch)
        #expect(try Tool.run("manifest", "folder", Tool.esc10, "--out", scratch.path("corpus.csv")).status == 0)
        let run = try Tool.run(scratch.run("label.yaml", sets: ["infer.model=" + model]))
        #expect(run.status == 0, "\(run.errors)")
        _ = try Tool.run(
            "export", "scores", "--cache", scratch.path("cache"), "--format", "jsonl", "--out", scratch.path("s.jsonl"))
        var right = 0
        let lines = try scratch.lines("s.jsonl")
        for line in lines {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let clip = try #require(object["clip"] as? String)
            let scores = try #require(object["scores"] as? [String: Double])
            let best = groups.max { a, b in
                (a.value.compactMap { scores[$0] }.max() ?? 0) < (b.value.compactMap { scores[$0] }.max() ?? 0)
            }
            if clip.hasPrefix(best?.key ?? "?") { right += 1 }
        }
        #expect(lines.count == 240)
        #expect(Double(right) >= 0.96 * 240, "\(right) of 240")
    }

    /// With weights made up in YAMNet's form: what it says is not asked here.
    @Test("Two models over one log-mel in one pipeline", .enabled(if: Python.hasNumPy, Python.notice))
    func twoModels() throws {
        let scratch = try Scratch()
        let (tflite, classes) = (scratch.path("made.tflite"), scratch.path("made.csv"))
        let made = try Python.run(Tool.root + "/Scripts/fixtures/yamnet_file.py", "make", tflite, classes)
        #expect(made.status == 0, "\(made.errors)")
        let model = try imported(scratch, tflite: tflite, classes: classes)
        try scratch.synth(3)
        try scratch.write(
            "two.yaml",
            """
            name: two
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode}
              chunk: {uses: chunk, from: resample}
              mel: {uses: log-mel, from: chunk}
              yamnet: {uses: infer, from: [mel, chunk], model: \(model)}
              lean: {uses: infer, from: [mel, chunk], model: \(Tool.lean)}
              yamnet-scores: {uses: cache, from: yamnet, dtype: float32}
              lean-scores: {uses: cache, from: lean, dtype: float32}
              lean-embeddings: {uses: cache, from: lean.embeddings, dtype: float16}
            """)
        let run = try Tool.run(scratch.run(scratch.path("two.yaml")))
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            try CacheContents(scratch, cache: "cache").digests.keys.filter { $0.hasSuffix("embeddings") }.count == 3)
        let shards = try FileManager.default.contentsOfDirectory(atPath: scratch.path("cache/shards"))
        #expect(
            Set(shards.filter { $0.hasSuffix(".npy") }.map { $0.split(separator: "-")[0] }) == ["scores", "embeddings"])
    }

    @Test(
        "Fetching: the right file, a wrong one, a cut transfer, nobody there",
        .enabled(if: Tool.hasYAMNet, Tool.noYAMNet), .enabled(if: Python.hasNumPy, Python.notice))
    func fetch() throws {
        let scratch = try Scratch()
        try scratch.write(
            "server.py",
            """
            import http.server, sys
            data = open(sys.argv[1], "rb").read()
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = data if self.path == "/right" else data[:-1] + b"x" if self.path == "/wrong" else data
                    self.send_response(404 if self.path == "/none" else 200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body[:len(body) // 2] if self.path == "/cut" else body)
                def log_message(self, *a): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            open(sys.argv[2], "w").write(str(server.server_address[1]) + "\\n")
            server.serve_forever()
            """)
        let server = try Tool.start(
            [scratch.path("server.py"), Tool.tflite, scratch.path("port")], executable: Python.path ?? "")
        defer {
            server.send(SIGKILL)
            _ = server.wait()
        }
        #expect(server.until { (try? scratch.text("port").hasSuffix("\n")) == true })
        let port = try scratch.text("port").trimmingCharacters(in: .whitespacesAndNewlines)
        func fetch(_ path: String, port: String) throws -> Tool.Result {
            try Tool.run(
                "model", "fetch", "yamnet", "--url", "http://127.0.0.1:\(port)/\(path)", "--out",
                scratch.path("out/\(path).safetensors"))
        }
        for (path, status) in [("wrong", 65), ("cut", 75), ("none", 75)] as [(String, Int32)] {
            let result = try fetch(path, port: port)
            #expect(result.status == status, "\(path): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(path): \(result.errors)")
        }
        let closed = try fetch("closed", port: "9")
        #expect(closed.status == 75, "\(closed.errors)")
        let left = try? FileManager.default.contentsOfDirectory(atPath: scratch.path("out"))
        #expect(left?.isEmpty != false, "\(left ?? [])")
        let right = try fetch("right", port: port)
        #expect(right.status == 0 && right.output.contains("521 classes"), "\(right.errors)")
        #expect(try scratch.bytes("out/right.safetensors").count > 14_000_000)
    }
}
