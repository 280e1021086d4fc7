import Foundation
import Testing

/// Runs that are killed, and what is left after the next one.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct InterruptionTests {
    private static let points = [
        "ledger.before-commit", "ledger.after-commit", "shard.before-sync", "shard.after-sync", "seal.before-sync",
        "seal.before-rename", "seal.after-rename", "seal.before-commit", "seal.after-commit",
    ]

    private func scores(_ scratch: Scratch, _ cache: String) throws -> [UInt8] {
        let result = try Tool.run(
            "export", "scores", "--cache", scratch.path(cache), "--out", scratch.path("scores.csv"))
        return result.status == 0 ? try scratch.bytes("scores.csv") : []
    }

    @Test("Fifty kills, at every named point and at any moment: the resumed cache is that of an undisturbed run")
    func kills() throws {
        let scratch = try Scratch()
        try scratch.synth(8)
        #expect(try Tool.run(scratch.run("label.yaml", cache: "whole")).status == 0)
        let whole = try CacheContents(scratch, cache: "whole")
        let exported = try scores(scratch, "whole")
        #expect(!exported.isEmpty)
        var killed = 0
        var round = 0
        while killed < 50, round < 40 {
            let cache = "cache\(round)"
            // A few kills a cache, each somewhere else; then a run to the end.
            for kill in 0..<3 {
                let point = "\(Self.points[(round * 3 + kill) % Self.points.count]):\(1 + round % 2)"
                let byPoint = (round + kill) % 3 != 2
                let running = try Tool.start(
                    scratch.run("label.yaml", cache: cache, workers: [1, 2, 4][round % 3]),
                    environment: byPoint ? ["EARMARK_CRASH_AT": point] : [:])
                if !byPoint {
                    usleep(UInt32(3000 + 7000 * ((round * 7 + kill * 3) % 29)))
                    running.send(SIGKILL)
                }
                if running.wait().status == 128 + SIGKILL { killed += 1 }
                if FileManager.default.fileExists(atPath: scratch.path(cache + "/ledger.sqlite")),
                    let status = try? scratch.status(cache: cache)
                {
                    #expect(status.addsUp, "\(cache) after kill \(kill)")
                }
            }
            let last = try Tool.run(scratch.run("label.yaml", cache: cache))
            #expect(last.status == 0, "\(cache): \(last.errors)")
            #expect(try CacheContents(scratch, cache: cache) == whole, "\(cache)")
            #expect(try scores(scratch, cache) == exported, "\(cache)")
            #expect(try Tool.run("verify", "--cache", scratch.path(cache)).status == 0, "\(cache)")
            try? FileManager.default.removeItem(atPath: scratch.path(cache))
            round += 1
        }
        #expect(killed >= 50)
    }

    @Test("SIGTERM and Ctrl-C end a run with 75, and the same command goes on", arguments: [SIGTERM, SIGINT])
    func politely(signal: Int32) throws {
        let scratch = try Scratch()
        try scratch.synth(40)
        let running = try Tool.start(scratch.run("features.yaml", workers: 1))
        let shards = scratch.path("cache/shards")
        let hasBegun = running.until {
            (try? FileManager.default.contentsOfDirectory(atPath: shards).contains { $0.hasSuffix(".partial") }) == true
        }
        #expect(hasBegun)
        running.send(signal)
        let result = running.wait()
        #expect(result.status == 75 || result.status == 0, "\(result.errors)")
        if result.status == 75 {
            #expect(result.errors.contains("interrupted"))
            #expect(result.errors.contains("press Ctrl-C again") == (signal == SIGINT), "\(result.errors)")
            #expect(result.errors.contains("stopping on SIGTERM") == (signal == SIGTERM), "\(result.errors)")
        }
        #expect(try scratch.status().addsUp)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let status = try scratch.status()
        #expect(status.done == 40 && status.pending == 0)
    }

    @Test("A cache in use is refused with 75, naming who has it; the lock dies with its holder")
    func busy() throws {
        let scratch = try Scratch()
        try scratch.synth(30)
        let first = try Tool.start(scratch.run("features.yaml", workers: 1))
        let shards = scratch.path("cache/shards")
        let holds = first.until {
            (try? FileManager.default.contentsOfDirectory(atPath: shards).contains { $0.hasSuffix(".partial") }) == true
        }
        #expect(holds)
        first.send(SIGSTOP)
        let second = try Tool.run(scratch.run("features.yaml"))
        #expect(second.status == 75, "\(second.errors)")
        #expect(second.errors.contains("\(first.process.processIdentifier)"), "\(second.errors)")
        #expect(try scratch.status().addsUp)
        first.send(SIGKILL)
        first.send(SIGCONT)
        _ = first.wait()
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try scratch.status().done == 30)
    }

    @Test("A training that is killed ends with the weights of one that was not")
    func training() throws {
        let scratch = try Scratch()
        try scratch.synth(14)
        func train(_ out: String) -> [String] {
            [
                "train", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
                scratch.path("cache"), "--out", scratch.path(out), "--architecture", "wave-encoder", "--epochs", "4",
                "--batch", "16", "--train-split", "train", "--validation-split", "", "--learning-rate", "1e-3",
            ]
        }
        let whole = try Tool.run(train("whole"))
        #expect(whole.status == 0, "\(whole.errors)")
        let running = try Tool.start(train("killed"))
        let hasCheckpoint = running.until {
            FileManager.default.fileExists(atPath: scratch.path("killed/checkpoint.safetensors"))
        }
        #expect(hasCheckpoint)
        running.send(SIGKILL)
        _ = running.wait()
        #expect(try Tool.run(train("killed")).status == 0)
        #expect(try scratch.bytes("killed/model.safetensors") == scratch.bytes("whole/model.safetensors"))
        let evaluated = try Tool.run(
            "evaluate", scratch.path("whole/model.safetensors"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"), "--pipeline", Tool.pipeline("features.yaml"), "--split", "train", "--json")
        #expect(evaluated.status == 0 && evaluated.output.contains("lwlrap"), "\(evaluated.errors)")
    }
}
