import Foundation
import Testing

/// From a truth to thresholds, and what the other commands make of them.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct CalibrateTests {
    /// A table of our own making, whose fields hold no commas but in its notes: values by class and column.
    private func table(_ scratch: Scratch, _ name: String) throws -> [String: [String: String]] {
        let lines = try scratch.lines(name)
        let header = lines[0].split(separator: ",").map(String.init)
        return Dictionary(
            uniqueKeysWithValues: lines.dropFirst().map { line in
                let fields = line.split(separator: ",", maxSplits: header.count - 1, omittingEmptySubsequences: false)
                return (String(fields[0]), Dictionary(zip(header, fields.map(String.init))) { first, _ in first })
            })
    }

    /// Labels of each clip of the made-up corpus.
    private func labels(_ scratch: Scratch) throws -> [String: Set<String>] {
        Dictionary(
            uniqueKeysWithValues: try scratch.lines("corpus.csv").dropFirst().map { line in
                let clip = String(line.prefix { $0 != "," })
                let rest = line.split(separator: "\"", omittingEmptySubsequences: false)
                let field = rest.count > 1 ? rest[1] : line.split(separator: ",", omittingEmptySubsequences: false)[2]
                return (clip, Set(field.split(separator: ",").map(String.init)))
            })
    }

    private func calibrate(_ scratch: Scratch, _ arguments: String..., truth: String = "corpus.csv") throws
        -> Tool.Result
    {
        try Tool.run(
            ["calibrate", "--cache", scratch.path("cache"), "--truth", scratch.path(truth), "--out"]
                + [scratch.path("t.csv")] + arguments)
    }

    @Test("Its figures are those of the exported scores; stats at these thresholds says the same; a model takes them")
    func journey() throws {
        let scratch = try Scratch()
        try scratch.synth(50, seed: 9)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        let result = try calibrate(scratch, "--least", "4", "--resamples", "50")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("of the truth's 50 clips 50 with and 0 without scores;"), "\(result.output)")
        #expect(try scratch.text("t.csv.meta.json").contains("\"done\" : 50"))
        let rows = try table(scratch, "t.csv")
        let found = rows.filter { $0.value["threshold"] != "" }
        #expect(rows.count == 17 && found.count >= 6 && found.count < 17, "\(result.output)")
        #expect(result.output.contains("thresholds for best F1 of \(found.count) of 17 classes"), "\(result.output)")

        #expect(
            try Tool.run("export", "scores", "--cache", scratch.path("cache"), "--out", scratch.path("s.csv")).status
                == 0)
        let scores = try table(scratch, "s.csv")
        let labels = try labels(scratch)
        for (name, row) in rows {
            let own = scores.mapValues { Float($0[name] ?? "") ?? .nan }
            let positives = labels.filter { $0.value.contains(name) }.count
            #expect(row["positives"] == "\(positives)" && row["negatives"] == "\(50 - positives)", "\(name)")
            guard let threshold = Double(row["threshold"] ?? "") else {
                #expect(positives < 4 && row["note"]?.contains("expected at least 4") == true, "\(name)")
                continue
            }
            let counted = own.filter { Double($0.value) >= threshold }
            let hits = counted.keys.filter { labels[$0]?.contains(name) == true }.count
            #expect(Double(row["precision"] ?? "") == Double(hits) / Double(counted.count), "\(name)")
            #expect(Double(row["recall"] ?? "") == Double(hits) / Double(positives), "\(name)")
            #expect(!own.values.contains(Float(threshold)), "\(name): it lies between two scores")
        }

        func stats(_ arguments: String...) throws -> Tool.Result {
            try Tool.run(
                ["stats", "--cache", scratch.path("cache"), "--truth", scratch.path("corpus.csv"), "--out"]
                    + [scratch.path("stats")] + arguments)
        }
        let words = "\(scratch.path("t.csv")) for \(found.count) of 17 classes, 0.5 for \(17 - found.count)"
        let given = try stats("--thresholds", scratch.path("t.csv"))
        #expect(given.status == 0 && given.output.contains("thresholds: " + words), "\(given.output)\(given.errors)")
        #expect(
            try scratch.text("stats/report.html").contains(words) && scratch.text("stats/summary.json").contains(words))
        let classes = try table(scratch, "stats/classes.csv")
        for (name, row) in found {
            for column in ["threshold", "precision", "recall", "f1", "positives"] {
                #expect(classes[name]?[column] == row[column], "\(name), \(column)")
            }
        }

        // The same thresholds out of a model's file: nothing is scored anew, and the ledger learns them.
        let model = scratch.path("calibrated.safetensors")
        let set = try Tool.run("model", "set-thresholds", Tool.lean, scratch.path("t.csv"), model)
        #expect(
            set.status == 0 && set.output.contains("thresholds of \(found.count) classes"), "\(set.output)\(set.errors)"
        )
        let run = try Tool.run(scratch.run("label.yaml", sets: ["infer.model=" + model]).filter { $0 != "--quiet" })
        #expect(run.status == 0 && run.errors.contains("nothing to do"), "\(run.errors)")
        let own = try stats()
        #expect(
            own.output.contains("thresholds: the model's own for \(found.count) of 17 classes, 0.5 for"),
            "\(own.output)")
        #expect(try table(scratch, "stats/classes.csv") == classes)
        let overruled = try stats("--threshold", "0.3")
        #expect(overruled.output.contains("thresholds: 0.3 for all 17 classes"), "\(overruled.output)")
        let evaluate = try Tool.run(
            "evaluate", model, "--manifest", scratch.path("corpus.csv"), "--cache", scratch.path("cache"), "--pipeline",
            Tool.pipeline("features.yaml"), "--out", scratch.path("report"), "--resamples", "0")
        #expect(evaluate.status == 0 && evaluate.output.contains("the model's own for"), "\(evaluate.errors)")
        let evaluated = try table(scratch, "report/classes.csv")
        for (name, row) in classes {
            for column in ["threshold", "clips_above", "hours_above", "f1"] {
                #expect(evaluated[name]?[column] == row[column], "\(name), \(column)")
            }
        }
    }

    @Test("A wanted precision is reached, or said to be out of reach; the same table every time")
    func precision() throws {
        let scratch = try Scratch()
        try scratch.synth(40, seed: 4)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        #expect(try calibrate(scratch, "--least", "3", "--precision", "0.9").status == 0)
        let first = try scratch.bytes("t.csv")
        for row in try table(scratch, "t.csv").values {
            if let precision = Double(row["precision"] ?? "") { #expect(precision >= 0.9) }
            #expect((row["threshold"] == "") == (row["note"] != ""))
        }
        #expect(try calibrate(scratch, "--least", "3", "--precision", "0.9").status == 0)
        #expect(try scratch.bytes("t.csv") == first)
        let json = try calibrate(scratch, "--least", "3", "--precision", "0.9", "--json")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any], "\(json.output)")
        #expect(object["goal"] as? String == "precision of at least 0.9" && (object["classes"] as? [Any])?.count == 17)
        let piped = try Tool.run(
            "calibrate", "--cache", scratch.path("cache"), "--truth", scratch.path("corpus.csv"), "--least", "3",
            "--precision", "0.9", "--out", "-")
        #expect(Array(piped.output.utf8) == first && piped.errors.contains("of the truth's 40 clips"))
    }

    @Test("Another vocabulary by a label map: dropped labels are counted, unknown ones refused")
    func labelMap() throws {
        let scratch = try Scratch()
        try scratch.synth(30, seed: 5)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        #expect(try calibrate(scratch, "--least", "2", "--resamples", "0").status == 0)
        let plain = try table(scratch, "t.csv")
        // Every label in another word, and one class left out of account.
        let names = Set(try labels(scratch).values.flatMap { $0 }).sorted()
        var truth = try scratch.text("corpus.csv")
        for (number, name) in names.enumerated().sorted(by: { $0.element.count > $1.element.count }) {
            truth = truth.split(separator: name, omittingEmptySubsequences: false).joined(separator: "sound\(number)x")
        }
        try scratch.write("other.csv", truth)
        #expect(try calibrate(scratch, truth: "other.csv").status == 65)
        try scratch.write(
            "map.csv",
            "label,class\n" + names.enumerated().map { "sound\($0)x,\($0 == 0 ? "" : $1)\n" }.joined())
        let mapped = try calibrate(
            scratch, "--least", "2", "--resamples", "0", "--label-map", scratch.path("map.csv"), truth: "other.csv")
        #expect(mapped.status == 0, "\(mapped.errors)")
        let first = mapped.output.split(separator: "\n").first ?? ""
        #expect(first.contains("map.csv ignores") && first.contains(": 'sound0x'"), "\(first)")
        var expected = plain
        expected[names[0]] = nil
        var found = try table(scratch, "t.csv")
        #expect(found[names[0]]?["positives"] == "0")
        found[names[0]] = nil
        #expect(found == expected)
        for command in [
            [
                "stats", "--cache", scratch.path("cache"), "--out", scratch.path("stats"), "--truth",
                scratch.path("other.csv"),
            ],
            [
                "evaluate", Tool.lean, "--cache", scratch.path("cache"), "--pipeline", Tool.pipeline("features.yaml"),
                "--manifest", scratch.path("other.csv"),
            ],
        ] {
            let with = try Tool.run(command + ["--label-map", scratch.path("map.csv")])
            #expect(
                with.status == 0 && with.output.contains("map.csv ignores ") && with.output.contains(": 'sound0x'"),
                "\(with.output)\(with.errors)")
            let without = try Tool.run(command)
            #expect(
                without.status == 65 && without.errors.contains("other.csv:2: found label 'sound"), "\(without.errors)")
        }
    }

    @Test("Labels by identifier, where the model knows them", .enabled(if: Python.hasNumPy, Python.notice))
    func identifiers() throws {
        let scratch = try Scratch()
        let made = try Python.run(
            Tool.root + "/Scripts/fixtures/yamnet_file.py", "make", scratch.path("made.tflite"),
            scratch.path("made.csv"))
        #expect(made.status == 0, "\(made.errors)")
        let model = scratch.path("made.safetensors")
        #expect(
            try Tool.run(
                "model", "import", scratch.path("made.tflite"), "--classes", scratch.path("made.csv"), "--out", model
            ).status == 0)
        for number in 0..<4 { try scratch.writeTone("\(number).wav", number) }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<4).map { "\($0),\($0).wav\n" }.joined())
        #expect(
            try Tool.run(
                scratch.run("label.yaml", sets: ["infer.model=" + model, "infer.normalization=model"])
            ).status == 0)
        try scratch.write(
            "ids.csv",
            "clip,path,labels\n0,0.wav,/m/made7\n1,1.wav,\"\"\"Class 7, made up\"\",/m/made8\"\n2,2.wav,\n3,3.wav,\n")
        let result = try calibrate(scratch, "--least", "1", "--resamples", "0", "--json", truth: "ids.csv")
        #expect(result.status == 0, "\(result.errors)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let classes = try #require(object["classes"] as? [[String: Any]])
        #expect(classes[7]["positives"] as? Int == 2 && classes[8]["positives"] as? Int == 1)
        #expect(classes[7]["class"] as? String == "Class 7, made up" && classes.count == 521)
        try scratch.write("wrong.csv", "clip,path,labels\n0,0.wav,/m/made521\n")
        let wrong = try calibrate(scratch, truth: "wrong.csv")
        #expect(wrong.status == 65 && wrong.errors.contains("wrong.csv:2: found label '/m/made521'"), "\(wrong.errors)")
    }

    @Test("Bad input: one line, the right status, and no file")
    func refusals() throws {
        let scratch = try Scratch()
        for number in 0..<3 { try scratch.writeTone("\(number).wav", number) }
        try scratch.write("bad.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\n" + ["0", "1", "2", "bad"].map { "\($0),\($0).wav\n" }.joined())
        #expect(try Tool.run(scratch.run("label.yaml")).status == 3)
        try scratch.write("none.csv", "clip,path,labels\nelsewhere,e.wav,Rain\n")
        try scratch.write("typo.csv", "clip,path,labels\n0,0.wav,Rian\n")
        try scratch.write("empty.csv", "")
        try scratch.write("high.csv", "class,threshold\nRain,1.5\n")
        try scratch.write("class.csv", "class,threshold\nRian,0.5\n")
        try scratch.write("some.csv", "clip,path,labels\n0,0.wav,Rain\n1,1.wav,\n")
        let cache = ["--cache", scratch.path("cache")]
        let out = ["--out", scratch.path("t.csv")]
        func calibrate(_ truth: String, _ more: [String] = []) -> [String] {
            ["calibrate"] + cache + ["--truth", scratch.path(truth)] + out + more
        }
        func stats(_ more: [String]) -> [String] { ["stats"] + cache + ["--out", scratch.path("stats")] + more }
        let cases: [([String], Int32, String)] = [
            (calibrate("none.csv"), 65, "none.csv: names none of the 3 clips that have scores"),
            (
                calibrate("typo.csv"), 65,
                "typo.csv:2: found label 'Rian' of clip '0', expected one of the 17 classes; nearest: 'Rain'"
            ),
            (calibrate("empty.csv"), 65, "empty.csv"), (calibrate("missing.csv"), 65, "missing.csv"),
            (calibrate("some.csv", ["--precision", "0"]), 64, "--precision is 0.0, expected above 0 and at most 1"),
            (calibrate("some.csv", ["--precision", "1.01"]), 64, "--precision is 1.01"),
            (calibrate("some.csv", ["--precision", "0.5", "--for", "f1"]), 64, "two goals"),
            (calibrate("some.csv", ["--least", "0"]), 64, "--least is 0"),
            (calibrate("some.csv", ["--pipeline", "other"]), 64, "no pipeline 'other'"),
            (calibrate("some.csv", ["--label-map", scratch.path("empty.csv")]), 65, "empty.csv:1: found no label"),
            (stats(["--thresholds", scratch.path("high.csv")]), 65, "high.csv:2: found threshold '1.5'"),
            (
                stats(["--thresholds", scratch.path("class.csv")]), 65,
                "class.csv:2: found class 'Rian', expected one of the 17 classes; nearest: 'Rain'"
            ),
            (stats(["--thresholds", scratch.path("empty.csv")]), 65, "empty.csv:1: found an empty file"),
            (stats(["--threshold", "1.5"]), 64, "--threshold is 1.5, expected 0 to 1"),
            (stats(["--label-map", scratch.path("empty.csv")]), 64, "--label-map"),
            (
                ["model", "set-thresholds", Tool.lean, scratch.path("class.csv"), scratch.path("t.csv")], 65,
                "class.csv:2"
            ),
        ]
        for (arguments, status, words) in cases {
            let result = try Tool.run(arguments)
            let line = result.errors.split(separator: "\n").first ?? ""
            #expect(result.status == status && line.contains(words), "\(arguments): \(result.status) \(result.errors)")
            #expect(status == 64 || result.errors.split(separator: "\n").count == 1, "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: scratch.path("t.csv")))
            #expect(!FileManager.default.fileExists(atPath: scratch.path("stats")))
        }
        // What is there is calibrated, and the clip that failed is not passed over in silence.
        let some = try Tool.run(calibrate("some.csv", ["--least", "1", "--resamples", "0"]))
        #expect(some.status == 3 && some.errors.contains("3 of 4 clips: 1 failed, 0 pending"), "\(some.errors)")
        #expect(
            some.output.hasPrefix(
                "of the truth's 2 clips 2 with and 0 without scores; 1 clip with scores not in the truth")
                && some.output.contains("16 classes without a clip in the truth"), "\(some.output)")
    }
}
