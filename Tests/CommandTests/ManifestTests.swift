import Foundation
import Testing

/// Lists of clips as people have them: made of a folder, or by a spreadsheet.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ManifestTests {
    @Test("A folder: one name in two spellings is two clips, and what is left out is counted")
    func folder() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(
            atPath: scratch.path("in/Waves, surf"), withIntermediateDirectories: true)
        for (number, name) in ["caf\u{E9}.wav", "cafe\u{301}.wav", "tone"].enumerated() {
            try scratch.writeTone("in/Waves, surf/" + name, number)
        }
        for name in ["a.ofr", "b.ofr", "c.txt", ".d"] { try scratch.write("in/" + name, "text") }
        let made = try Tool.run("manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv"))
        #expect(made.status == 0 && made.output == "3 clips in \(scratch.path("m.csv"))\n")
        #expect(
            made.errors.split(separator: "\n") == [
                "earmark: left out: 2 audio or video files that Earmark cannot read yet: 2 .ofr",
                "earmark: left out: 1 file that is not audio: 1 .txt", "earmark: left out: 1 hidden file",
                "earmark: listed for their contents, not their names: 1 file: 1 without an ending",
            ])
        let verbose = try Tool.run(
            "manifest", "folder", scratch.path("in"), "--verbose", "--out", scratch.path("v.csv"))
        #expect(verbose.errors.contains("/in/c.txt: not audio\n"))
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv")).status == 0)
        #expect(try scratch.status().done == 3)
        _ = try Tool.run("export", "scores", "--cache", scratch.path("cache"), "--out", scratch.path("s.csv"))
        #expect(try scratch.lines("s.csv").count == 4)
        // Evaluation finds the rows of each by its bytes.
        try scratch.write(
            "t.csv", try scratch.text("m.csv").replacingOccurrences(of: "\"\"\"Waves, surf\"\"\"", with: "Rain"))
        let evaluated = try Tool.run(
            "evaluate", Tool.lean, "--manifest", scratch.path("t.csv"), "--cache", scratch.path("features"),
            "--pipeline",
            Tool.pipeline("features.yaml"), "--resamples", "0")
        #expect(evaluated.status == 0 && evaluated.output.contains("3 clips"), "\(evaluated.errors)")
    }

    @Test("A spreadsheet's file is read, and each command says what it assumed")
    func spreadsheet() throws {
        let scratch = try Scratch()
        try scratch.writeTone("a.wav", 1)
        let text = "Clip;path;labels;site\r\na;a.wav;Rain;pond\r\n"
        try scratch.write("m.csv", [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
        let run = try Tool.run(scratch.run("label.yaml", manifest: "m.csv").filter { $0 != "--quiet" })
        #expect(run.status == 0, "\(run.errors)")
        let stats = try Tool.run(
            "stats", "--cache", scratch.path("cache"), "--truth", scratch.path("m.csv"), "--out", scratch.path("stats"))
        #expect(stats.status == 0, "\(stats.errors)")
        for errors in [run.errors, stats.errors] {
            for line in [
                "read as UTF-16, little-endian", "read as semicolon-separated", "column 'Clip' taken as 'clip'",
                "further columns, kept for exports: site",
            ] {
                let whole = "earmark: \(scratch.path("m.csv")): \(line)\n"
                #expect(errors.components(separatedBy: whole).count == 2, "\(line)")
            }
        }
    }
}
