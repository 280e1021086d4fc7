import Foundation
import TestSupport
import Testing

/// Recordings inside archives, from the manifest to cut-out clips and the report, as their users see them.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ArchiveTests {
    /// Four tones in a folder, and a zip and a tar of them.
    private func make(_ scratch: Scratch) throws {
        try FileManager.default.createDirectory(atPath: scratch.path("in"), withIntermediateDirectories: true)
        var members: [MadeZip.Member] = []
        var tar = MadeTar(.pax)
        for number in 0..<4 {
            try scratch.writeTone("in/\(number).wav", number, seconds: 2.5)
            let bytes = try scratch.bytes("in/\(number).wav")
            members.append(.init("\(number).wav", bytes, deflated: number % 2 == 1))
            tar.add("\(number).wav", bytes)
        }
        try scratch.write("a.zip", MadeZip(members).data)
        try scratch.write("a.tar", tar.data)
    }

    private func export(_ scratch: Scratch, _ cache: String, _ what: String...) throws -> String {
        let out = scratch.path("\(cache)-\(what.joined(separator: "-"))")
        let result = try Tool.run(["export"] + what + ["--cache", scratch.path(cache), "--out", out])
        #expect(result.status == 0, "\(result.errors)")
        return (out as NSString).lastPathComponent
    }

    @Test("The same scores, cut-out clips and report from a folder, a zip and a tar; exports name the member")
    func journey() throws {
        let scratch = try Scratch()
        try make(scratch)
        for name in ["in", "a.zip", "a.tar"] {
            let made = try Tool.run("manifest", "folder", scratch.path(name), "--out", scratch.path(name + ".csv"))
            #expect(made.status == 0 && made.output.hasPrefix("4 clips"), "\(made.errors)")
            if name != "in" {
                #expect(made.errors == "earmark: listed from 1 archive: 4 recordings\n")
                #expect(try scratch.text(name + ".csv").contains("\n2.wav,\(name)!/2.wav,,\n"))
            }
            let run = try Tool.run(scratch.run("label.yaml", manifest: name + ".csv", cache: "cache-" + name))
            #expect(run.status == 0, "\(run.errors)")
        }
        let scores = try scratch.text(try export(scratch, "cache-in", "scores"))
        let threshold = "0.000001"
        for name in ["a.zip", "a.tar"] {
            #expect(try scratch.text(try export(scratch, "cache-" + name, "scores")) == scores, "\(name)")
            let events = try scratch.text(try export(scratch, "cache-" + name, "events", "--threshold", threshold))
            #expect(events.contains("/\(name)!/3.wav,"))
        }
        for name in ["in", "a.zip", "a.tar"] {
            let cut = try Tool.run(
                "export", "clips", "--cache", scratch.path("cache-" + name), "--threshold", threshold, "--per-class",
                "1",
                "--out", scratch.path("cut-" + name))
            #expect(cut.status == 0, "\(cut.errors)")
            let report = try Tool.run(
                "stats", "--cache", scratch.path("cache-" + name), "--out", scratch.path("stats-" + name))
            #expect(report.status == 0, "\(report.errors)")
            #expect(try scratch.text("stats-\(name)/report.html").contains("<audio"), "\(name)")
        }
        func files(_ folder: String) throws -> [String: Data] {
            let root = scratch.path(folder)
            let names = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".wav") }
            return try Dictionary(
                uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: root + "/" + $0))) })
        }
        let plain = try files("cut-in")
        #expect(!plain.isEmpty)
        #expect(try files("cut-a.zip") == plain && files("cut-a.tar") == plain)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache-a.zip")).status == 0)
    }

    @Test("An archive that is gone: status names its clips, exports of sound say why, and exit with 3 or a reason")
    func gone() throws {
        let scratch = try Scratch()
        try make(scratch)
        _ = try Tool.run("manifest", "folder", scratch.path("a.zip"), "--out", scratch.path("m.csv"))
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv")).status == 0)
        try FileManager.default.removeItem(atPath: scratch.path("a.zip"))
        let status = try Tool.run("status", "--cache", scratch.path("cache"))
        #expect((status.output + status.errors).contains("a.zip!/0.wav"), "\(status.output)\(status.errors)")
        let cut = try Tool.run(
            "export", "clips", "--cache", scratch.path("cache"), "--threshold", "0.000001", "--out", scratch.path("cut")
        )
        #expect(cut.status == 3 && cut.errors.contains("a.zip!/0.wav: no such file"), "\(cut.errors)")
        // A new cache: one failure a clip.
        let run = try Tool.run(scratch.run("label.yaml", manifest: "m.csv", cache: "other"))
        #expect(run.status == 3, "\(run.errors)")
        let failed = try scratch.status(cache: "other")
        #expect(failed.failed == 4 && failed.failures.allSatisfy { $0.class == "unreadable" })
        #expect(failed.failures.allSatisfy { $0.reason == "no such archive: \(scratch.path("a.zip"))" })
    }

    @Test("A compressed tar is refused with what to do; --no-archives leaves archives out and counts them")
    func refusals() throws {
        let scratch = try Scratch()
        try make(scratch)
        try scratch.write("in/b.tar.gz", [0x1F, 0x8B, 8])
        let made = try Tool.run("manifest", "folder", scratch.path("in/b.tar.gz"), "--out", scratch.path("b.csv"))
        #expect(made.status == 65 && made.errors.contains("compressed by gzip") && made.errors.contains("unpack it"))
        try FileManager.default.copyItem(atPath: scratch.path("a.zip"), toPath: scratch.path("in/a.zip"))
        let without = try Tool.run(
            "manifest", "folder", scratch.path("in"), "--no-archives", "--out", scratch.path("c.csv"))
        #expect(without.status == 0 && without.output.hasPrefix("4 clips"))
        #expect(without.errors.contains("left out: 1 archive: 1 .zip\n"))
        #expect(without.errors.contains("left out: 1 archive whose members cannot be read one by one"))
        let wrong = try Tool.run(
            "manifest", "fsd50k", scratch.path("in"), "--no-archives", "--out", scratch.path("d.csv"))
        #expect(wrong.status == 64)
    }
}
