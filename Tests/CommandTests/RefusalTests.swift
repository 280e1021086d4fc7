import Foundation
import Testing

/// Wrong usage and bad input: one line, the right status, nothing half-written.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct RefusalTests {
    private let head = "name: p\nstages:\n  decode:\n    uses: decode\n"

    private func expect(
        _ status: Int32, _ words: [String], _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Tool.run(arguments)
        #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
        for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation) }
        if status != 64 || words.contains("earmark: ") {
            #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    @Test("Usage: unknown words, missing options, numbers out of range")
    func usage() throws {
        try expect(64, [], ["fly"])
        try expect(64, [], ["run", "x.yaml"])
        try expect(64, [], ["synth", "/tmp/x", "--clips", "many"])
        let scratch = try Scratch()
        try scratch.synth(2)
        try expect(64, ["no stage 'nobody'"], scratch.run("features.yaml", sets: ["nobody.x=1"]))
        try expect(64, ["stage.key=value"], scratch.run("features.yaml", sets: ["nothing"]))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("cache/ledger.sqlite")))
    }

    @Test("Pipelines: broken YAML, unknown keys, wrong edges, cycles, each with its line")
    func pipelines() throws {
        let scratch = try Scratch()
        try scratch.writeTone("a.wav", 1)
        try scratch.write("corpus.csv", "clip,path\na,a.wav\n")
        for (text, words) in [
            ("name: [", ["p.yaml:2:", "not YAML"]), ("", ["p.yaml"]), ("name: p\n", ["stages"]),
            (head + "colour: red\n", ["p.yaml:5:", "colour"]), (head + "    speed: 3\n", ["p.yaml:5:", "speed"]),
            (head + "  r:\n    uses: resampel\n    from: decode\n", ["p.yaml:6:", "resampel"]),
            (head + "  m:\n    uses: log-mel\n    from: decode\n", ["p.yaml:7:", "audio"]),
            (
                "name: p\nstages:\n  a:\n    uses: resample\n    from: b\n  b:\n    uses: resample\n    from: a\n",
                ["cycle"]
            ),
            (head + "  r:\n    uses: resample\n    from: nowhere\n", ["p.yaml:7:", "nowhere"]),
        ] as [(String, [String])] {
            try scratch.write("p.yaml", text)
            try expect(65, words, scratch.run(scratch.path("p.yaml")))
        }
        try expect(65, ["no such pipeline"], scratch.run(scratch.path("none.yaml")))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("cache/ledger.sqlite")))
    }

    @Test("Manifests: missing, empty, unknown columns, clips twice, broken quotes, each with its line")
    func manifests() throws {
        let scratch = try Scratch()
        for (text, words) in [
            ("", ["m.csv:1:"]), ("clip,file\n", ["'file'"]), ("clip\na\n", ["'path'"]),
            ("clip,path\na,x.wav\nb,y.wav\na,z.wav\n", ["m.csv:4:", "line 2"]),
            ("clip,path\na\n", ["m.csv:2:", "1 field"]),
            ("clip,path\n\"a,x.wav\n", ["m.csv:2:"]), ("clip,path\n,x.wav\n", ["m.csv:2:"]),
        ] as [(String, [String])] {
            try scratch.write("m.csv", text)
            try expect(65, ["m.csv"] + words, scratch.run("features.yaml", manifest: "m.csv"))
        }
        try expect(65, ["none.csv"], scratch.run("features.yaml", manifest: "none.csv"))
        try expect(65, ["nowhere"], ["manifest", "folder", scratch.path("nowhere"), "--out", scratch.path("o.csv")])
        try expect(65, ["ground_truth"], ["manifest", "fsd50k", scratch.folder, "--out", scratch.path("o.csv")])
        #expect(!FileManager.default.fileExists(atPath: scratch.path("o.csv")))
    }

    @Test("Models: cut short, no model, other words in the header, weights that are no numbers")
    func models() throws {
        let scratch = try Scratch()
        try scratch.writeTone("a.wav", 1)
        try scratch.write("corpus.csv", "clip,path\na,a.wav\n")
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Tool.lean)))
        func refused(_ bytes: [UInt8], _ words: [String], _ location: SourceLocation = #_sourceLocation) throws {
            try scratch.write("m.safetensors", bytes)
            try expect(
                65, ["m.safetensors"] + words,
                scratch.run("label.yaml", sets: ["infer.model=" + scratch.path("m.safetensors")]),
                sourceLocation: location)
            try expect(
                65, ["m.safetensors"] + words, ["model", "info", scratch.path("m.safetensors")],
                sourceLocation: location)
        }
        try refused([], ["empty"])
        try refused(Array("not a model, but long enough to be one".utf8), ["header"])
        try refused(Array(good.prefix(good.count - 1)), ["cut short"])
        try refused(Array(good.prefix(100)), ["cut short"])
        try refused([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f] + good.dropFirst(8), ["header of"])
        var other = good
        let rate = try #require(
            other.prefix(65_536).firstRange(of: Array("\"rate\\\":16000".utf8))
                ?? other.prefix(65_536).firstRange(of: Array("rate\\\":16000".utf8)))
        other.replaceSubrange(rate.upperBound - 5..<rate.upperBound, with: Array("22050".utf8))
        try scratch.write("m.safetensors", other)
        let sets = ["infer.model=" + scratch.path("m.safetensors")]
        let front = try Tool.run(scratch.run("label.yaml", sets: sets))
        #expect(
            front.status == 65 && front.errors.contains("22050") && front.errors.contains("16000"), "\(front.errors)")
        var nan = good
        for place in nan.count - 4..<nan.count { nan[place] = 0xff }
        try refused(nan, ["nan"])
        try expect(
            65, ["none.safetensors"],
            scratch.run("label.yaml", sets: ["infer.model=" + scratch.path("none.safetensors")]))
    }

    @Test("A cache that is none, and one whose ledger is no database")
    func caches() throws {
        let scratch = try Scratch()
        for command in [["status"], ["verify"], ["retry"], ["export", "scores", "--out", scratch.path("o")]] {
            try expect(65, [scratch.path("nothing")], command + ["--cache", scratch.path("nothing")])
        }
        try FileManager.default.createDirectory(atPath: scratch.path("c/shards"), withIntermediateDirectories: true)
        try scratch.write("c/ledger.sqlite", [UInt8](repeating: 7, count: 4096))
        try scratch.synth(2)
        try expect(65, ["ledger.sqlite"], ["status", "--cache", scratch.path("c")])
        try expect(65, ["ledger.sqlite"], scratch.run("features.yaml", cache: "c"))
    }

    @Test("Trainings: a clip without a label, one class, a wrong setting, an unknown split")
    func trainings() throws {
        let scratch = try Scratch()
        for name in ["a", "b"] { try scratch.writeTone(name + ".wav", 1, seconds: 0.5) }
        func train(_ rows: String, _ more: [String] = []) throws -> [String] {
            try scratch.write("m.csv", "clip,path,labels,split\n" + rows)
            return [
                "train", Tool.pipeline("features.yaml"), "--manifest", scratch.path("m.csv"), "--cache",
                scratch.path("cache"), "--out", scratch.path("out"),
            ] + more
        }
        let good = "a,a.wav,X,train\nb,b.wav,Y,train\n"
        try expect(65, ["m.csv:3: ", "no label"], try train("a,a.wav,X,train\nb,b.wav,,train\n"))
        try expect(65, ["one class"], try train("a,a.wav,X,train\nb,b.wav,X,train\n"))
        try expect(65, ["split 'val'"], try train(good))
        try expect(64, ["epochs", "earmark: "], try train(good, ["--epochs", "none"]))
        try expect(
            65, ["none.safetensors"],
            try train(good, ["--validation-split", "", "--init", scratch.path("none.safetensors")]))
    }
}
