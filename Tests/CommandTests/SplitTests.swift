import Foundation
import Testing

/// `manifest folder --split`: what is drawn, what is said, and what is refused.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct SplitTests {
    private static let shares = "train=0.6,val=0.2,eval=0.2"

    /// 30 clips in six folders, one of them large.
    private func recordings() throws -> Scratch {
        let scratch = try Scratch()
        for (site, count) in [("a", 14), ("b", 2), ("c", 5), ("d", 1), ("e", 4), ("f", 4)] {
            try FileManager.default.createDirectory(
                atPath: scratch.path("in/" + site), withIntermediateDirectories: true)
            // Known by their endings: what is in them is not looked at here.
            for number in 0..<count { try scratch.write("in/\(site)/r\(number % 3)-\(number).wav", "") }
        }
        return scratch
    }

    private func manifest(_ scratch: Scratch, _ out: String, _ more: String...) throws -> Tool.Result {
        try Tool.run(["manifest", "folder", scratch.path("in"), "--out", scratch.path(out)] + more)
    }

    /// Splits by clip.
    private func splits(_ scratch: Scratch, _ name: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for line in try scratch.lines(name).dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            found[fields[0]] = fields[3]
        }
        return found
    }

    @Test("The same seed gives the same, wherever the folder lies; options change no name, label or path")
    func reproducible() throws {
        let scratch = try recordings()
        #expect(try manifest(scratch, "plain.csv").status == 0)
        let first = try manifest(scratch, "one.csv", "--split", Self.shares)
        #expect(first.status == 0, "\(first.errors)")
        #expect(
            first.errors.split(separator: "\n").prefix(3) == [
                "earmark: split train: 18 clips, 60.0 % (wanted: 60.0 %)",
                "earmark: split val: 6 clips, 20.0 % (wanted: 20.0 %)",
                "earmark: split eval: 6 clips, 20.0 % (wanted: 20.0 %)",
            ], "\(first.errors)")
        #expect(try manifest(scratch, "two.csv", "--split", Self.shares, "--seed", "1").status == 0)
        #expect(try scratch.text("one.csv") == scratch.text("two.csv"))
        #expect(try manifest(scratch, "three.csv", "--split", Self.shares, "--seed", "2").status == 0)
        #expect(try splits(scratch, "three.csv") != splits(scratch, "one.csv"))
        let kept = { (name: String) in try scratch.lines(name).map { $0.split(separator: ",").prefix(3) } }
        #expect(try kept("one.csv") == kept("plain.csv"))
        try FileManager.default.createDirectory(atPath: scratch.path("deep/er"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: scratch.path("in"), toPath: scratch.path("deep/er/in"))
        let moved = try Tool.run(
            "manifest", "folder", scratch.path("deep/er/in"), "--out", scratch.path("four.csv"), "--split", Self.shares)
        #expect(moved.status == 0)
        #expect(try splits(scratch, "four.csv") == splits(scratch, "one.csv"))
    }

    @Test("Groups by folder and by pattern stay whole; large ones, clips without one and missing labels are told")
    func groups() throws {
        let scratch = try recordings()
        let folders = try manifest(scratch, "f.csv", "--split", Self.shares, "--group", "folder")
        #expect(folders.status == 0)
        let found = try splits(scratch, "f.csv")
        for site in "abcdef" {
            #expect(Set(found.filter { $0.key.hasPrefix("\(site)/") }.values).count == 1, "\(site)")
        }
        #expect(folders.errors.contains("group 'a' has 14 clips, more than the smallest split should have (6.0)"))
        // Sub-folders are labels, so each label is in one split alone.
        let lacking = folders.errors.split(separator: "\n").filter { $0.contains(" has no clip of ") }
        #expect(lacking.count == 3 && lacking.allSatisfy { $0.contains(" of 6: ") }, "\(folders.errors)")
        let pattern = try manifest(
            scratch, "p.csv", "--split", Self.shares, "--group", "^[a-e]/(r[0-9])-")
        #expect(pattern.status == 0)
        #expect(
            pattern.errors.contains(
                "4 clips do not match --group and are each a group of their own, the first: f/r0-0.wav"),
            "\(pattern.errors)")
        let two = try manifest(
            scratch, "2.csv", "--split", Self.shares, "--group", "^[a-e]/(r[0-9])-", "--group", "^(f)/")
        #expect(two.status == 0 && !two.errors.contains("do not match"), "\(two.errors)")
        #expect(try Set(splits(scratch, "2.csv").filter { $0.key.hasPrefix("f/") }.values).count == 1)
        let byPattern = try splits(scratch, "p.csv")
        for recorder in ["/r0-", "/r1-", "/r2-"] {
            let own = byPattern.filter { $0.key.contains(recorder) && !$0.key.hasPrefix("f/") }
            #expect(Set(own.values).count == 1 && own.count > 5, "\(recorder)")
        }
    }

    @Test("Wrong shares, patterns and combinations are usage errors that write nothing")
    func refused() throws {
        let scratch = try recordings()
        for (options, words) in [
            (["--split", "train=0.8,val=0.1"], "add up to 0.9"), (["--split", "train"], "'train'"),
            (["--split", Self.shares, "--group", "("], "regular expression"),
            (["--split", Self.shares, "--group", "[a-z]"], "captures nothing"), (["--seed", "3"], "--split"),
            (["--split", Self.shares, "--group", "folder", "--group", "(a)"], "expected it alone"),
            (
                [
                    "--split", Self.shares, "--group",
                    "^((?:[a-z0-9/.-]+[a-z0-9/.-]*[a-z0-9/.-]*[a-z0-9/.-]*[a-z0-9/.-]*[a-z0-9/.-]*)+)!",
                ], "takes too many steps"
            ),
            (["--group", "folder"], "--split"), (["--split", Self.shares, "--seed", "-1"], "--seed"),
        ] {
            let result = try Tool.run(
                ["manifest", "folder", scratch.path("in"), "--out", scratch.path("o.csv")] + options)
            #expect(result.status == 64 && result.errors.contains(words), "\(options): \(result.errors)")
        }
        let own = try Tool.run(
            "manifest", "fsd50k", scratch.path("in"), "--out", scratch.path("o.csv"), "--split", Self.shares)
        #expect(own.status == 64 && own.errors.contains("splits of its own"), "\(own.errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch.path("o.csv")))
    }

    @Test("--force replaces a manifest, edited or broken, and never a recording")
    func force() throws {
        let scratch = try recordings()
        try scratch.writeTone("tone.wav", 1)
        try scratch.write("notes.csv", "species,count\nfrog,3\n")
        for name in ["tone.wav", "notes.csv"] {
            let before = try scratch.bytes(name)
            let result = try manifest(scratch, name, "--force")
            #expect(result.status == 64 && result.errors.contains("is not a manifest"), "\(result.errors)")
            #expect(try scratch.bytes(name) == before)
        }
        for text in ["", "clip,path\na\"b,c\n", "path;clip\r\nx;y\r\n"] {
            try scratch.write("m.csv", text)
            #expect(try manifest(scratch, "m.csv").status == 64)
            #expect(try scratch.text("m.csv") == text)
            #expect(try manifest(scratch, "m.csv", "--force").status == 0, "\(text)")
            #expect(try scratch.lines("m.csv").count == 31)
        }
    }
}
