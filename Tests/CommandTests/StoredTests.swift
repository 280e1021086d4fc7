import Foundation
import Testing

/// What `status` says of pipelines and of what each stage takes on disk.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct StoredTests {
    private struct Told: Decodable {
        struct Pipeline: Decodable {
            let name: String
            let clips: Int
            let done: Int
            let failed: Int
            let pending: Int
            let file: String
            let models: [[String: String]]
        }
        struct Stage: Decodable {
            struct Owner: Decodable, Hashable {
                let pipeline: String
                let stage: String?
            }
            let kind: String
            let fingerprint: String
            let of: [Owner]
            let shards: Int
            let rows: Int
            let bytes: Int
        }
        let pipelines: [Pipeline]
        let stages: [Stage]
        let bytes: Int
        let shards: Int
        let ledgerBytes: Int
    }

    private func told(_ scratch: Scratch) throws -> Told {
        let result = try Tool.run("status", "--cache", scratch.path("cache"), "--json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Told.self, from: Data(result.output.utf8))
    }

    @Test(
        "Every pipeline with its clips, models and file; rows and bytes are those of the files; earlier settings are of none"
    )
    func stored() throws {
        let scratch = try Scratch()
        for number in 0..<5 { try scratch.writeTone("\(number).wav", number, seconds: 1 + 0.4 * Double(number)) }
        try scratch.write("bad.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\nbad,bad.wav\n" + (0..<5).map { "\($0),\($0).wav\n" }.joined())
        for (pipeline, sets) in [("label.yaml", ["chunk.overlap=0.75"]), ("features.yaml", []), ("label.yaml", [])] {
            #expect(try Tool.run(scratch.run(pipeline, sets: sets)).status == 3)
        }
        let found = try told(scratch)
        #expect(found.pipelines.map(\.name) == ["label", "features"])
        for pipeline in found.pipelines {
            #expect(pipeline.clips == 6 && pipeline.done == 5 && pipeline.failed == 1 && pipeline.pending == 0)
            #expect(pipeline.file.hasSuffix(pipeline.name + ".yaml"))
        }
        #expect(found.pipelines[0].models.count == 1 && found.pipelines[1].models.isEmpty)
        // A shard is 128 bytes of header and its rows.
        let folder = scratch.path("cache/shards")
        var sizes: [String: (bytes: Int, shards: Int)] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".npy") {
            let kind = String(name[..<(name.lastIndex(of: "-") ?? name.endIndex)])
            let size = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.size] as? Int
            sizes[kind, default: (0, 0)].bytes += size ?? 0
            sizes[kind, default: (0, 0)].shards += 1
        }
        for (kind, size) in sizes {
            let stages = found.stages.filter { $0.kind == kind }
            #expect(
                stages.reduce(0) { $0 + $1.bytes } == size.bytes && stages.reduce(0) { $0 + $1.shards } == size.shards)
        }
        #expect(found.bytes == sizes.values.reduce(0) { $0 + $1.bytes })
        #expect(found.shards == sizes.values.reduce(0) { $0 + $1.shards } && found.ledgerBytes > 0)
        let width = ["raw": 2, "mel": 256, "scores": 68, "clip-scores": 68]
        for stage in found.stages {
            let row = try #require(width[stage.kind])
            #expect(stage.bytes == stage.shards * 128 + stage.rows * row, "\(stage)")
        }
        // Features and labels share samples and frames; those of the earlier overlap are of no pipeline any more.
        let mel = found.stages.filter { $0.kind == "mel" }
        #expect(
            Set(mel.map { Set($0.of) }) == [
                [], [.init(pipeline: "label", stage: "mel-cache"), .init(pipeline: "features", stage: "mel-cache")],
            ])
        let text = try Tool.run("status", "--cache", scratch.path("cache")).output
        #expect(
            text.contains("mel-cache of features, label") && text.contains("of no pipeline as it ran last"), "\(text)")
        #expect(text.contains("features: 6 clips: 5 done, 1 failed, 0 pending"), "\(text)")
        for line in text.split(separator: "\n") where !line.contains("/") { #expect(line.count <= 80, "\(line)") }
    }

    @Test("Out of space is told as such, and a prune that has the cache as its process")
    func states() throws {
        let scratch = try Scratch()
        for number in 0..<4 { try scratch.writeTone("t\(number).wav", number, seconds: 60) }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<4).map { "t\($0),t\($0).wav\n" }.joined())
        let words = scratch.run("features.yaml", workers: 1).map { "'\($0)'" }.joined(separator: " ")
        let run = try Tool.start(
            ["-c", "trap '' XFSZ; ulimit -f 1000; '\(Tool.path)' \(words)"], executable: "/bin/bash"
        ).wait()
        #expect(run.status == 75, "\(run.status) \(run.errors)")
        let text = try Tool.run("status", "--cache", scratch.path("cache")).output
        #expect(text.contains("last run: out of space"), "\(text)")
    }

    @Test("Only what a setting can rescue is done again, and what it cannot stays failed, on the command line too")
    func rescued() throws {
        let scratch = try Scratch()
        try scratch.writeTone("sound.wav", 1)
        try scratch.writeTone("cut.wav", 2)
        let whole = try scratch.bytes("cut.wav")
        try scratch.write("cut.wav", Array(whole.dropLast(whole.count / 2)))
        try scratch.write("text.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\n" + ["sound", "cut", "text"].map { "\($0),\($0).wav\n" }.joined())
        #expect(try Tool.run(scratch.run("label.yaml")).status == 3)
        func plan(_ set: String) throws -> String {
            try Tool.run(
                "plan", Tool.pipeline("label.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
                scratch.path("cache"), "--set", set, "--no-probe", "--json"
            ).output
        }
        for set in ["clip-scores.method=max", "raw-cache.dtype=float32", "chunk.overlap=0.75"] {
            let told = try plan(set)
            #expect(told.contains(#""to_do":1"#) && told.contains(#""failed":2"#), "\(set): \(told)")
        }
        let told = try plan("decode.truncated=accept")
        #expect(told.contains(#""to_do":1"#) && told.contains(#""failed":1"#), "\(told)")
        let run = try Tool.run(scratch.run("label.yaml", sets: ["decode.truncated=accept"]))
        #expect(run.status == 3 && run.errors.contains("text"), "\(run.errors)")
        #expect(try scratch.status().done == 2)
    }

    @Test("Another model on a cache that has scores of the first: said by plan and before a run starts")
    func otherModel() throws {
        let scratch = try Scratch()
        try scratch.synth(3)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        // Another weight; a file without a digest of its own is read as well.
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Tool.lean)))
        let key = Array("\"digest\":\"sha256:".utf8)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) })
        let end = try #require(bytes[place...].firstIndex(of: UInt8(ascii: ",")))
        for index in place...end { bytes[index] = UInt8(ascii: " ") }
        bytes[bytes.count - 1] ^= 1
        try scratch.write("other.safetensors", bytes)
        let other = scratch.path("other.safetensors")
        let plan = try Tool.run(
            "plan", Tool.pipeline("label.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"), "--set", "infer.model=" + other, "--no-probe")
        let words = "infer.model was "
        #expect(plan.output.contains(words) && plan.output.contains("3 clips"), "\(plan.output)\(plan.errors)")
        let run = try Tool.run(scratch.run("label.yaml", sets: ["infer.model=" + other]))
        #expect(run.status == 0 && run.errors.contains(words) && run.errors.contains("3 clips"), "\(run.errors)")
        let said = try #require(run.errors.range(of: words)?.lowerBound)
        #expect(try said < #require(run.errors.range(of: "done in")).lowerBound, "\(run.errors)")
    }
}
