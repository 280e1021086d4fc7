import Foundation
import Testing

/// Start times and further columns from a folder to statistics, as a user sees them.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct StartTimeCommandTests {
    /// Four recordings at two sites, three of them with a time in their names.
    private func recordings() throws -> Scratch {
        let scratch = try Scratch()
        for site in ["hill", "pond"] {
            try FileManager.default.createDirectory(
                atPath: scratch.path("in/" + site), withIntermediateDirectories: true)
        }
        for (number, name) in [
            "hill/A_20240512_035959", "hill/A_20240512_060000", "pond/B_20240331_023000", "pond/tone",
        ].enumerated() {
            try scratch.writeTone("in/\(name).wav", number, seconds: 3)
        }
        return scratch
    }

    @Test("From names to events and statistics; a changed column changes no row of a shard")
    func journey() throws {
        let scratch = try recordings()
        let made = try Tool.run(
            "manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv"), "--start-times", "--zone",
            "Europe/Berlin")
        #expect(made.status == 0)
        #expect(
            made.errors.split(separator: "\n") == [
                "earmark: start times of 2 of 4 clips: 2 from their names",
                "earmark: no start time: 1 clip: no time in name or header, the first 'pond/tone.wav'",
                "earmark: no start time: 1 clip: a time that the clocks skipped when they were put forward, the first "
                    + "'pond/B_20240331_023000.wav'",
            ])
        let lines = try scratch.lines("m.csv")
        #expect(lines[0] == "clip,path,labels,split,began,began_source")
        #expect(
            lines[1] == "hill/A_20240512_035959.wav,in/hill/A_20240512_035959.wav,hill,,2024-05-12T03:59:59+02:00,name")
        #expect(lines[3].hasSuffix(",pond,,,"))
        func write(_ name: String) throws {
            let rows = lines.enumerated().map {
                $0 == 0 ? $1 + ",site" : $1 + ($1.contains("hill") ? ",\(name)" : ",low")
            }
            try scratch.write("s.csv", rows.joined(separator: "\n") + "\n")
        }
        try write("high")
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "s.csv")).status == 0)
        func export() throws -> [String] {
            let done = try Tool.run(
                "export", "events", "--cache", scratch.path("cache"), "--threshold", "0.05", "--out",
                scratch.path("e.csv"))
            #expect(done.status == 0, "\(done.errors)")
            return try scratch.lines("e.csv")
        }
        let events = try export()
        #expect(events[0] == "clip,path,start,end,label,score,peak,began,began_source,site")
        let first = try #require(events.first { $0.hasPrefix("hill/A_20240512_06") })
        #expect(first.contains(",2024-05-12T06:00:0") && first.hasSuffix("+02:00,name,high"))
        #expect(events.contains { $0.hasPrefix("pond/") && $0.hasSuffix(",,,low") })
        try write("higher")
        let again = try Tool.run(scratch.run("label.yaml", manifest: "s.csv").filter { $0 != "--quiet" })
        #expect(again.status == 0 && again.errors.contains("nothing to do: 4 clips are done"), "\(again.errors)")
        #expect(try export() == events.map { $0.replacing(",high", with: ",higher") })
        let stats = try Tool.run(
            "stats", "--cache", scratch.path("cache"), "--threshold", "0.05", "--by", "hour", "--by", "site", "--out",
            scratch.path("stats"))
        #expect(stats.status == 0, "\(stats.errors)")
        #expect(stats.errors.contains("2 clips without a start time: "))
        let hours = try scratch.lines("stats/by-hour.csv").dropFirst().map { $0.split(separator: ",").map(String.init) }
        // The first recording lasts from a second before four to two seconds after it.
        #expect(Set(hours.map { $0[0] }) == ["03", "04", "06", "(none)"])
        for (hour, seconds) in [("03", 1.0), ("04", 2), ("06", 3), ("(none)", 6)] {
            for row in hours where row[0] == hour { #expect(abs((Double(row[5]) ?? 0) * 3600 - seconds) < 1e-6) }
        }
        #expect(try scratch.text("stats/by-site.json").contains("\"value\": \"higher\""))
        #expect(try scratch.text("stats/report.html").contains("Hours of sound by hour of day"))
    }

    @Test("Clips that are computed for an evaluation keep what the manifest says of them")
    func evaluation() throws {
        let scratch = try Scratch()
        try scratch.writeTone("a.wav", 1)
        try scratch.writeTone("b.wav", 2)
        try scratch.write("m.csv", "clip,path,labels,split,site\na,a.wav,Rain,train,\"x,1\"\nb,b.wav,Rain,eval,y\n")
        for split in ["eval", "train"] {
            let evaluated = try Tool.run(
                "evaluate", Tool.lean, "--manifest", scratch.path("m.csv"), "--split", split, "--cache",
                scratch.path("features"), "--pipeline", Tool.pipeline("features.yaml"), "--resamples", "0")
            #expect(evaluated.status == 0, "\(evaluated.errors)")
        }
        let index = try Tool.run("export", "index", "--cache", scratch.path("features"), "--out", scratch.path("i.csv"))
        #expect(index.status == 0)
        let lines = try scratch.lines("i.csv")
        #expect(lines[0].hasSuffix(",hop,site") && lines.count > 2)
        for line in lines.dropFirst() { #expect(line.hasSuffix(line.hasPrefix("a,") ? ",\"x,1\"" : ",y"), "\(line)") }
    }

    @Test("What does not fit is refused before anything is written")
    func refusals() throws {
        let scratch = try recordings()
        func made(_ more: String...) throws -> Tool.Result {
            try Tool.run(["manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv")] + more)
        }
        for (more, said) in [
            (["--zone", "UTC"], "--zone applies only with --start-times"),
            (["--name-pattern", "%s"], "--name-pattern applies only with --start-times"),
            (["--start-times", "--zone", "CEST"], "--zone: found 'CEST'"),
            (["--start-times", "--name-pattern", "%Y"], "--name-pattern: found '%Y'"),
        ] {
            let found = try Tool.run(["manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv")] + more)
            #expect(found.status == 64 && found.errors.contains(said), "\(found.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path("m.csv")))
        #expect(try made().status == 0)
        #expect(try scratch.lines("m.csv")[0] == "clip,path,labels,split")
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv")).status == 0)
        for (by, said) in [
            ("hour", "no recording's start time is known"), ("site", "which has no further columns"),
        ] {
            let found = try Tool.run(
                "stats", "--cache", scratch.path("cache"), "--by", by, "--out", scratch.path("stats"))
            #expect(found.status == 64 && found.errors.contains(said), "\(found.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path("stats")))
    }
}
