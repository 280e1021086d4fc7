import Foundation
import Testing

/// Limits of the process and odd things in a cache's place: each is told, and none ends the program by a signal.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct LimitTests {
    private func limited(_ limit: String, _ arguments: [String]) throws -> Tool.Result {
        let words = arguments.map { "'\($0)'" }.joined(separator: " ")
        return try Tool.start(
            ["-c", "\(limit); exec '\(Tool.path)' \(words)"], executable: "/bin/bash"
        ).wait()
    }

    @Test("Too little address space, and a limit on the size of files, end a run by no signal; the next one is whole")
    func limits() throws {
        let scratch = try Scratch()
        try scratch.synth(6)
        #expect(try Tool.run(scratch.run("features.yaml", cache: "whole")).status == 0)
        let space = try limited("ulimit -v 300000", scratch.run("features.yaml"))
        #expect(space.status == 75 && space.errors.contains("ulimit -v"), "\(space.status) \(space.errors)")
        let size = try limited("ulimit -f 100", scratch.run("features.yaml"))
        // SQLite calls a write beyond the limit a failed one, a shard a lack of room.
        #expect([74, 75].contains(size.status), "\(size.status) \(size.errors)")
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try CacheContents(scratch, cache: "cache") == CacheContents(scratch, cache: "whole"))
    }

    @Test("A parameter set wrongly is the command line's fault, not the file's")
    func settings() throws {
        let scratch = try Scratch()
        try scratch.write("m.csv", "clip,path\na,a.wav\n")
        let result = try Tool.run(scratch.run("features.yaml", manifest: "m.csv", sets: ["chunk.overlap=1"]))
        #expect(result.status == 64 && result.errors.contains("--set chunk.overlap=1: expected"), "\(result.errors)")
    }

    @Test("A pipe in the ledger's place is refused at once; a folder in a shard's place hinders no other repair")
    func oddThings() throws {
        let scratch = try Scratch()
        try scratch.synth(6)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let before = try CacheContents(scratch, cache: "cache")
        let shards = try FileManager.default.contentsOfDirectory(atPath: scratch.path("cache/shards"))
        let mel = try #require(shards.first { $0.hasPrefix("mel-") && $0.hasSuffix(".npy") })
        let raw = try #require(shards.first { $0.hasPrefix("raw-") && $0.hasSuffix(".npy") })
        try FileManager.default.removeItem(atPath: scratch.path("cache/shards/" + mel))
        try FileManager.default.createDirectory(
            atPath: scratch.path("cache/shards/" + mel), withIntermediateDirectories: false)
        var bytes = try scratch.bytes("cache/shards/" + raw)
        bytes[bytes.count / 2] ^= 0x55
        try scratch.write("cache/shards/" + raw, bytes)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache"), "--repair").status == 0)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try CacheContents(scratch, cache: "cache") == before)

        try FileManager.default.removeItem(atPath: scratch.path("cache/ledger.sqlite"))
        #expect(mkfifo(scratch.path("cache/ledger.sqlite"), 0o600) == 0)
        let refused = try Tool.run("verify", "--cache", scratch.path("cache"), "--repair")
        #expect(refused.status == 65 && refused.errors.contains("no regular file"), "\(refused.errors)")
    }
}
