import Foundation
import Testing

/// Files that cannot be heard: each a recorded failure, all others done.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct BadClipTests {
    @Test("Every kind of bad file is named with its class; the others are done; retry takes them up again")
    func badFiles() throws {
        let scratch = try Scratch()
        try scratch.writeTone("good.wav", 1)
        try scratch.writeTone("late.wav", 2)
        let good = try scratch.bytes("good.wav")
        try scratch.write("empty.wav", [])
        try scratch.write("cut.wav", Array(good.prefix(good.count / 2)))
        try scratch.write("text.wav", "This is no recording.")
        try scratch.writeWAV("none.wav", samples: [])
        var absurd = good
        absurd.replaceSubrange(40..<44, with: [0xf0, 0xff, 0xff, 0x7f])
        try scratch.write("absurd.wav", absurd)
        var nan = Array(good.prefix(44))
        nan[20] = 3
        nan[32] = 4
        nan[34] = 32
        nan.replaceSubrange(40..<44, with: [0x00, 0x40, 0, 0])
        nan += (0..<4096).flatMap { _ in [0, 0, 0xc0, 0x7f] as [UInt8] }
        try scratch.write("nan.wav", nan)
        try FileManager.default.createDirectory(atPath: scratch.path("folder.wav"), withIntermediateDirectories: true)
        let bad = ["empty", "cut", "text", "none", "absurd", "nan", "folder", "gone"]
        try scratch.write(
            "corpus.csv", "clip,path\n" + (["good"] + bad + ["late"]).map { "\($0),\($0).wav\n" }.joined())
        let run = try Tool.run(scratch.run("features.yaml"))
        #expect(run.status == 3, "\(run.errors)")
        let status = try scratch.status()
        #expect(status.done == 2 && status.failed == 8 && status.addsUp)
        #expect(Set(status.failures.map(\.clip)) == Set(bad))
        let classes = Dictionary(uniqueKeysWithValues: status.failures.map { ($0.clip, $0.class) })
        #expect(classes["gone"] == "unreadable" && classes["folder"] == "unreadable" && classes["empty"] == "empty")
        for failure in status.failures {
            #expect(failure.path.hasSuffix("\(failure.clip).wav") && !failure.reason.isEmpty)
            #expect(run.errors.contains(failure.reason), "\(failure.clip)")
        }
        // Nothing has changed: they are not tried again, and are still named.
        let again = try Tool.run(scratch.run("features.yaml"))
        #expect(again.status == 3)
        try scratch.writeTone("gone.wav", 3)
        try scratch.write("cut.wav", good)
        #expect(try Tool.run("retry", "--cache", scratch.path("cache")).status == 0)
        #expect(try scratch.status().pending == 8)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 3)
        #expect(try scratch.status().done == 4)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)
    }

    @Test("Damage is found and named, and repaired to the same bytes")
    func damage() throws {
        let scratch = try Scratch()
        try scratch.synth(5)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let before = try CacheContents(scratch, cache: "cache")
        let shards = try FileManager.default.contentsOfDirectory(atPath: scratch.path("cache/shards"))
        let mel = try #require(shards.first { $0.contains("mel") && $0.hasSuffix(".npy") })
        var bytes = try scratch.bytes("cache/shards/" + mel)
        bytes[bytes.count / 2] ^= 1
        try scratch.write("cache/shards/" + mel, bytes)
        let verify = try Tool.run("verify", "--cache", scratch.path("cache"))
        #expect(
            verify.status == 65 && (verify.output + verify.errors).contains(mel), "\(verify.output)\(verify.errors)")
        #expect(try Tool.run("verify", "--cache", scratch.path("cache"), "--repair").status != 64)
        #expect(try scratch.status().pending == 1)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try CacheContents(scratch, cache: "cache") == before)
    }
}
