import Foundation
import Testing

/// Events as one file a recording.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct PerFileTests {
    /// A cache of made-up scores: "Class 0" to "Class 4", 12 clips of 6 chunks.
    private func cache() throws -> Scratch {
        let scratch = try Scratch()
        let made = try Tool.run(
            "bench", "scores", "--cache", scratch.path("cache"), "--clips", "12", "--classes", "5", "--chunks", "6")
        #expect(made.status == 0, "\(made.errors)")
        return scratch
    }

    private func export(_ scratch: Scratch, _ words: String..., out: String = "out") throws -> Tool.Result {
        try Tool.run(
            ["export", "events", "--cache", scratch.path("cache"), "--threshold", "0.4", "--out", scratch.path(out)]
                + words)
    }

    @Test(
        "Each file is what an export of its recording alone is, in every format",
        arguments: [
            "csv", "jsonl", "audacity", "raven", "kaleidoscope", "dcase", "webvtt", "jams",
        ])
    func sameAsAlone(format: String) throws {
        let scratch = try cache()
        let all = try export(scratch, "--format", "csv", out: "all.csv")
        #expect(all.status == 0, "\(all.errors)")
        let result = try export(scratch, "--format", format, "--per-file")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: scratch.path("out")).filter { name in
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path("out/" + name))
            return !name.hasSuffix(".meta.json") && attributes[.type] as? FileAttributeType != .typeDirectory
        }
        #expect(files.count == 12, "\(files)")
        let clips = try scratch.lines("all.csv").dropFirst().map { $0.split(separator: ",")[0] }
        for clip in Set(clips) {
            let alone = try export(scratch, "--format", format, "--clip", String(clip), out: "alone")
            #expect(alone.status == 0, "\(alone.errors)")
            // What was asked for and when apart, which JAMS and WebVTT have a place for.
            func text(_ name: String) throws -> String {
                try scratch.text(name).replacing(/"(written|clip)":"[^"]*",?/, with: "").replacing(
                    /NOTE [^\n]*/, with: "")
            }
            let expected = try text("alone")
            #expect(try files.contains { try text("out/" + $0) == expected }, "\(clip): \(expected)")
        }
    }

    @Test("Another threshold replaces what was there, files without an event too, and a link's target is not written")
    func replaced() throws {
        let scratch = try cache()
        #expect(try export(scratch, "--format", "audacity", "--per-file").status == 0)
        let files = try FileManager.default.subpathsOfDirectory(atPath: scratch.path("out")).filter {
            $0.hasSuffix(".txt")
        }
        #expect(try files.contains { try !scratch.bytes("out/" + $0).isEmpty })
        try scratch.write("target", "old")
        try FileManager.default.removeItem(atPath: scratch.path("out/" + files[0]))
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path("out/" + files[0]), withDestinationPath: scratch.path("target"))
        let none = try Tool.run(
            "export", "events", "--cache", scratch.path("cache"), "--threshold", "1", "--per-file", "--format",
            "audacity", "--out",
            scratch.path("out"))
        #expect(none.status == 0 && none.output.hasPrefix("0 events in 12 clips"), "\(none.errors)")
        #expect(try files.allSatisfy { try scratch.bytes("out/" + $0).isEmpty })
        #expect(try scratch.text("target") == "old")
    }

    @Test("What is of one recording needs --per-file or one recording; what cannot be per file is refused")
    func refused() throws {
        let scratch = try cache()
        for format in ["audacity", "webvtt", "jams"] {
            let several = try export(scratch, "--format", format)
            #expect(several.status == 64 && several.errors.contains("expected --per-file"), "\(several.errors)")
        }
        let database = try export(scratch, "--format", "sqlite", "--per-file")
        #expect(
            database.status == 64 && database.errors.contains("--per-file with --format sqlite"), "\(database.errors)")
        let piped = try Tool.run("export", "events", "--cache", scratch.path("cache"), "--per-file", "--out", "-")
        #expect(piped.status == 64 && piped.errors.contains("it is not a folder"), "\(piped.errors)")
        let kept = try export(scratch, "--per-file", out: "cache/shards")
        #expect(kept.status == 64 && kept.errors.contains("keeps for itself"), "\(kept.errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch.path("out")))
        // Folders that are links out of the tree are not followed.
        #expect(try export(scratch, "--per-file").status == 0)
    }
}
