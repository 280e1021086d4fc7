import Foundation
import Testing

/// The system runs out of something: the run or the check ends, and no clip is blamed.
struct ShortageTests {
    @Test(
        "A shard that cannot be mapped for lack of memory is no damage: verify ends with 75, and a repair takes nothing back"
    )
    func memory() throws {
        let scratch = try Scratch()
        try scratch.synth(4)
        // Killed after its first commit, so that a shard is left whose file may be longer than its rows.
        _ = try Tool.run(scratch.run("features.yaml"), environment: ["EARMARK_CRASH_AT": "ledger.after-commit"])
        let folder = scratch.path("cache/shards")
        let partial = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".partial") })
        let path = folder + "/" + partial
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        let pending = try scratch.status().pending
        // A hole: it takes room in the address space alone.
        #expect(truncate(path, 64 << 30) == 0)
        for flags in [[], ["--repair"]] {
            let limited = try Tool.start(
                ["-c", "ulimit -v 16777216; exec \"$0\" \"$@\"", Tool.path, "verify", "--cache", scratch.path("cache")]
                    + flags, executable: "/bin/sh"
            ).wait()
            #expect(limited.status == 75, "\(limited.output)\(limited.errors)")
            #expect(limited.errors.contains("Cannot allocate memory"))
        }
        #expect(truncate(path, off_t(size)) == 0)
        #expect(try scratch.status().pending == pending)
        let sound = try Tool.run("verify", "--cache", scratch.path("cache"))
        #expect(sound.status == 0, "\(sound.output)\(sound.errors)")
    }
}
