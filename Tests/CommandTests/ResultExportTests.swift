import Foundation
import Testing

/// `export labels` and `export events` as their users run them.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ResultExportTests {
    /// A cache of made-up scores: "Class 0" to "Class 4", clips of 6 chunks.
    private func cache(_ clips: Int = 40) throws -> Scratch {
        let scratch = try Scratch()
        let made = try Tool.run(
            "bench", "scores", "--cache", scratch.path("cache"), "--clips", "\(clips)", "--classes", "5", "--chunks",
            "6")
        #expect(made.status == 0, "\(made.errors)")
        return scratch
    }

    private func export(_ scratch: Scratch, _ words: String..., out: String = "out") throws -> Tool.Result {
        try Tool.run(
            ["export"] + words + ["--cache", scratch.path("cache"), "--out", out == "-" ? out : scratch.path(out)])
    }

    @Test("Labels and events in each format, into a file and to standard output, with what made them beside the file")
    func formats() throws {
        let scratch = try cache()
        for (kind, header) in [
            ("labels", "clip,path,label,score,rank"), ("events", "clip,path,start,end,label,score,peak"),
        ] {
            let file = try export(scratch, kind, "--threshold", "0.4")
            #expect(file.status == 0 && file.errors.isEmpty, "\(file.errors)")
            let lines = try scratch.lines("out")
            #expect(lines[0] == header && lines.count > 20)
            let noun = String(kind.dropLast())
            #expect(file.output.hasPrefix("\(lines.count - 1) \(noun)s"), "\(file.output)")
            let piped = try export(scratch, kind, "--threshold", "0.4", out: "-")
            #expect(try piped.output == scratch.text("out") && piped.errors.contains("\(noun)s"))
            let meta = try #require(
                try JSONSerialization.jsonObject(with: Data(scratch.bytes("out.meta.json"))) as? [String: Any])
            #expect((meta["settings"] as? [String: String])?["threshold"] == "0.4")
            #expect(meta["coverage"] as? [String: Int] == ["clips": 40, "done": 40, "failed": 0, "pending": 0])
            _ = try export(scratch, kind, "--threshold", "0.4", "--format", "jsonl")
            #expect(try scratch.lines("out").count == lines.count - 1)
            let database = try export(scratch, kind, "--threshold", "0.4", "--format", "sqlite")
            #expect(database.output.hasPrefix("\(lines.count - 1) \(noun)s"))
            #expect(try scratch.bytes("out").starts(with: Array("SQLite format 3\0".utf8)))
            let shell = try Tool.start(
                [
                    "-c",
                    "'\(Tool.path)' export \(kind) --threshold 0.4 --format sqlite --cache '\(scratch.path("cache"))' --out - "
                        + "> '\(scratch.path("piped"))'",
                ], executable: "/bin/bash"
            ).wait()
            #expect(shell.status == 0, "\(shell.errors)")
            #expect(try scratch.bytes("piped").count == scratch.bytes("out").count)
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.folder)
        #expect(Set(left) == ["cache", "out", "out.meta.json", "piped"], "\(left)")
    }

    @Test(
        "One query of the SQLite file has every dog above a score", .enabled(if: Python.hasNumPy, Python.notice))
    func query() throws {
        let scratch = try cache()
        for kind in ["labels", "events"] {
            _ = try export(scratch, kind, "--threshold", "0.3")
            let table = try scratch.lines("out").dropFirst().map { $0.split(separator: ",").map(String.init) }
            _ = try export(scratch, kind, "--threshold", "0.3", "--format", "sqlite")
            let script = """
                import sqlite3, sys
                rows = sqlite3.connect(sys.argv[1]).execute(
                    "SELECT clip, score FROM \(kind) WHERE label = 'Class 3' AND score > 0.4")
                for row in rows: print(*row, sep=",")
                """
            let asked = try Python.run("-c", script, scratch.path("out"))
            let (label, score) = kind == "labels" ? (2, 3) : (4, 5)
            let expected = table.filter { $0[label] == "Class 3" && (Double($0[score]) ?? 0) > 0.4 }.map {
                "\($0[0]),\($0[score])"
            }
            #expect(
                asked.output.split(separator: "\n").map(String.init).sorted() == expected.sorted(), "\(asked.errors)")
            #expect(!expected.isEmpty)
        }
    }

    @Test("What is wrong is one line that says so, and no file is left")
    func refused() throws {
        let scratch = try cache()
        try scratch.write("t.csv", "class,threshold\nClass 9,0.5\n")
        try scratch.write("high.csv", "class,threshold\nClass 1,1.5\n")
        try scratch.write("low.csv", "class,threshold\nClass 1,0.1\n")
        let cases: [(Int32, String, [String])] = [
            (64, "--threshold is 1.5, expected 0 to 1", ["labels", "--threshold", "1.5"]),
            (64, "--threshold is -0.1", ["events", "--threshold=-0.1"]),
            (64, "--threshold is nan", ["events", "--threshold", "nan"]),
            (64, "--top is 0", ["labels", "--top", "0"]),
            (64, "--gap is -1.0, expected 0 seconds or more", ["events", "--gap=-1"]),
            (64, "--least is inf", ["events", "--least", "inf"]),
            (64, "--release is 2.0", ["events", "--release", "2"]),
            (64, "--release: found 0.6, expected at most the threshold, which is 0.5", ["events", "--release", "0.6"]),
            (64, "which is 0.1 for class 'Class 1'", ["events", "--release", "0.2", "--thresholds", "low.csv"]),
            (
                64, "--class: found class 'Clas 1', expected one of the 5 classes; nearest: 'Class 1'",
                ["labels", "--class", "Clas 1"]
            ),
            (64, "--not-class: found class 'Dog'", ["events", "--not-class", "Dog"]),
            (
                64, "--clip: found 'x*', which fits no clip's name or path",
                ["labels", "--clip", "clip-1", "--clip", "x*"]
            ),
            (64, "--clip: found 'x*'", ["events", "--clip", "x*"]),
            (65, "t.csv:2: found class 'Class 9'", ["labels", "--thresholds", "t.csv"]),
            (
                65, "high.csv:2: found threshold '1.5', expected a number from 0 to 1",
                ["events", "--thresholds", "high.csv"]
            ),
            (65, "none.csv: cannot read", ["events", "--thresholds", "none.csv"]),
            (64, "--format", ["events", "--format", "parquet"]), (64, "--pipeline", ["labels", "--pipelin", "x"]),
            (64, "no pipeline 'x'", ["events", "--pipeline", "x"]),
            (64, "unknown command 'export event', did you mean 'export events'?", ["event"]),
        ]
        for (status, message, words) in cases {
            let result = try Tool.start(
                ["export"] + words + ["--cache", "cache", "--out", "out"], executable: Tool.path, folder: scratch.folder
            ).wait()
            #expect(
                result.status == status && result.errors.contains(message),
                "\(words): \(result.status) \(result.errors)")
            #expect((1...2).contains(result.errors.split(separator: "\n").count), "\(result.errors)")
        }
        for name in ["out", "out.partial", "out.meta.json"] {
            #expect(!FileManager.default.fileExists(atPath: scratch.path(name)), "\(name)")
        }
    }

    @Test("A pipeline that keeps no scores of chunks has no events, and is told what makes some")
    func noScores() throws {
        let scratch = try Scratch()
        try scratch.synth(2)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        for (kind, stage) in [("events", "a 'cache' stage behind 'infer'"), ("labels", "an 'aggregate' stage")] {
            let result = try export(scratch, kind)
            #expect(result.status == 65 && result.errors.contains(stage), "\(result.errors)")
        }
    }

    @Test("Clips that failed or are pending are told, with exit status 3, and of the chosen clips alone")
    func incomplete() throws {
        let scratch = try Scratch()
        for number in 0..<3 { try scratch.writeTone("\(number).wav", number) }
        try scratch.write("bad.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\n" + ["0", "1", "2", "bad"].map { "\($0),\($0).wav\n" }.joined())
        #expect(try Tool.run(scratch.run("label.yaml")).status == 3)
        for kind in ["labels", "events"] {
            for format in ["csv", "sqlite"] {
                let all = try export(scratch, kind, "--threshold", "0", "--format", format)
                #expect(
                    all.status == 3 && all.errors.contains("\(kind) of 3 of 4 clips: 1 failed, 0 pending"),
                    "\(all.errors)")
            }
            let some = try export(scratch, kind, "--clip", "[0-9]")
            #expect(some.status == 0 && some.errors.isEmpty, "\(some.errors)")
            let none = try export(scratch, kind, "--clip", "bad")
            #expect(none.status == 3 && none.errors.contains("0 of 1 clip: 1 failed"), "\(none.errors)")
        }
        // Events of a clip reach over all of it where everything counts, and never beyond its end.
        _ = try export(scratch, "events", "--threshold", "0", "--format", "csv")
        let lines = try scratch.lines("out").dropFirst()
        let labels = Set(lines.map { $0.split(separator: ",")[4] })
        #expect(lines.count == 3 * labels.count && labels.count > 5, "\(lines.count)")
        #expect(lines.allSatisfy { $0.contains(".wav,0,1.5,") }, "\(lines.first ?? "")")
    }

    @Test("A full device and a limit on a file's size are told, and nothing is left")
    func full() throws {
        let scratch = try cache(600)
        for kind in ["labels", "events"] {
            for format in ["csv", "jsonl", "sqlite"] {
                let words = "export \(kind) --threshold 0 --format \(format) --cache '\(scratch.path("cache"))'"
                let device = try Tool.start(
                    ["-c", "'\(Tool.path)' \(words) --out - > /dev/full"], executable: "/bin/bash"
                ).wait()
                #expect(device.status == 74 && device.errors.contains("No space left"), "\(words): \(device.errors)")
                let limit = try Tool.start(
                    ["-c", "ulimit -f 64; exec '\(Tool.path)' \(words) --out '\(scratch.path("limited"))'"],
                    executable: "/bin/bash"
                ).wait()
                #expect(
                    // SQLite says of such a limit no more than that writing failed.
                    limit.status == (format == "sqlite" ? 74 : 75) && limit.errors.contains("limited: cannot write"),
                    "\(words): \(limit.status) \(limit.errors)")
                #expect(limit.errors.split(separator: "\n").count == 1)
            }
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.folder)
        #expect(left == ["cache"], "\(left)")
    }
}
