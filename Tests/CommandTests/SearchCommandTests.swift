import Foundation
import Testing

/// `search` and `export embeddings` as their users run them.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct SearchCommandTests {
    /// The labelling pipeline that ships, with its embeddings kept.
    private static func pipeline(_ dtype: String = "float16") throws -> String {
        let text = try String(contentsOfFile: Tool.pipeline("label.yaml"), encoding: .utf8)
        return text.replacingOccurrences(of: "../Models/lean-esc10.safetensors", with: Tool.lean)
            + "  embeddings:\n    uses: cache\n    from: infer.embeddings\n    dtype: \(dtype)\n"
    }

    /// Recordings of tones, each with its own number of seconds, and the pipeline; nothing is run yet.
    private func recordings(_ count: Int = 6) throws -> Scratch {
        let scratch = try Scratch()
        for number in 0..<count { try scratch.writeTone("\(number).wav", number, seconds: 1.5 + Double(number % 3)) }
        try scratch.write(
            "corpus.csv", "clip,path\n" + (0..<count).map { "tone \($0),\($0).wav\n" }.joined())
        try scratch.write("p.yaml", Self.pipeline())
        return scratch
    }

    private func prepared() throws -> Scratch {
        let scratch = try recordings()
        let run = try Tool.run(scratch.run(scratch.path("p.yaml")))
        #expect(run.status == 0, "\(run.errors)")
        return scratch
    }

    private func search(_ scratch: Scratch, _ words: String..., cache: String = "cache") throws -> Tool.Result {
        try Tool.run(["search", "--cache", scratch.path(cache)] + words)
    }

    @Test("What is found is written as events, which are cut out, and what made it stands beside the table")
    func found() throws {
        let scratch = try prepared()
        let piped = try search(scratch, "--like", "tone 1@0.5", "--top", "7")
        #expect(piped.status == 0, "\(piped.errors)")
        let lines = piped.output.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(lines[0] == ["clip", "path", "start", "end", "label", "score", "peak"] && lines.count == 8)
        let scores = lines.dropFirst().compactMap { Double($0[5]) }
        #expect(scores.count == 7 && scores == scores.sorted(by: >) && (scores.first ?? 0) > 0.5)
        #expect(lines.dropFirst().allSatisfy { $0[4] == "tone 1@0.5" })
        // The clip has chunks at 0, 0.5, 1 and 1.5 s, of which three overlap the query.
        #expect(!lines.contains { $0[0] == "tone 1" && ["0", "0.5", "1"].contains($0[2]) })
        let words = piped.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("compared: 21 chunks; left out: 3 chunks overlapping the query"), "\(words)")
        let file = try search(
            scratch, "--like", "tone 1@0.5", "--top", "7", "--workers", "1", "--out", scratch.path("found.csv"))
        #expect(file.status == 0 && file.output.hasPrefix("7 results in "), "\(file.errors)")
        #expect(try scratch.text("found.csv") == piped.output)
        let meta = try #require(
            try JSONSerialization.jsonObject(with: Data(scratch.bytes("found.csv.meta.json"))) as? [String: Any])
        let settings = try #require(meta["settings"] as? [String: String])
        #expect(settings["like"] == "tone 1@0.5" && settings["top"] == "7" && settings["stage"] == "embeddings")
        #expect(meta["coverage"] as? [String: Int] == ["clips": 6, "done": 6, "failed": 0, "pending": 0])
        #expect((meta["models"] as? [[String: String]])?.first?["path"] == Tool.lean)
        let cut = try Tool.run(
            "export", "clips", "--cache", scratch.path("cache"), "--events", scratch.path("found.csv"), "--out",
            scratch.path("cuts"))
        #expect(cut.status == 0 && cut.output.hasPrefix("7 clips"), "\(cut.errors)")
        for format in ["jsonl", "raven", "kaleidoscope", "dcase"] {
            #expect(try search(scratch, "--like", "tone 1", "--format", format).status == 0)
        }
        let track = try search(scratch, "--like", "tone 1", "--clip", "tone 2", "--gap", "0", "--format", "audacity")
        #expect(track.status == 0 && track.output == "0.000000\t3.500000\ttone 1\n", "\(track.output)\(track.errors)")
    }

    @Test("A recording finds the clip that it is, and the same others as that clip; without its own if that is asked")
    func file() throws {
        let scratch = try prepared()
        let clip = try search(scratch, "--like", "tone 2@1", "--label", "x")
        let file = try search(scratch, "--like", scratch.path("2.wav") + "@1", "--label", "x")
        #expect(file.status == 0 && clip.status == 0, "\(file.errors)")
        func rows(_ result: Tool.Result) -> [String] { result.output.split(separator: "\n").map(String.init) }
        let best = rows(file)[1].split(separator: ",").map(String.init)
        #expect(best[0] == "tone 2" && best[4] == "x" && (Double(best[5]) ?? 0) > 0.999_99, "\(file.output)")
        #expect(rows(file).count == rows(clip).count + 3)
        #expect(Set(rows(file)).isSuperset(of: rows(clip)))
        let other = try search(scratch, "--like", scratch.path("2.wav"), "--not-same-clip")
        #expect(rows(other).count > 5 && !rows(other).contains { $0.hasPrefix("tone 2,") })
        #expect(other.errors.contains("1 clip of the query's recording"), "\(other.errors)")
        // A copy elsewhere is not the clip's recording, but sounds the same.
        try scratch.write("copy.wav", scratch.bytes("2.wav"))
        let copy = try search(scratch, "--like", scratch.path("copy.wav") + "@1", "--label", "x")
        #expect(copy.output == file.output)
    }

    @Test("Results do not depend on workers, shards, a retry or a prune, nor on whether features came from the cache")
    func same() throws {
        let scratch = try prepared()
        let wanted = try search(scratch, "--like", "tone 3", "--top", "1000").output
        #expect(wanted.split(separator: "\n").count > 5)
        // In another cache: features first, then half of the clips, a damaged one, another overlap, and all that again.
        let folder = "other"
        #expect(try Tool.run(scratch.run("features.yaml", cache: folder, workers: 1)).status == 0)
        try scratch.write("some.csv", "clip,path\ntone 5,5.wav\ntone 1,1.wav\nbad,bad.wav\n")
        try scratch.write("bad.wav", "no recording")
        let pipeline = scratch.path("p.yaml")
        #expect(try Tool.run(scratch.run(pipeline, manifest: "some.csv", cache: folder)).status == 3)
        #expect(
            try Tool.run(scratch.run(pipeline, cache: folder, workers: 1, sets: ["chunk.overlap=0.75"])).status == 0)
        #expect(try Tool.run(scratch.run(pipeline, cache: folder, workers: 1)).status == 0)
        #expect(try search(scratch, "--like", "tone 3", "--top", "1000", cache: folder).output == wanted)
        #expect(try Tool.run("retry", "--cache", scratch.path(folder)).status == 0)
        #expect(try Tool.run("prune", "--cache", scratch.path(folder)).status == 0)
        #expect(try search(scratch, "--like", "tone 3", "--top", "1000", cache: folder).output == wanted)
    }

    @Test("A cache that is being written is searched as far as it is")
    func whileRunning() throws {
        let scratch = try recordings(60)
        let run = try Tool.start(scratch.run(scratch.path("p.yaml"), workers: 1))
        var early: [Tool.Result] = []
        // Whatever the run has committed when a search begins, its results are whole.
        while run.isRunning {
            let result = try search(scratch, "--like", "tone 0", "--top", "1000")
            if result.status != 65, result.status != 64 { early.append(result) }
        }
        #expect(run.wait().status == 0)
        let last = try search(scratch, "--like", "tone 0", "--top", "1000")
        #expect(last.status == 0, "\(last.errors)")
        let all = Set(last.output.split(separator: "\n"))
        for result in early {
            #expect([0, 3].contains(result.status), "\(result.errors)")
            #expect(all.isSuperset(of: result.output.split(separator: "\n")))
        }
    }

    @Test("What is wrong is one line that says so")
    func refused() throws {
        let scratch = try prepared()
        #expect(try Tool.run(scratch.run("label.yaml", cache: "plain")).status == 0)
        let words =
            "pipeline 'label' keeps no embeddings, expected a run of one with a stage like "
            + "'embeddings: {uses: cache, from: infer.embeddings}'"
        for command in [["search", "--like", "tone 1"], ["export", "embeddings", "--out", scratch.path("e")]] {
            let result = try Tool.run(command + ["--cache", scratch.path("plain")])
            #expect(result.status == 65 && result.errors.contains(words), "\(result.errors)")
        }
        let cases: [(Int32, String, [String])] = [
            (64, "--like is empty", ["--like", ""]), (64, "--like", []),
            (64, "--like: found 'nothing', which is neither a clip of the cache nor a file", ["--like", "nothing"]),
            (64, "--like: found 99 s of clip 'tone 1'", ["--like", "tone 1@99"]),
            (64, "--top is 0, expected 1 to 1000000", ["--like", "tone 1", "--top", "0"]),
            (64, "--least is 1.5, expected 0 to 1", ["--like", "tone 1", "--least", "1.5"]),
            (64, "--gap is -1.0, expected 0 seconds or more", ["--like", "tone 1", "--gap=-1"]),
            (64, "--workers is 0", ["--like", "tone 1", "--workers", "0"]),
            (64, "--clip: found 'x*'", ["--like", "tone 1", "--clip", "x*"]),
            (64, "--stage: found 'infer', which keeps no embeddings", ["--like", "tone 1", "--stage", "infer"]),
            (64, "no pipeline 'x' was run", ["--like", "tone 1", "--pipeline", "x"]),
            (64, "--format audacity: found sounds in ", ["--like", "tone 1", "--format", "audacity"]),
            (64, "--format", ["--like", "tone 1", "--format", "sqlite"]),
            (65, "corpus.csv: ", ["--like", scratch.path("corpus.csv")]),
        ]
        for (status, message, words) in cases {
            let result = try Tool.run(
                ["search", "--cache", scratch.path("cache"), "--out", scratch.path("out")] + words)
            #expect(
                result.status == status && result.errors.contains(message),
                "\(words): \(result.status) \(result.errors)")
            #expect((1...2).contains(result.errors.split(separator: "\n").count), "\(result.errors)")
        }
        let piped = try Tool.run("export", "embeddings", "--cache", scratch.path("cache"), "--out", "-")
        #expect(piped.status == 64 && piped.errors.contains("two files (embeddings, chunks)"), "\(piped.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.folder)
        #expect(!left.contains { $0.hasPrefix("out") || $0.hasPrefix("e.") || $0 == "e" }, "\(left)")
    }

    @Test("Silence that no model hears is neither found nor searched for, and is counted")
    func silence() throws {
        let scratch = try recordings(3)
        try scratch.writeWAV("still.wav", samples: [Int16](repeating: 0, count: 40_000))
        try scratch.write("corpus.csv", try scratch.text("corpus.csv") + "still,still.wav\n")
        #expect(try Tool.run(scratch.run(scratch.path("p.yaml"), sets: ["chunk.skip-below=-60"])).status == 0)
        let result = try search(scratch, "--like", "tone 1@0", "--top", "1000")
        #expect(result.status == 0 && !result.output.contains("still"), "\(result.errors)")
        let words = result.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("4 chunks that no model heard") && words.contains("skipped: 4 chunks"), "\(words)")
        for like in ["still", "still@1", scratch.path("still.wav")] {
            let silent = try search(scratch, "--like", like)
            #expect(silent.status == 64 && silent.errors.contains("that no model heard, as "), "\(silent.errors)")
        }
    }

    @Test("Embeddings are exported as an array and as a table of the same numbers", arguments: ["float16", "float32"])
    func exported(dtype: String) throws {
        let scratch = try recordings(4)
        try scratch.write("p.yaml", Self.pipeline(dtype))
        try scratch.write("gone.csv", try scratch.text("corpus.csv") + "gone,gone.wav\n")
        #expect(try Tool.run(scratch.run(scratch.path("p.yaml"), manifest: "gone.csv")).status == 3)
        func export(_ words: String..., out: String) throws -> Tool.Result {
            try Tool.run(
                ["export", "embeddings", "--cache", scratch.path("cache")] + words + ["--out", scratch.path(out)])
        }
        let array = try export(out: "e.npy")
        #expect(array.status == 3 && array.errors.contains("embeddings of 4 of 5 clips: 1 failed"), "\(array.errors)")
        #expect(array.output.hasPrefix("14 embeddings of 512 values in 4 clips in "), "\(array.output)")
        let table = try export("--format", "csv", "--clip", "tone*", out: "e.csv")
        #expect(table.status == 0, "\(table.errors)")
        let rows = try scratch.lines("e.csv").dropFirst().map { $0.split(separator: ",").map(String.init) }
        let chunks = try scratch.lines("e.npy.chunks.csv").dropFirst().map { $0.split(separator: ",").map(String.init) }
        #expect(rows.count == 14 && rows.map { Array($0[..<4]) } == chunks.map { Array($0[..<4]) })
        let bytes = try scratch.bytes("e.npy")
        let values: [Float] = bytes.withUnsafeBytes { bytes in
            (0..<14 * 512).map {
                dtype == "float32"
                    ? bytes.loadUnaligned(fromByteOffset: 128 + 4 * $0, as: Float.self)
                    : Float(bytes.loadUnaligned(fromByteOffset: 128 + 2 * $0, as: Float16.self))
            }
        }
        #expect(bytes.count == 128 + 14 * 512 * (dtype == "float32" ? 4 : 2))
        #expect(rows.flatMap { $0[4...].compactMap { Float($0) } } == values)
        let meta = try scratch.text("e.npy.meta.json")
        #expect(meta.contains(#""stage" : "embeddings""#) && meta.contains(#""failed" : 1"#), "\(meta)")
    }

    @Test("NumPy reads the array", .enabled(if: Python.hasNumPy, Python.notice))
    func numpy() throws {
        let scratch = try prepared()
        let out = scratch.path("e.npy")
        #expect(try Tool.run("export", "embeddings", "--cache", scratch.path("cache"), "--out", out).status == 0)
        let read = try Python.run(
            "-c",
            """
            import csv, sys, numpy
            rows = numpy.load(sys.argv[1], mmap_mode="r")
            chunks = list(csv.DictReader(open(sys.argv[1] + ".chunks.csv")))
            print(rows.dtype, rows.shape[0] == len(chunks), rows.shape[1], chunks[-1]["row"], bool(numpy.isfinite(rows).all()))
            """, out)
        #expect(read.output == "float16 True 512 23 True\n", "\(read.output)\(read.errors)")
    }

    @Test("The bench makes its own cache, times searches in it and leaves nothing")
    func bench() throws {
        let scratch = try Scratch()
        let result = try Tool.run(
            "bench", "search", "--rows", "1001", "--size", "33", "--chunks", "10", "--repeats", "1", "--half",
            "--queries", "3", "--scratch", scratch.folder, "--json")
        #expect(result.status == 0, "\(result.errors)")
        let told = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], "\(result.output)")
        #expect(told["rows"] as? Int == 1001 && told["format"] as? String == "float16", "\(result.output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder).isEmpty)
    }
}
