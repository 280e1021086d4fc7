import Foundation
import Testing

/// `manifest --duplicates`: what is said, what is left out, and where that is listed.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct DuplicateTests {
    private func recordings() throws -> Scratch {
        let scratch = try Scratch()
        for folder in ["a", "b"] {
            try FileManager.default.createDirectory(
                atPath: scratch.path("in/" + folder), withIntermediateDirectories: true)
        }
        for number in 0..<4 { try scratch.writeTone("in/a/\(number).wav", number) }
        try scratch.writeTone("in/b/one.wav", 1)
        try scratch.writeTone("in/b/three.wav", 3)
        try scratch.writeTone("in/b/own.wav", 9)
        return scratch
    }

    private func manifest(_ scratch: Scratch, _ out: String, _ more: String...) throws -> Tool.Result {
        try Tool.run(["manifest", "folder", scratch.path("in"), "--out", out] + more)
    }

    @Test func keepListsAllAndSaysSo() throws {
        let scratch = try recordings()
        let made = try manifest(scratch, scratch.path("m.csv"))
        #expect(made.status == 0 && made.output == "7 clips in \(scratch.path("m.csv"))\n")
        #expect(
            made.errors.split(separator: "\n") == [
                "earmark: duplicates: 2 clips in 2 groups have the content of another one and stay in the list "
                    + "(--duplicates once leaves them out): a/1.wav = b/one.wav; a/3.wav = b/three.wav",
                "earmark: duplicates: 2 groups with different labels: a/1.wav (a) = b/one.wav (b); a/3.wav (a) = b/three.wav (b)",
            ], "\(made.errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch.path("m.csv.duplicates.csv")))
        // Drawn by clip, some seeds put equal content into both splits.
        let drawn = try (1...8).map {
            try manifest(
                scratch, scratch.path("\($0).csv"), "--split", "train=0.5,eval=0.5", "--seed", "\($0)"
            ).errors
        }
        #expect(drawn.contains { $0.contains("in different splits, so what is trained on is also tested with") })
    }

    @Test func onceListsTheFirstAndTablesTheOthers() throws {
        let scratch = try recordings()
        let (out, table) = (scratch.path("m.csv"), scratch.path("m.csv.duplicates.csv"))
        let made = try manifest(scratch, out, "--duplicates", "once", "--split", "train=0.5,eval=0.5")
        #expect(made.status == 0 && made.output == "5 clips in \(out)\n")
        #expect(
            made.errors.contains(
                "2 clips in 2 groups have the content of another one and are left out and listed in \(table): "
                    + "b/one.wav, kept as a/1.wav; b/three.wav, kept as a/3.wav\n"), "\(made.errors)")
        #expect(!made.errors.contains("different splits"))
        #expect(
            try scratch.lines("m.csv.duplicates.csv") == [
                "path,same_as,clip,labels", "in/b/one.wav,in/a/1.wav,b/one.wav,b",
                "in/b/three.wav,in/a/3.wav,b/three.wav,b",
            ])
        let rows = try scratch.lines("m.csv").dropFirst()
        #expect(rows.count == 5 && rows.contains { $0.hasPrefix("a/1.wav,in/a/1.wav,\"a,b\",") })
        // Neither file is replaced unasked, and the table only if it is one.
        #expect(try manifest(scratch, scratch.path("other.csv"), "--duplicates", "once").status == 0)
        #expect(try manifest(scratch, out, "--duplicates", "once").status == 64)
        #expect(try manifest(scratch, out, "--duplicates", "once", "--force").status == 0)
        try scratch.write("m.csv.duplicates.csv", "my notes\n")
        let refused = try manifest(scratch, out, "--duplicates", "once", "--force")
        #expect(
            refused.status == 64 && refused.errors.contains("does not begin with path,same_as"), "\(refused.errors)")
        #expect(try scratch.text("m.csv.duplicates.csv") == "my notes\n")
    }

    /// Judgements and results go by names, so a name that was listed before stays; and times of what is left out are kept.
    @Test func earlierNamesStayAndTimesAreNotLost() throws {
        let scratch = try recordings()
        try FileManager.default.moveItem(
            atPath: scratch.path("in/b/one.wav"), toPath: scratch.path("in/b/one_20240512T043000Z.wav"))
        let out = scratch.path("m.csv")
        let made = try manifest(scratch, out, "--duplicates", "once", "--start-times")
        #expect(made.status == 0, "\(made.errors)")
        let row = try #require(try scratch.lines("m.csv").first { $0.hasPrefix("a/1.wav,") })
        #expect(row.contains("2024-05-12T04:30:00Z,name"), "\(row)")
        // The counts are those of the list: 5 clips, of which the copy's time is the only one.
        #expect(
            made.errors.split(separator: "\n").filter { $0.contains("start time") } == [
                "earmark: start times of 1 of 5 clips: 1 from their names",
                "earmark: start times of files with the same content, for clips without one: 1 of these, the first "
                    + "'a/1.wav' from 'b/one_20240512T043000Z.wav'",
                "earmark: no start time: 4 clips: no time in name or header, the first 'a/0.wav'",
            ], "\(made.errors)")
        #expect(
            try scratch.lines("m.csv.duplicates.csv") == [
                "path,same_as,clip,labels,began,began_source",
                "in/b/one_20240512T043000Z.wav,in/a/1.wav,b/one_20240512T043000Z.wav,b,2024-05-12T04:30:00Z,name",
                "in/b/three.wav,in/a/3.wav,b/three.wav,b,,",
            ])
        // A folder that comes first in the order of names.
        try FileManager.default.createDirectory(atPath: scratch.path("in/0"), withIntermediateDirectories: true)
        try scratch.writeTone("in/0/new.wav", 3)
        func names() throws -> Set<Substring> { Set(try scratch.lines("m.csv").map { $0.prefix { $0 != "," } }) }
        #expect(try manifest(scratch, out, "--duplicates", "once", "--force").status == 0)
        #expect(try names().contains("a/3.wav") && !names().contains("0/new.wav"))
        let second = try manifest(scratch, scratch.path("n.csv"), "--duplicates", "once", "--earlier", out)
        #expect(second.status == 0)
        // What stays need not come first in the list.
        #expect(
            second.errors.contains(
                ": 0/new.wav, b/three.wav, kept as a/3.wav; b/one_20240512T043000Z.wav, kept as a/1.wav\n"),
            "\(second.errors)")
        #expect(try scratch.text("n.csv").contains("a/3.wav,") && !scratch.text("n.csv").contains("0/new.wav"))
        #expect(try manifest(scratch, scratch.path("o.csv"), "--duplicates", "once").status == 0)
        #expect(try scratch.text("o.csv").contains("0/new.wav,"))
        #expect(try manifest(scratch, scratch.path("p.csv"), "--earlier", out).status == 64)
    }

    @Test func onStandardOutputTheOthersAreNamed() throws {
        let scratch = try recordings()
        let made = try manifest(scratch, "-", "--duplicates", "once")
        #expect(made.status == 0 && made.output.split(separator: "\n").count == 6)
        #expect(made.errors.contains("left out: \(scratch.path("in/b/one.wav")) is the same as "), "\(made.errors)")
    }
}
