import Foundation
import TestSupport
import Testing

/// `export clips` as its users run it.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ClipExportTests {
    /// A recording whose bytes are known.
    private struct Source {
        let name: String
        let rate: Int
        let channels: Int
        let bits: Int
        let frames: Int
        var isFloat = false
        /// Of the samples, as they are stored.
        var data: [UInt8] = []
        var frameSize: Int { channels * bits / 8 }
        var seconds: Double { Double(frames) / Double(rate) }
    }

    private static let sources = [
        Source(name: "u8", rate: 8000, channels: 1, bits: 8, frames: 24_001),
        Source(name: "two", rate: 22_050, channels: 2, bits: 16, frames: 66_000),
        Source(name: "deep", rate: 44_100, channels: 1, bits: 24, frames: 140_000),
        Source(name: "four", rate: 48_000, channels: 4, bits: 32, frames: 150_001),
        Source(name: "float", rate: 96_000, channels: 2, bits: 32, frames: 300_000, isFloat: true),
        Source(name: "odd", rate: 11_025, channels: 3, bits: 16, frames: 33_333),
    ]

    private func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// Recordings of noise, a manifest of them, and a cache that has heard them.
    private func heard(_ scratch: Scratch) throws -> [Source] {
        var manifest = "clip,path,labels,split\n"
        var sources = Self.sources
        var state: UInt64 = 3
        for place in sources.indices {
            let source = sources[place]
            let data: [UInt8] = (0..<source.frames * source.channels).flatMap { _ -> [UInt8] in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let value = Int64(bitPattern: state) >> 33
                if source.isFloat { return little(Int((Float(value) * 0x1p-31).bitPattern), 4) }
                return little(Int(value) >> (32 - min(source.bits, 32)), source.bits / 8)
            }
            sources[place].data = data
            let size = source.frameSize
            let header =
                Array("RIFF".utf8) + little(36 + data.count, 4) + Array("WAVEfmt ".utf8) + little(16, 4)
                + little(source.isFloat ? 3 : 1, 2) + little(source.channels, 2) + little(source.rate, 4)
                + little(source.rate * size, 4) + little(size, 2) + little(source.bits, 2) + Array("data".utf8)
            try scratch.write(source.name + ".wav", header + little(data.count, 4) + data)
            manifest += "\(source.name),\(source.name).wav,,\n"
        }
        try scratch.write("m.csv", manifest)
        let run = try Tool.run(scratch.run("features.yaml", manifest: "m.csv"))
        #expect(run.status == 0, "\(run.errors)")
        return sources
    }

    private func export(_ scratch: Scratch, _ words: String..., out: String = "cuts") throws -> Tool.Result {
        try Tool.run(["export", "clips", "--cache", scratch.path("cache"), "--out", scratch.path(out)] + words)
    }

    /// Rows of a table that has no quotes in it, by column.
    private func rows(_ scratch: Scratch, _ name: String = "cuts/index.csv") throws -> [[String: String]] {
        let lines = try scratch.lines(name).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.dropFirst().map { Dictionary(zip(lines[0], $0)) { $1 } }
    }

    /// The chunks of a WAV file, by name.
    private func chunks(_ bytes: [UInt8]) -> [String: ArraySlice<UInt8>] {
        func number(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
        var found: [String: ArraySlice<UInt8>] = [:]
        var place = 12
        while place + 8 <= bytes.count {
            let (start, size) = (place + 8, number(place + 4))
            found[String(decoding: bytes[place..<place + 4], as: UTF8.self)] =
                bytes[start..<min(start + size, bytes.count)]
            place = start + size + size % 2
        }
        return found
    }

    private func files(_ folder: String) -> [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test(
        "Each cut has the very bytes of its stretch, at the recording's rate, channels and width, padded within it",
        arguments: [0, 0.25, 9])
    func toTheSample(pad: Double) throws {
        let scratch = try Scratch()
        let sources = try heard(scratch)
        var table = "clip,path,start,end,label,score,peak\n"
        for source in sources {
            // Not by start: the export brings them into order.
            for (start, end) in [
                (1.25, 2), (0, 0.5), (source.seconds - 0.4, source.seconds), (1, 1.3), (0, source.seconds),
                (2, 2.00003),
            ] {
                // To the microsecond, as the index has them.
                let times = [start, end].map { "\(($0 * 1e6).rounded(.down) / 1e6)" }.joined(separator: ",")
                table += "\(source.name),\(scratch.path(source.name)).wav,\(times),Dog,0.5,0.75\n"
            }
        }
        try scratch.write("e.csv", table)
        let result = try export(scratch, "--events", scratch.path("e.csv"), "--pad", "\(pad)")
        #expect(result.status == 0 && result.errors.isEmpty && result.output.hasPrefix("36 clips"), "\(result.errors)")
        let index = try rows(scratch)
        #expect(index.count == 36 && Set(index.map { $0["clip"] }).count == 36)
        for row in index {
            let source = try #require(sources.first { $0.name == row["recording"] })
            let (start, end) = (
                try #require(Double(row["event_start"] ?? "")), try #require(Double(row["event_end"] ?? ""))
            )
            let rate = Double(source.rate)
            let first = max(0, Int(((start - pad) * rate).rounded()))
            let last = min(source.frames, max(first + 1, Int(((end + pad) * rate).rounded())))
            let wav = chunks(try scratch.bytes("cuts/" + (row["path"] ?? "")))
            let expected = source.data[first * source.frameSize..<last * source.frameSize]
            let isSame = wav["data"].map { $0.elementsEqual(expected) } ?? false
            #expect(isSame, "\(row)")
            let format = Array(wav["fmt "] ?? [])
            #expect(Array(format[2..<8]) == little(source.channels, 2) + little(source.rate, 4))
            #expect(Array(format[14..<16]) == little(source.bits, 2))
            #expect(abs((Double(row["from"] ?? "") ?? -1) - Double(first) / rate) < 1e-6)
        }
        // Once more: the same names, the same bytes.
        let before = try files(scratch.path("cuts")).filter { $0.hasSuffix(".wav") }.map {
            try scratch.bytes("cuts/" + $0)
        }
        let names = files(scratch.path("cuts"))
        #expect(try export(scratch, "--events", scratch.path("e.csv"), "--pad", "\(pad)").status == 0)
        #expect(files(scratch.path("cuts")) == names)
        #expect(try names.filter { $0.hasSuffix(".wav") }.map { try scratch.bytes("cuts/" + $0) } == before)
    }

    @Test("Other formats, as soundfile decodes them", .enabled(if: Readers.python != nil, Readers.notice))
    func againstSoundfile() throws {
        let scratch = try Scratch()
        let made = try Readers.run("cuts.py", "make", scratch.folder)
        #expect(made.status == 0, "\(made.text)")
        let run = try Tool.run(scratch.run("features.yaml", manifest: "manifest.csv"))
        #expect(run.status == 0, "\(run.errors)")
        for (format, pad) in [("wav", "0"), ("wav", "0.3"), ("flac", "0.3")] {
            let result = try export(
                scratch, "--events", scratch.path("events.csv"), "--pad", pad, "--format", format, out: format + pad)
            #expect(result.status == 0, "\(result.errors)")
            let told = result.errors.contains("rounded to 24 bits, the most that flac takes: 24 clips")
            #expect(told == (format == "flac"), "\(result.errors)")
            let check = try Readers.run(
                "cuts.py", "check", scratch.folder, scratch.path(format + pad + "/index.csv"), pad)
            #expect(check.status == 0 && check.text == "78 cuts\n", "\(check.text)")
        }
    }

    @Test("Events of the cache are cut as 'export events' names them, and the index is a manifest that runs")
    func fromTheCache() throws {
        let scratch = try Scratch()
        try scratch.synth(4)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        let words = ["--threshold", "0.05", "--gap", "0.5"]
        let events = try Tool.run(
            ["export", "events", "--cache", scratch.path("cache"), "--out", scratch.path("e.csv")] + words)
        #expect(events.status == 0, "\(events.errors)")
        let result = try export(scratch, "--threshold", "0.05", "--gap", "0.5", "--pad", "0.1")
        #expect(result.status == 0, "\(result.errors)")
        let (found, cuts) = (try rows(scratch, "e.csv"), try rows(scratch))
        #expect(found.count == cuts.count && !cuts.isEmpty)
        for (event, cut) in zip(found, cuts) {
            #expect(
                [event["clip"], event["start"], event["end"], event["label"]] == [
                    cut["recording"], cut["event_start"], cut["event_end"], cut["labels"],
                ])
            #expect(cut["path"]?.hasPrefix("\(event["label"] ?? "")/\(event["label"] ?? "")_") == true)
        }
        // From the table that was written, the same files.
        let again = try export(scratch, "--events", scratch.path("e.csv"), "--pad", "0.1", out: "again")
        #expect(again.status == 0, "\(again.errors)")
        #expect(files(scratch.path("cuts")) == files(scratch.path("again")))
        let plan = try Tool.run(
            "plan", "features.yaml", "--manifest", scratch.path("cuts/index.csv"), "--cache", scratch.path("new"))
        #expect(plan.status == 0 && plan.output.contains("\(cuts.count)"), "\(plan.errors)")
        let run = try Tool.run(
            "run", "features.yaml", "--manifest", scratch.path("cuts/index.csv"), "--cache", scratch.path("new"),
            "--quiet")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try scratch.status(cache: "new").done == cuts.count)
        let meta = try #require(
            try JSONSerialization.jsonObject(with: Data(scratch.bytes("cuts/index.csv.meta.json"))) as? [String: Any])
        #expect((meta["settings"] as? [String: String])?["pad"] == "0.1")
    }

    @Test("No field of the index is a formula, and the index is read as what was cut")
    func namesThatASpreadsheetWouldCompute() throws {
        let scratch = try Scratch()
        let source = try heard(scratch)[1]
        let row = "\(source.name),\(scratch.path(source.name)).wav,1,2,'=1+1,0.5,0.75\n"
        try scratch.write("e.csv", "clip,path,start,end,label,score,peak\n" + row)
        #expect(try export(scratch, "--events", scratch.path("e.csv")).status == 0)
        let cut = try #require(try rows(scratch).first)
        for (name, value) in cut where Double(value) == nil {
            #expect(value.first.map { "=+-@".contains($0) } != true, "\(name): \(value)")
        }
        #expect(cut["labels"] == "'=1+1" && cut["path"]?.hasPrefix("./=1+1/=1+1_0.5") == true, "\(cut)")
        let run = try Tool.run(scratch.run("features.yaml", manifest: "cuts/index.csv", cache: "new"))
        #expect(run.status == 0, "\(run.errors)")
        let index = try Tool.run("export", "index", "--cache", scratch.path("new"), "--out", "-")
        #expect(index.output.contains("\n'=1+1_0.5"), "\(index.output)")
    }

    @Test("So many of each class, the best or a spread, and what an earlier export left is told")
    func choice() throws {
        let scratch = try Scratch()
        _ = try heard(scratch)
        var table = "clip,path,start,end,label,score,peak\n"
        for place in 0..<40 {
            table +=
                "two,\(scratch.path("two")).wav,\(Double(place) / 20),\(Double(place) / 20 + 0.01),\(place % 4 == 0 ? "Cat" : "Dog"),\(Double(place) / 50),1\n"
        }
        try scratch.write("e.csv", table)
        #expect(try export(scratch, "--events", scratch.path("e.csv")).status == 0)
        let best = try export(scratch, "--events", scratch.path("e.csv"), "--per-class", "3")
        #expect(
            best.status == 0 && best.errors.contains("34 files of an earlier export are still in"), "\(best.errors)")
        let scores = try rows(scratch).map { "\($0["labels"] ?? "") \($0["score"] ?? "")" }
        #expect(
            scores
                == ["Cat 0.56", "Cat 0.64", "Cat 0.72", "Dog 0.74", "Dog 0.76", "Dog 0.78"].sorted {
                    $0.suffix(4) < $1.suffix(4)
                })
        let spread = try export(
            scratch, "--events", scratch.path("e.csv"), "--per-class", "5", "--stratified", "--class", "Dog",
            out: "spread")
        #expect(spread.status == 0, "\(spread.errors)")
        let dogs = try rows(scratch, "spread/index.csv")
        #expect(dogs.count == 5 && Set(dogs.map { $0["stratum_low"] }).count == 5)
        #expect(dogs.reduce(0) { $0 + (Int($1["stratum_events"] ?? "") ?? 0) } == 30)
    }

    @Test("Recordings that are gone or changed are told, one line each, and the others are cut")
    func goneAndChanged() throws {
        let scratch = try Scratch()
        let sources = try heard(scratch)
        var table = "clip,path,start,end,label,score,peak\n"
        for source in sources {
            for start in [0.5, 1] {
                table += "\(source.name),\(scratch.path(source.name)).wav,\(start),\(start + 0.2),Dog,0.5,1\n"
            }
        }
        try scratch.write("e.csv", table)
        try FileManager.default.removeItem(atPath: scratch.path("u8.wav"))
        var bytes = try scratch.bytes("two.wav")
        bytes[bytes.count - 1] ^= 1
        try scratch.write("two.wav", bytes)
        // A new time alone is no change.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: scratch.path("deep.wav"))
        let result = try export(scratch, "--events", scratch.path("e.csv"))
        #expect(result.status == 3, "\(result.errors)")
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "\(scratch.path("u8.wav")): no such file; 2 events of clip 'u8' not cut out",
                "\(scratch.path("two.wav")): the file is not the one that was heard; 2 events of clip 'two' not cut out",
                "not cut out: 4 events of 2 recordings that are gone, changed or unreadable",
            ], "\(lines)")
        #expect(Set(try rows(scratch).map { $0["recording"] }) == ["deep", "four", "float", "odd"])
    }

    @Test("Clips whose names a spreadsheet would compute are cut; rows of no clip are counted, and end with status 3")
    func namesAndStrangers() throws {
        let scratch = try Scratch()
        // The second has the name that an export gives the first.
        let names = ["=1+1", "'=1+1", "-b", "plain"]
        for number in names.indices { try scratch.writeTone("\(number).wav", number) }
        try scratch.write(
            "m.csv", "clip,path\n=1+1,0.wav\n''=1+1,1.wav\n-b,2.wav\nplain,3.wav\n")
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv")).status == 0)
        let found = try Tool.run(
            "export", "events", "--cache", scratch.path("cache"), "--threshold", "0", "--class", "Rain", "--out",
            scratch.path("e.csv"))
        #expect(found.status == 0, "\(found.errors)")
        let lines = try scratch.lines("e.csv")
        let rows = lines.dropFirst()
        #expect(rows.map { $0.prefix { $0 != "," } } == ["'=1+1", "''=1+1", "'-b", "plain"], "\(lines)")
        let result = try export(scratch, "--events", scratch.path("e.csv"))
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        // The index is a table too: its names are guarded as those of the events are.
        #expect(try self.rows(scratch).map { $0["recording"] } == ["'=1+1", "''=1+1", "'-b", "plain"])
        // Names written exactly: the path tells the two apart.
        let exact = zip(names, rows).map { $0 + String($1.drop { $0 != "," }) }
        try scratch.write("exact.csv", ([lines[0]] + exact).joined(separator: "\n"))
        #expect(try export(scratch, "--events", scratch.path("exact.csv"), out: "exact").status == 0)
        #expect(try scratch.bytes("exact/index.csv") == scratch.bytes("cuts/index.csv"))
        // As a spreadsheet writes it where a comma is the decimal point.
        let foreign = lines.map { line -> String in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            return fields.enumerated().map { $0 < 2 ? String($1) : String($1).replacing(".", with: ",") }
                .joined(separator: ";")
        }
        try scratch.write("german.csv", (["sep=;"] + foreign + [";;;;;;", ""]).joined(separator: "\r\n"))
        let german = try export(scratch, "--events", scratch.path("german.csv"), out: "german")
        #expect(german.status == 0, "\(german.errors)")
        for words in ["semicolon-separated", "empty rows skipped: 1", "commas in numbers read as decimal points"] {
            #expect(german.errors.contains(words), "\(german.errors)")
        }
        #expect(try scratch.bytes("german/index.csv") == scratch.bytes("cuts/index.csv"))
        try scratch.write("tabs.csv", lines.map { $0.replacing(",", with: "\t") }.joined(separator: "\n"))
        #expect(try export(scratch, "--events", scratch.path("tabs.csv"), out: "tabs").status == 0)
        #expect(try scratch.bytes("tabs/index.csv") == scratch.bytes("cuts/index.csv"))
        // Two rows of another cache.
        let strange = ["other,/x.wav,0,1,Rain,0.5,1", "other,/x.wav,1,2,Rain,0.5,1"]
        try scratch.write("more.csv", ([lines[0], strange[0]] + rows + [strange[1]]).joined(separator: "\n"))
        let more = try export(scratch, "--events", scratch.path("more.csv"), out: "more")
        #expect(more.status == 3, "\(more.errors)")
        #expect(
            more.errors.contains("not cut out: 2 rows of \(scratch.path("more.csv")) whose clip is not in this")
                && more.errors.contains("the first on line 2: 'other'"), "\(more.errors)")
        #expect(try scratch.bytes("more/index.csv") == scratch.bytes("cuts/index.csv"))
        #expect(try scratch.text("more/index.csv.meta.json").contains("events.rows-without-clip"))
    }

    @Test("What a killed export left half written goes with the next one, and nothing else does")
    func abandoned() throws {
        let scratch = try Scratch()
        let sources = try heard(scratch)
        try scratch.write(
            "e.csv",
            "clip,path,start,end,label,score,peak\n\(sources[1].name),\(scratch.path("two.wav")),0,1,Dog,0.5,1\n")
        #expect(try export(scratch, "--events", scratch.path("e.csv")).status == 0)
        let ours = ["Dog/Dog_0.873_a_b_12.340_1f0c22ab.wav", "Dog/Dog_0.500__3.000_00000000.flac"]
        let others = [
            "Dog/notes.partial", "Dog/Dog_0.873_a_12.340_1f0c22aX.wav.partial",
            "Dog/Cat_0.873_a_1.000_1f0c22ab.wav.partial",
            "x.partial", "Dog/Dog_0.873_a_12.340_1f0c22ab.wav",
        ]
        for name in ours.map({ $0 + ".partial" }) + others { try scratch.write("cuts/" + name, "half") }
        // One that another process is writing.
        let busy = "Dog/Dog_0.100_busy_1.000_1f0c22ab.wav.partial"
        try scratch.write("cuts/" + busy, "half")
        let file = open(scratch.path("cuts/" + busy), O_WRONLY)
        #expect(file >= 0 && flock(file, LOCK_EX) == 0)
        defer { close(file) }
        let again = try export(scratch, "--events", scratch.path("e.csv"))
        #expect(again.status == 0 && again.errors == "removed: 2 partial files of an export that was killed\n")
        let left = Set(files(scratch.path("cuts")))
        #expect(left.isSuperset(of: others + [busy]) && ours.allSatisfy { !left.contains($0 + ".partial") }, "\(left)")
        // A single table's partial file is taken over.
        try scratch.write("i.csv.partial", "half")
        _ = try Tool.run("export", "index", "--cache", scratch.path("cache"), "--out", scratch.path("i.csv"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("i.csv.partial")))
    }

    @Test("Events of another cache, no events, and options that do not fit are refused, and nothing is left")
    func refused() throws {
        let scratch = try Scratch()
        _ = try heard(scratch)
        let header = "clip,path,start,end,label,score,peak\n"
        let two = "two,\(scratch.path("two")).wav,"
        let tables: [(String, String)] = [
            (
                header + "three,/x.wav,0,1,Dog,0.5,1\n",
                "e.csv:2: found clip 'three', expected a clip of this cache's manifest"
            ),
            (
                header + "two,/elsewhere/two.wav,0,1,Dog,0.5,1\n",
                "e.csv:2: found clip 'two' as /elsewhere/two.wav, expected"
            ),
            (header + two + "2,1,Dog,0.5,1\n", "e.csv:2: found an event from '2' to '1'"),
            (header + two + "-1,1,Dog,0.5,1\n", "e.csv:2: found an event from '-1' to '1'"),
            (header + two + "nan,1,Dog,0.5,1\n", "e.csv:2"), (header + two + "0,inf,Dog,0.5,1\n", "e.csv:2"),
            (header + two + "2,3,Dog,0.5,1\n", "expected one within the recording's"),
            (header + two + "0,1,,0.5,1\n", "found label ''"), (header + two + "0,1,Dog,7,1\n", "with score '7'"),
            (header + two + "0,1,Dog,0.5,1\n" + two + "0,1,Dog,0.5,1\n", "e.csv:3: found the event of line 2 again"),
            (header + two + "0,1,Dog\n", "e.csv:2"), ("", "e.csv:1: found an empty file"),
            ("clip,start,end\n", "found no column 'path'"),
        ]
        for (table, message) in tables {
            try scratch.write("e.csv", table)
            let result = try export(scratch, "--events", scratch.path("e.csv"))
            #expect(result.status == 65 && result.errors.contains(message), "\(table): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1 && files(scratch.path("cuts")).isEmpty)
        }
        try scratch.write("e.csv", header + two + "0,1,Dog,0.5,1\n")
        let events = ["--events", scratch.path("e.csv")]
        let uses: [([String], String)] = [
            (events + ["--threshold", "0.5"], "--threshold finds events, which --events has already"),
            (events + ["--gap", "1"], "--gap finds events"), (events + ["--pad", "-1"], "--pad"),
            (["--pad", "inf"], "--pad is inf"),
            (["--per-class", "0"], "--per-class is 0, expected 1 or more"),
            (["--stratified"], "--stratified spreads --per-class"),
            (
                events + ["--class", "Dgo"],
                "found label 'Dgo', which no event has, expected one of the 1 class; nearest: 'Dog'"
            ),
            (events + ["--clip", "x*"], "which fits no clip of the events"), (["--format", "mp3"], "--format"),
        ]
        for (words, message) in uses {
            let result = try Tool.run(
                ["export", "clips", "--cache", scratch.path("cache"), "--out", scratch.path("cuts")] + words)
            #expect(
                result.status == 64 && result.errors.contains(message), "\(words): \(result.status) \(result.errors)")
        }
        // A place of the cache's own, and a file in the folder's place.
        let kept = try export(scratch, "--events", scratch.path("e.csv"), out: "cache/shards")
        #expect(kept.status == 64 && kept.errors.contains("keeps for itself"), "\(kept.errors)")
        let file = try export(scratch, "--events", scratch.path("e.csv"), out: "e.csv")
        #expect(file.status == 64 && file.errors.contains("it is not a folder"), "\(file.errors)")
        #expect(files(scratch.path("cuts")).isEmpty)
    }

    @Test("Where room runs out, one line says so and nothing of the export stays")
    func outOfRoom() throws {
        let scratch = try Scratch()
        _ = try heard(scratch)
        var table = "clip,path,start,end,label,score,peak\n"
        for (name, end) in [("u8", 0.5), ("deep", 3.0)] {
            table += "\(name),\(scratch.path(name)).wav,0,\(end),Dog,0.5,1\n"
        }
        try scratch.write("e.csv", table)
        for format in ["wav", "flac"] {
            // The second cut is larger than a file may be.
            let result = try Tool.start(
                [
                    "-c",
                    "ulimit -f 64; exec '\(Tool.path)' export clips --cache '\(scratch.path("cache"))' --events '\(scratch.path("e.csv"))' "
                        + "--format \(format) --out '\(scratch.path("cuts"))'",
                ], executable: "/bin/bash"
            ).wait()
            #expect([74, 75].contains(result.status), "\(result.status) \(result.errors)")
            #expect(
                result.errors.split(separator: "\n").count == 1 && result.errors.contains("cannot write"),
                "\(result.errors)")
            #expect(files(scratch.path("cuts")).isEmpty, "\(files(scratch.path("cuts")))")
        }
    }
}
