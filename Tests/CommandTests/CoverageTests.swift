import Foundation
import Testing

/// What is not all there says so, and how much it is.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct CoverageTests {
    private struct Summary: Decodable {
        struct Coverage: Decodable { let clips, done, failed, pending: Int }
        struct Truth: Decodable { let clips, withScores, withoutScores, scoresWithoutTruth: Int }
        let hours: Double
        let coverage: Coverage
        let truthCoverage: Truth?
        let mAP: Double?
    }

    private func stats(_ scratch: Scratch, truth: String? = nil) throws -> (Tool.Result, Summary?) {
        let result = try Tool.run(
            ["stats", "--cache", scratch.path("cache"), "--out", scratch.path("stats")]
                + (truth.map { ["--truth", scratch.path($0)] } ?? []))
        let data = FileManager.default.contents(atPath: scratch.path("stats/summary.json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return (result, try data.map { try decoder.decode(Summary.self, from: $0) })
    }

    @Test("An incomplete cache: exports and statistics are written, told to be so, and end with status 3")
    func incomplete() throws {
        let scratch = try Scratch()
        for number in 0..<3 { try scratch.writeTone("\(number).wav", number) }
        try scratch.write("bad.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\n" + ["0", "1", "2", "bad"].map { "\($0),\($0).wav\n" }.joined())
        #expect(try Tool.run(scratch.run("label.yaml")).status == 3)
        let (result, summary) = try stats(scratch)
        #expect(result.status == 3 && result.errors.contains("3 of 4 clips: 1 failed, 0 pending"), "\(result.errors)")
        let coverage = try #require(summary?.coverage)
        #expect(coverage.clips == 4 && coverage.done == 3 && coverage.failed == 1 && coverage.pending == 0)
        #expect(abs((summary?.hours ?? 0) * 3600 - 4.5) < 1e-9)
        for what in ["scores", "index"] {
            let export = try Tool.run("export", what, "--cache", scratch.path("cache"), "--out", scratch.path("x.csv"))
            #expect(export.status == 3 && export.errors.contains("\(what) of 3 of 4 clips"), "\(export.errors)")
        }
        #expect(try scratch.lines("x.csv").count > 3)
        let meta = try #require(
            try JSONSerialization.jsonObject(with: Data(scratch.bytes("x.csv.meta.json"))) as? [String: Any])
        let covered = try #require(meta["coverage"] as? [String: Int])
        #expect(covered == ["clips": 4, "done": 3, "failed": 1, "pending": 0])
        let model = try #require((meta["models"] as? [[String: String]])?.first)
        #expect(model["path"] == Tool.lean && model["digest"]?.count ?? 0 >= 64 && meta["earmark"] is String)
        try scratch.writeTone("bad.wav", 9)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        #expect(try stats(scratch).0.status == 0)
        // A file that goes away afterwards: its rows stand, and every command that looks says so.
        try FileManager.default.removeItem(atPath: scratch.path("1.wav"))
        let run = try Tool.run(scratch.run("label.yaml"))
        #expect(
            run.status == 0
                && run.errors.contains("the file of 1 clip is not there; the cached rows of 1 done clip are kept"),
            "\(run.errors)")
        let plan = try Tool.run(
            "plan", Tool.pipeline("label.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"), "--json")
        #expect(plan.output.contains(#""missing":1"#) && plan.output.contains(#""to_do":0"#))
        #expect(try stats(scratch).1?.coverage.done == 4)
        let status = try Tool.run("status", "--cache", scratch.path("cache"), "--json")
        #expect(status.output.contains(#""done":4,"failed":0,"pending":0,"missing":1"#), "\(status.output)")
    }

    @Test("Clips whose files are gone are named: by status up to 20, all in JSON; by a run up to three")
    func filesThatAreGone() throws {
        let scratch = try Scratch()
        for number in 0..<23 { try scratch.writeTone("\(number).wav", number, seconds: 0.2) }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<23).map { "clip \($0),\($0).wav\n" }.joined())
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        for number in 1..<23 { try FileManager.default.removeItem(atPath: scratch.path("\(number).wav")) }
        let text = try Tool.run("status", "--cache", scratch.path("cache")).output
        #expect(text.contains("\n  not there: clip 1 (\(scratch.path("1.wav")))\n"), "\(text)")
        #expect(text.contains("not there: clip 20 (") && !text.contains("clip 21"), "\(text)")
        #expect(text.contains("\n  and 2 more: earmark status --json"), "\(text)")
        let json = try Tool.run("status", "--cache", scratch.path("cache"), "--json").output
        let told = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let clips = try #require(told["missing_clips"] as? [[String: String]])
        #expect(clips.map { $0["clip"] } == (1..<23).map { "clip \($0)" } && told["missing"] as? Int == 22)
        #expect(clips.first?["path"] == scratch.path("1.wav"))
        let run = try Tool.run(scratch.run("features.yaml").filter { $0 != "--quiet" }).errors
        #expect(run.contains("not there: clip 3 (") && !run.contains("clip 4"), "\(run)")
        #expect(run.contains("and 19 more: earmark status --cache \(scratch.path("cache"))"), "\(run)")
        let events = try Tool.run(scratch.run("features.yaml") + ["--json"]).output
        #expect(events.contains(#"{"event":"missing","clip":"clip 1","#), "\(events)")
        // A clip that failed for it is named as failed, not twice.
        try scratch.write("new.csv", "clip,path\nnew,new.wav\n")
        let failed = try Tool.run(scratch.run("features.yaml", manifest: "new.csv").filter { $0 != "--quiet" })
        #expect(failed.status == 3 && !failed.errors.contains("not there: new"), "\(failed.errors)")
    }

    @Test("A truth with a label that is no class is refused by stats and evaluate in the same words")
    func unknownLabels() throws {
        let scratch = try Scratch()
        try scratch.synth(4)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        var lines = try scratch.lines("corpus.csv")
        let fields = lines[2].split(separator: ",", omittingEmptySubsequences: false)
        lines[2] = fields[0] + "," + fields[1] + ",No such sound,"
        try scratch.write("typo.csv", lines.joined(separator: "\n") + "\n")
        let (stats, _) = try stats(scratch, truth: "typo.csv")
        let evaluate = try Tool.run(
            "evaluate", Tool.lean, "--manifest", scratch.path("typo.csv"), "--cache", scratch.path("cache"),
            "--pipeline", Tool.pipeline("features.yaml"))
        #expect(stats.status == 65 && evaluate.status == 65)
        #expect(stats.errors == evaluate.errors && stats.errors.contains("'No such sound'"), "\(stats.errors)")
    }

    @Test("A truth of some of the clips says of how many; without a class that can be ranked there is no mAP")
    func partialTruth() throws {
        let scratch = try Scratch()
        try scratch.synth(6)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        // Of features that were made last there are no scores: those of the other pipeline are taken, and that is said.
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let lines = try scratch.lines("corpus.csv")
        try scratch.write("part.csv", (lines.prefix(4) + ["gone,gone.wav,,"]).joined(separator: "\n") + "\n")
        let (result, summary) = try stats(scratch, truth: "part.csv")
        #expect(result.status == 0 && result.errors.contains("these are of 'label'"), "\(result.errors)")
        let first = result.output.split(separator: "\n").first ?? ""
        #expect(
            first.hasPrefix(
                "of the truth's 4 clips 3 with and 1 without scores; 3 clips with scores not in the truth; ")
                && first.hasSuffix(" labels matched"),
            "\(first)")
        let truth = try #require(summary?.truthCoverage)
        #expect(truth.clips == 4 && truth.withScores == 3 && truth.withoutScores == 1)
        #expect(truth.scoresWithoutTruth == 3)
        let limit =
            "all columns, also counts and hours, are of the 3 clips with scores in the truth; 3 other clips are left out"
        #expect(result.output.split(separator: "\n").dropFirst().first.map(String.init) == limit, "\(result.output)")
        #expect(result.output.contains("\nscores in the cache: 6 of 6 clips: "), "\(result.output)")
        #expect(try scratch.text("stats/report.html").contains(limit))
        let meta = try JSONSerialization.jsonObject(with: Data(scratch.bytes("stats/classes.csv.meta.json")))
        #expect((meta as? [String: Any])?["clips"] as? Int == 3, "\(meta)")
        #expect(try !stats(scratch, truth: "corpus.csv").0.output.contains("left out"))
        try scratch.write("bare.csv", "clip,path\n\(lines[1].split(separator: ",")[0]),x.wav\n")
        let bare = try stats(scratch, truth: "bare.csv")
        #expect(bare.0.output.contains("1 clip without a label, taken as having no class"), "\(bare.0.output)")
        #expect(bare.0.output.contains("mAP none: no class has both") && bare.1?.mAP == nil, "\(bare.0.output)")
    }

    @Test("Clips that are done with other settings are not done again in silence")
    func changedSettings() throws {
        let scratch = try Scratch()
        try scratch.synth(3)
        #expect(try Tool.run(scratch.run("label.yaml", sets: ["clip-scores.method=max"])).status == 0)
        let plan = try Tool.run(
            "plan", Tool.pipeline("label.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"))
        let words = "clip-scores.method was max, is now mean"
        #expect(plan.output.contains(words), "\(plan.output)")
        let run = try Tool.run(scratch.run("label.yaml"))
        #expect(run.status == 0 && run.errors.contains(words) && run.errors.contains("3 clips"), "\(run.errors)")
        #expect(try !Tool.run(scratch.run("label.yaml")).errors.contains("other settings"))
    }
}
