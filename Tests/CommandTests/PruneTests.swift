import Foundation
import Testing

/// What `prune` frees, what it leaves, and that neither a kill nor a full disk harms a cache.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct PruneTests {
    private struct Told: Decodable {
        struct Stage: Decodable {
            let kind: String
            let stage: String
            let pipelines: [String]
            let results: Int
            let rows: Int
            let bytes: Int
        }
        let dryRun: Bool
        let bytes: Int
        let rows: Int
        let results: Int
        let clips: Int
        let shardsRemoved: Int
        let shardsCopied: Int
        let strayFiles: Int
        let rowsLeft: Int
        let stages: [Stage]
    }

    private func prune(_ scratch: Scratch, cache: String = "cache", _ flags: [String] = []) throws -> Told {
        let result = try Tool.run(["prune", "--cache", scratch.path(cache), "--json"] + flags)
        #expect(result.status == 0, "\(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Told.self, from: Data(result.output.utf8))
    }

    /// A cache of ten clips with rows of two overlaps, of which the manifest then loses four.
    private func prepared() throws -> Scratch {
        let scratch = try Scratch()
        for number in 0..<10 { try scratch.writeTone("\(number).wav", number, seconds: 1 + Double(number % 4) * 0.7) }
        func list(_ numbers: [Int]) -> String {
            "clip,path\n" + numbers.map { "clip \($0),\($0).wav\n" }.joined()
        }
        try scratch.write("corpus.csv", list(Array(0..<10)))
        try scratch.write("fewer.csv", list([0, 2, 3, 5, 8, 9]))
        try scratch.write("gone.csv", list([1, 4]))
        #expect(try Tool.run(scratch.run("label.yaml", sets: ["chunk.overlap=0.75"])).status == 0)
        #expect(try Tool.run(scratch.run("label.yaml", workers: 1)).status == 0)
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "fewer.csv")).status == 0)
        return scratch
    }

    private func scores(_ scratch: Scratch, _ cache: String = "cache") throws -> [UInt8] {
        let out = scratch.path("scores-\(UUID().uuidString).csv")
        let result = try Tool.run("export", "scores", "--cache", scratch.path(cache), "--out", out)
        #expect(result.status == 0, "\(result.errors)")
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: out)))
    }

    private func shardFiles(_ scratch: Scratch, _ cache: String = "cache") throws -> [String: Int] {
        let folder = scratch.path(cache + "/shards")
        var sizes: [String: Int] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.contains(".npy") {
            sizes[name] = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.size] as? Int
        }
        return sizes
    }

    /// Every shard that `shards/index.csv` names is there and holds the rows it is said to hold.
    private func indexIsSound(_ scratch: Scratch, _ cache: String) throws -> Bool {
        let path = scratch.path(cache + "/shards/index.csv")
        guard FileManager.default.fileExists(atPath: path) else { return true }
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let shard = scratch.path(cache + "/" + fields[2])
            guard let data = FileManager.default.contents(atPath: shard), data.count > 128,
                let end = Int(fields[3]).flatMap({ first in Int(fields[4]).map { first + $0 } }),
                let open = data.prefix(128).firstIndex(of: UInt8(ascii: "(")),
                let rows = Int(String(decoding: data[(open + 1)...].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self)),
                end <= rows
            else { return false }
        }
        return true
    }

    @Test(
        "A dry run says what goes and changes nothing; then just that is gone, and what is kept is the same, byte for byte"
    )
    func frees() throws {
        let scratch = try prepared()
        let contents = try CacheContents(scratch, cache: "cache")
        let exported = try scores(scratch)
        let before = try shardFiles(scratch)
        let dry = try prune(scratch, ["--dry-run"])
        #expect(dry.dryRun && dry.clips == 4 && dry.strayFiles == 0)
        #expect(try shardFiles(scratch) == before)
        // Ten clips, four stages of the earlier overlap; four clips of the stages of today.
        #expect(dry.results == 10 * 4 + 4 * 4, "\(dry)")
        #expect(dry.stages.filter { $0.pipelines.isEmpty }.allSatisfy { $0.results == 10 })
        #expect(dry.stages.filter { !$0.pipelines.isEmpty }.allSatisfy { $0.results == 4 && $0.pipelines == ["label"] })
        #expect(Set(dry.stages.map(\.kind)) == ["raw", "mel", "scores", "clip-scores"])
        let text = try Tool.run("prune", "--cache", scratch.path("cache"), "--dry-run")
        #expect(text.output.contains("would free:") && text.output.contains("mel-cache of label"), "\(text.output)")
        #expect(text.output.contains("4 clips that no manifest names"), "\(text.output)")
        let done = try prune(scratch)
        #expect(!done.dryRun && done.bytes == dry.bytes && done.rows == dry.rows)
        let after = try shardFiles(scratch)
        // Each copy has a header of its own in the place of the old one's.
        #expect(before.values.reduce(0, +) - after.values.reduce(0, +) == done.bytes)
        #expect(try CacheContents(scratch, cache: "cache") == contents)
        #expect(try scores(scratch) == exported)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).output.contains("all sound"))
        #expect(try indexIsSound(scratch, "cache"))
        let status = try scratch.status()
        #expect(status.clips == 6 && status.done == 6)
        let again = try prune(scratch)
        #expect(again.bytes == 0 && again.results == 0 && again.clips == 0 && again.shardsCopied == 0)
        let run = try Tool.run(scratch.run("label.yaml", manifest: "fewer.csv"))
        #expect(run.errors.contains("nothing to do: 6 clips"), "\(run.errors)")
        // What was freed is made anew when it is wanted again, and is what it was.
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        #expect(try scratch.status().done == 10)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)
    }

    @Test(
        "A further manifest keeps its clips; a pipeline is dropped by name, a wrong name and the last one are refused")
    func kept() throws {
        let scratch = try prepared()
        #expect(try prune(scratch, ["--dry-run", "--manifest", scratch.path("gone.csv")]).clips == 2)
        #expect(try prune(scratch, ["--dry-run", "--manifest", scratch.path("corpus.csv")]).clips == 0)
        #expect(try prune(scratch, ["--manifest", scratch.path("gone.csv")]).clips == 2)
        let run = try Tool.run(
            "plan", Tool.pipeline("label.yaml"), "--manifest", scratch.path("gone.csv"), "--cache",
            scratch.path("cache"), "--json")
        #expect(run.output.contains(#""to_do":0"#), "\(run.output)")
        #expect(try Tool.run(scratch.run("fsd50k-features.yaml", manifest: "fewer.csv")).status == 0)
        for (names, words) in [
            (["lable"], "did you mean 'label'?"), (["x"], "expected fsd50k-features, label"),
            (["label", "fsd50k-features"], "no pipeline would be left"),
        ] {
            let refused = try Tool.run(
                ["prune", "--cache", scratch.path("cache")] + names.flatMap { ["--drop-pipeline", $0] })
            #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
        }
        _ = try prune(scratch, ["--drop-pipeline", "label"])
        let status = try Tool.run("status", "--cache", scratch.path("cache"), "--json").output
        #expect(!status.contains(#""name":"label""#) && status.contains(#""name":"fsd50k-features""#), "\(status)")
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)
    }

    @Test("Less than --share of a shard is left and told, and goes with the next one that is stricter")
    func share() throws {
        let scratch = try prepared()
        let first = try prune(scratch, ["--share", "1"])
        #expect(first.shardsCopied == 0 && first.shardsRemoved > 0 && first.rowsLeft > 0)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).output.contains("all sound"))
        let second = try prune(scratch, ["--share", "0.1"])
        #expect(second.shardsCopied > 0 && second.rows == first.rowsLeft && second.rowsLeft == 0)
        for share in ["-0.1", "1.5", "nan"] {
            #expect(try Tool.run("prune", "--cache", scratch.path("cache"), "--share", share).status == 64)
        }
    }

    @Test("Killed at every point of it: the cache is whole, and the next prune ends where an undisturbed one does")
    func kills() throws {
        let scratch = try prepared()
        let contents = try CacheContents(scratch, cache: "cache")
        let exported = try scores(scratch)
        func copy(_ name: String) throws {
            try? FileManager.default.removeItem(atPath: scratch.path(name))
            try FileManager.default.copyItem(atPath: scratch.path("cache"), toPath: scratch.path(name))
            // As a crash leaves it that was none of this prune's.
            try scratch.write(name + "/shards/mel-000777.npy", "half of a shard")
        }
        try copy("whole")
        #expect(try prune(scratch, cache: "whole").strayFiles == 1)
        let sizes = try shardFiles(scratch, "whole").values.sorted()
        let points = [
            "prune.after-pipelines", "prune.before-commit", "prune.after-commit", "prune.after-unlink", "prune.copied",
            "prune.after-index", "prune.before-clips", "prune.after-clips", "prune.before-backup", "seal.before-sync",
            "seal.before-rename", "seal.after-rename",
        ]
        for point in points {
            var killed = 0
            for time in 1...3 {
                try copy("killed")
                let died = try Tool.run(
                    "prune", "--cache", scratch.path("killed"), environment: ["EARMARK_CRASH_AT": "\(point):\(time)"])
                if died.status != 128 + SIGKILL { break }
                killed += 1
                let name = "\(point):\(time)"
                #expect(try indexIsSound(scratch, "killed"), "\(name)")
                let verified = try Tool.run("verify", "--cache", scratch.path("killed"))
                #expect(verified.status == 0, "\(name): \(verified.output)")
                #expect(try scores(scratch, "killed") == exported, "\(name)")
                #expect(try scratch.status(cache: "killed").done == 6, "\(name)")
                // Whoever takes the cache next goes on: a run, or another prune.
                if time == 2 {
                    let run = try Tool.run(scratch.run("label.yaml", manifest: "fewer.csv", cache: "killed"))
                    #expect(run.status == 0, "\(name): \(run.errors)")
                }
                _ = try prune(scratch, cache: "killed")
                #expect(try CacheContents(scratch, cache: "killed") == contents, "\(name)")
                #expect(try scores(scratch, "killed") == exported, "\(name)")
                #expect(try indexIsSound(scratch, "killed"), "\(name)")
                #expect(try Tool.run("verify", "--cache", scratch.path("killed")).status == 0, "\(name)")
                #expect(try shardFiles(scratch, "killed").values.sorted() == sizes, "\(name)")
            }
            #expect(killed > 0, "\(point) is never met")
        }
    }

    @Test("A disk that takes no copy: what can be removed is, nothing is lost, and the same command goes on")
    func fullDisk() throws {
        let scratch = try Scratch()
        for number in 0..<4 { try scratch.writeTone("t\(number).wav", number, seconds: 60) }
        func list(_ numbers: [Int]) -> String { "clip,path\n" + numbers.map { "t\($0),t\($0).wav\n" }.joined() }
        try scratch.write("corpus.csv", list([0, 1, 2, 3]))
        try scratch.write("fewer.csv", list([0, 3]))
        #expect(try Tool.run(scratch.run("features.yaml", sets: ["chunk.overlap=0"])).status == 0)
        #expect(try Tool.run(scratch.run("features.yaml", workers: 1)).status == 0)
        #expect(try Tool.run(scratch.run("features.yaml", manifest: "fewer.csv")).status == 0)
        let contents = try CacheContents(scratch, cache: "cache")
        let before = try shardFiles(scratch).values.reduce(0, +)
        // A limit on the size of files stands for a disk that takes no more.
        let full = try Tool.start(
            ["-c", "trap '' XFSZ; ulimit -f 1000; '\(Tool.path)' prune --cache '\(scratch.path("cache"))'"],
            executable: "/bin/bash"
        ).wait()
        #expect(full.status == 75 && full.errors.contains("left as before"), "\(full.status) \(full.errors)")
        #expect(try CacheContents(scratch, cache: "cache") == contents)
        #expect(try indexIsSound(scratch, "cache"))
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).output.contains("all sound"))
        let between = try shardFiles(scratch).values.reduce(0, +)
        #expect(between < before)
        _ = try prune(scratch)
        #expect(try shardFiles(scratch).values.reduce(0, +) < between)
        #expect(try CacheContents(scratch, cache: "cache") == contents)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).output.contains("all sound"))
    }

    @Test("A cache in use is refused with 75; a folder without one with 65")
    func refused() throws {
        let scratch = try Scratch()
        try scratch.synth(30)
        let running = try Tool.start(scratch.run("features.yaml", workers: 1))
        let shards = scratch.path("cache/shards")
        let holds = running.until {
            (try? FileManager.default.contentsOfDirectory(atPath: shards).contains { $0.hasSuffix(".partial") }) == true
        }
        #expect(holds)
        running.send(SIGSTOP)
        #expect(try Tool.run("prune", "--cache", scratch.path("cache")).status == 75)
        #expect(try Tool.run("prune", "--cache", scratch.path("cache"), "--dry-run").status == 0)
        running.send(SIGKILL)
        running.send(SIGCONT)
        _ = running.wait()
        #expect(try Tool.run("prune", "--cache", scratch.path("nowhere")).status == 65)
        #expect(!FileManager.default.fileExists(atPath: scratch.path("nowhere")))
        // What a killed run left open is taken up by the next run after a prune as well.
        _ = try prune(scratch)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try scratch.status().done == 30)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)
    }
}
