import Foundation
import Testing

/// What `plan` says of time and room, by earlier runs, by a trial, or by neither.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct EstimateTests {
    private struct Told: Decodable {
        struct Estimate: Decodable {
            struct Basis: Decodable {
                let runs: Int?
                let probeClips: Int?
                let seconds: Double?
            }
            let audioSeconds: Double?
            let clipsOfKnownLength: Int
            let clipsOfEstimatedLength: Int
            let clipsOfUnknownLength: Int
            let seconds: Double?
            let speed: Double?
            let workers: Int
            let bases: [Basis]
            let bytes: Int?
            let freeBytes: Int?
            let shortOfSpace: Bool
        }
        let toDo: Int
        let estimate: Estimate
    }

    private func plan(
        _ scratch: Scratch, _ pipeline: String = "label.yaml", manifest: String = "corpus.csv", _ flags: [String] = []
    ) throws -> (json: Told.Estimate, text: String) {
        let words =
            ["plan", Tool.pipeline(pipeline), "--manifest", scratch.path(manifest), "--cache", scratch.path("cache")]
            + flags
        let text = try Tool.run(words)
        let json = try Tool.run(words + ["--json"])
        #expect(text.status == 0 && json.status == 0, "\(text.errors)\(json.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return (try decoder.decode(Told.self, from: Data(json.output.utf8)).estimate, text.output)
    }

    private func bytes(_ scratch: Scratch) throws -> Int {
        let folder = scratch.path("cache/shards")
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".npy") }.reduce(0) {
            $0 + ((try FileManager.default.attributesOfItem(atPath: folder + "/" + $1)[.size] as? Int) ?? 0) - 128
        }
    }

    /// Clips of 2 to 6.6 s, of which no chunk ends where a clip does.
    private func corpus(_ count: Int = 12) throws -> (scratch: Scratch, seconds: Double) {
        let scratch = try Scratch()
        var seconds = 0.0
        for number in 0..<count {
            let length = 2 + 0.513 * Double(number % 10)
            try scratch.writeTone("\(number).wav", number, seconds: length)
            seconds += length
        }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<count).map { "\($0),\($0).wav\n" }.joined())
        return (scratch, seconds)
    }

    @Test("By a trial where there is no cache: nothing is made, and audio and bytes are what a run then finds")
    func probed() throws {
        let (scratch, seconds) = try corpus()
        let before = try plan(scratch)
        #expect(!FileManager.default.fileExists(atPath: scratch.path("cache")))
        let told = before.json
        // Headers tell it: the files are all of one kind.
        #expect(told.clipsOfEstimatedLength == 12 && told.clipsOfKnownLength == 0 && told.clipsOfUnknownLength == 0)
        #expect(abs((told.audioSeconds ?? 0) - seconds) < 0.02 * seconds)
        #expect(told.bases.count == 1 && told.bases.first?.probeClips ?? 0 > 0, "\(before.text)")
        // A fast machine takes so little time that it is rounded to none.
        #expect(told.seconds != nil && told.speed.map { $0 > 0 } == true)
        #expect(told.freeBytes.map { $0 > 0 } == true && !told.shortOfSpace)
        #expect(before.text.contains("estimate: ") && before.text.contains("by a trial of "), "\(before.text)")
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        let written = try Double(bytes(scratch))
        #expect(abs(Double(told.bytes ?? 0) - written) < 0.05 * written, "\(told.bytes ?? 0) \(written)")
        // Nothing is left to do, and that takes nothing.
        let after = try plan(scratch)
        #expect(after.json.seconds == 0 && after.json.bytes == 0 && !after.text.contains("estimate"))
    }

    @Test("A plan with a trial writes nothing into a cache that is there")
    func readsOnly() throws {
        let (scratch, _) = try corpus(4)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        try scratch.writeTone("new.wav", 77, seconds: 4)
        try scratch.write("more.csv", scratch.text("corpus.csv") + "new,new.wav\n")
        func state() throws -> [String: Data] {
            var found: [String: Data] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: scratch.path("cache")) {
                found[name] = FileManager.default.contents(atPath: scratch.path("cache/" + name)) ?? Data()
            }
            return found.filter { !$0.key.hasSuffix("-shm") && !($0.key.hasSuffix("-wal") && $0.value.isEmpty) }
        }
        let before = try state()
        let told = try plan(scratch, "label.yaml", manifest: "more.csv").json
        // Four clips are read from the cache, one is decoded: two kinds of work.
        #expect(told.bases.count == 2 && told.clipsOfKnownLength == 4)
        #expect(try state() == before)
    }

    @Test("By the speed of earlier runs of the same work, for any number of workers; other work is none of it")
    func past() throws {
        let (scratch, seconds) = try corpus()
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        // More of the same: new clips that take the same way.
        var list = try scratch.text("corpus.csv")
        for number in 0..<5 {
            try scratch.writeTone("late\(number).wav", 40 + number, seconds: 3)
            list += "late\(number),late\(number).wav\n"
        }
        try scratch.write("more.csv", list)
        let quiet = try plan(scratch, "features.yaml", manifest: "more.csv", ["--no-probe", "--workers", "1"])
        // Endings that were met before tell the lengths, with no file opened.
        #expect(quiet.json.bases.map(\.runs) == [1] && quiet.json.clipsOfEstimatedLength == 5, "\(quiet.text)")
        #expect(abs((quiet.json.audioSeconds ?? 0) - 15) < 0.5)
        let status = try Tool.run("status", "--cache", scratch.path("cache"), "--json")
        struct Run: Decodable { let audioSeconds: Double; let seconds: Double; let workers: Double }
        struct Status: Decodable { let run: Run }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let run = try decoder.decode(Status.self, from: Data(status.output.utf8)).run
        #expect(abs(run.audioSeconds - seconds) < 0.01 * seconds, "\(run)")
        let twice = try plan(scratch, "features.yaml", manifest: "more.csv", ["--no-probe", "--workers", "4"])
        if let one = quiet.json.speed, let four = twice.json.speed { #expect(abs(four / one - 4) < 0.5) }
        let other = try plan(
            scratch, "features.yaml", manifest: "more.csv", ["--no-probe", "--set", "chunk.overlap=0.75"])
        #expect(other.json.seconds == nil && other.json.bases.isEmpty && other.text.contains("time not known"))
        #expect(other.json.bytes.map { $0 > 0 } == true)
    }

    @Test(
        "Without a trial and without a cache nothing is known, and that is said; files that are no audio harm nothing")
    func unknown() throws {
        let scratch = try Scratch()
        try scratch.write("a.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\na,a.wav\nb,gone.wav\n")
        for flags in [["--no-probe"], []] {
            let told = try plan(scratch, "features.yaml", flags)
            #expect(told.json.audioSeconds == nil && told.json.seconds == nil && told.json.bytes == nil)
            #expect(
                told.json.clipsOfUnknownLength == 2 && told.text.contains("no clip's length is known"), "\(told.text)")
        }
        #expect(
            try Tool.run(
                "plan", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
                scratch.path("cache"), "--workers", "0"
            ).status == 64)
    }

    @Test("What does not fit on the disk is said, and refused by nobody")
    func space() throws {
        let scratch = try Scratch()
        try scratch.writeTone("a.wav", 1, seconds: 2)
        // A header that promises days: a hole of a terabyte takes no room.
        func word(_ value: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        }
        let samples: UInt64 = 1 << 41
        var header = Array("RF64".utf8) + word(0xFFFF_FFFF, 4) + Array("WAVEds64".utf8) + word(28, 4)
        header += word(samples * 2 + 72, 8) + word(samples * 2, 8) + word(samples, 8) + word(0, 4)
        header += Array("fmt ".utf8) + word(16, 4) + word(1, 2) + word(1, 2) + word(16_000, 4) + word(32_000, 4)
        header += word(2, 2) + word(16, 2) + Array("data".utf8) + word(0xFFFF_FFFF, 4)
        try scratch.write("days.wav", header)
        try #require(truncate(scratch.path("days.wav"), off_t(header.count) + off_t(samples * 2)) == 0)
        try scratch.write("corpus.csv", "clip,path\ndays,days.wav\na,a.wav\n")
        let told = try plan(scratch, "features.yaml")
        #expect(told.json.shortOfSpace && told.text.contains("the free space looks too small"), "\(told.text)")
    }
}
