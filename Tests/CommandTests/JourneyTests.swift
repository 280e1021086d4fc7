import Foundation
import Testing

/// What a newcomer does, from the first command to the last.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct JourneyTests {
    @Test("A corpus goes through the features pipeline; the second run has nothing to do; ten files more are ten files")
    func features() throws {
        let scratch = try Scratch()
        try scratch.synth(12)
        let plan = try Tool.run(
            "plan", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"))
        #expect(plan.status == 0 && plan.output.contains("12 to do"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("cache")))
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let status = try scratch.status()
        #expect(status.clips == 12 && status.done == 12 && status.addsUp)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)

        let again = try Tool.run(scratch.run("features.yaml").filter { $0 != "--quiet" })
        #expect(again.status == 0 && again.errors.contains("nothing to do"))

        for number in 0..<10 { try scratch.writeTone("more\(number).wav", number) }
        let rows = try scratch.text("corpus.csv") + (0..<10).map { "m\($0),more\($0).wav,,\n" }.joined()
        try scratch.write("corpus.csv", rows)
        let more = try Tool.run(
            "plan", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"), "--json")
        #expect(more.output.contains(#""to_do":10"#) && more.output.contains(#""new":10"#))
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try scratch.status().done == 22)
        #expect(try CacheContents(scratch, cache: "cache").digests.count == 44)
    }

    @Test("Labels, scores in three formats, statistics with truth, and a model's change that decodes nothing")
    func labels() throws {
        let scratch = try Scratch()
        try scratch.synth(8)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        for format in ["csv", "jsonl", "npy"] {
            let export = try Tool.run(
                "export", "scores", "--cache", scratch.path("cache"), "--format", format, "--out",
                scratch.path("scores." + format))
            #expect(export.status == 0, "\(export.errors)")
        }
        let scores = try scratch.lines("scores.csv")
        let clips = try scratch.lines("corpus.csv").dropFirst().map { $0.split(separator: ",")[0] }
        #expect(scores[0].hasPrefix("clip,") && scores.dropFirst().map { $0.split(separator: ",")[0] } == clips)
        #expect(try scratch.lines("scores.jsonl").count == 8)
        let stats = try Tool.run(
            "stats", "--cache", scratch.path("cache"), "--truth", scratch.path("corpus.csv"), "--out",
            scratch.path("stats"))
        #expect(stats.status == 0 && stats.output.contains("mAP"))
        for file in ["classes.csv", "summary.json", "report.html"] {
            #expect(FileManager.default.fileExists(atPath: scratch.path("stats/" + file)))
        }
        // Another model: the same weights in another file would be the same model, so one byte of its words is another.
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Tool.lean)))
        let place = try #require(bytes.prefix(65_536).firstRange(of: Array("trained by".utf8)))
        bytes[place.lowerBound] = UInt8(ascii: "T")
        // Blanks in the place of the digest that the file carries of itself, which would tell.
        let digest = try #require(bytes.prefix(65_536).firstRange(of: Array(#""digest":"sha256:"#.utf8)))
        bytes.replaceSubrange(
            digest.lowerBound..<digest.upperBound + 66,
            with: [UInt8](repeating: 32, count: digest.count + 66))
        try scratch.write("other.safetensors", bytes)
        let set = ["infer.model=" + scratch.path("other.safetensors")]
        let plan = try Tool.run(
            ["plan"]
                + scratch.run("label.yaml", sets: set).dropFirst().filter {
                    $0 != "--quiet" && $0 != "--workers" && $0 != "2"
                }
                + ["--json"])
        #expect(
            plan.output.contains(#""reads":["mel-cache","raw-cache"]"#) && !plan.output.contains(#""decode""#),
            "\(plan.output)\(plan.errors)")
        // With the audio gone nothing can be decoded, and nothing needs to be.
        try FileManager.default.moveItem(atPath: scratch.path("corpus"), toPath: scratch.path("away"))
        let run = try Tool.run(scratch.run("label.yaml", sets: set))
        #expect(run.status == 0, "\(run.errors)")
        _ = try Tool.run(
            "export", "scores", "--cache", scratch.path("cache"), "--out", scratch.path("again.csv"))
        #expect(try scratch.bytes("again.csv") == scratch.bytes("scores.csv"))
    }

    @Test("One and three workers leave the same bytes for every clip")
    func workers() throws {
        let scratch = try Scratch()
        try scratch.synth(10)
        for (cache, workers) in [("one", 1), ("three", 3)] {
            #expect(try Tool.run(scratch.run("label.yaml", cache: cache, workers: workers)).status == 0)
        }
        let one = try CacheContents(scratch, cache: "one")
        #expect(one.digests.count == 30)
        #expect(try CacheContents(scratch, cache: "three") == one)
    }

    @Test("Names with spaces, quotes, newlines and formulas come through, and no export begins a cell with a formula")
    func names() throws {
        let scratch = try Scratch()
        let names = ["plain", "two words", "it's \"quoted\"", "line\nbreak", "=1+1", "+a", "-b", "@c", "été"]
        try FileManager.default.createDirectory(atPath: scratch.path("in"), withIntermediateDirectories: true)
        for (number, name) in names.enumerated() { try scratch.writeTone("in/\(name).wav", number, seconds: 0.4) }
        #expect(try Tool.run("manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv")).status == 0)
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv")).status == 0)
        #expect(try scratch.status().done == names.count)
        _ = try Tool.run("export", "scores", "--cache", scratch.path("cache"), "--out", scratch.path("s.csv"))
        let text = try scratch.text("s.csv")
        for start in ["\n=", "\n+", "\n@", "\n\"=", "\n\"+", "\n\"@"] { #expect(!text.contains(start), "\(start)") }
    }
}
