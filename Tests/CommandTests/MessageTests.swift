import Foundation
import Testing

/// What is said when something is wrong: what, where, and what to do.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct MessageTests {
    private func expect(
        _ status: Int32, _ words: [String], _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Tool.run(arguments)
        #expect(result.status == status, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        for word in words {
            #expect(result.errors.contains(word), "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        }
        let lines = result.errors.split(separator: "\n")
        #expect((1...2).contains(lines.count), "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        for name in ["NSCocoa", "NSURL", "NSPOSIX", "Domain", "Error("] {
            #expect(!result.errors.contains(name), "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    @Test("Unknown commands and options name what was meant, though another option is missing too")
    func suggestions() throws {
        try expect(64, ["unknown option '--manifset'", "'--manifest'"], ["run", "p.yaml", "--manifset", "x"])
        try expect(
            64, ["unknown option '--manifset'", "'--manifest'"], ["run", "p.yaml", "--manifset=x", "--cache", "c"])
        try expect(64, ["unknown option '--cahce'", "'--cache'"], ["status", "--cahce", "c"])
        try expect(64, ["unknown option '--qqqqqqqq'"], ["status", "--cache", "c", "--qqqqqqqq"])
        try expect(64, ["unknown command 'exprot'", "'export'"], ["exprot", "scores"])
        try expect(64, ["unknown command 'model improt'", "'model import'"], ["model", "improt", "x"])
        try expect(64, ["unknown command 'fly'", "status"], ["fly"])
        try expect(64, ["--manifest", "earmark run --help"], ["run", "p.yaml", "--cache", "c"])
        try expect(64, ["--workers is 0"], ["run", "p.yaml", "--manifest", "m", "--cache", "c", "--workers", "0"])
        // Everything behind -- is no option, whatever it looks like.
        try expect(65, ["--x.yaml"], ["run", "--manifest", "y", "--cache", "c", "--", "--x.yaml"])
    }

    @Test("The lists in the help fit 80 columns, so that no line of theirs is broken and goes on in the first column")
    func helpFits() throws {
        let help = try Tool.run("--help", environment: ["COLUMNS": "80"])
        let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "EXIT STATUS"))
        let end = try #require(lines.firstIndex { $0.hasPrefix("USAGE:") })
        let lists = lines[start..<end].filter { !$0.isEmpty && $0 != "EXIT STATUS" && $0 != "ENVIRONMENT" }
        #expect(lists.count >= 11, "\(help.output)")
        for line in lists { #expect(line.hasPrefix(" ") && line.count <= 80, "\(line)") }
    }

    @Test("An empty path is refused for every option and argument that takes one, and makes nothing")
    func emptyPaths() throws {
        let scratch = try Scratch()
        let before = try FileManager.default.contentsOfDirectory(atPath: scratch.folder)
        for arguments in [
            ["run", "p.yaml", "--manifest", "m.csv", "--cache", ""],
            ["run", "p.yaml", "--manifest", "m.csv", "--cache="],
            ["run", "", "--manifest", "m.csv", "--cache", "c"], ["run", "p.yaml", "--manifest", "", "--cache", "c"],
            ["status", "--cache", ""], ["verify", "--cache", ""], ["retry", "--cache", ""],
            ["export", "scores", "--cache", "c", "--out", ""], ["stats", "--cache", "c", "--out", ""],
            ["stats", "--cache", "c", "--out", "o", "--truth", ""],
            ["stats", "--cache", "c", "--out", "o", "--figures", ""], ["manifest", "folder", "", "--out", "o.csv"],
            ["manifest", "folder", "d", "--out", ""], ["train", "--manifest", "m.csv", "--out", ""],
            ["train", "--manifest", "m.csv", "--out", "o", "--init", ""], ["synth", ""], ["demo", "--dir", ""],
            ["evaluate", "", "--manifest", "m.csv"], ["model", "info", ""], ["model", "quantize", "a", ""],
            ["model", "import", "a", "--out", ""], ["model", "fetch", "yamnet", "--out", ""],
            ["model", "export", "a", "--out", ""],
            ["bench", "network", "--model", ""],
        ] {
            let result = try Tool.start(arguments, executable: Tool.path, folder: scratch.folder).wait()
            #expect(result.status == 64 && result.errors.contains("is empty"), "\(arguments): \(result.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder) == before)
    }

    @Test("Folders that cannot be made or written are told in the system's words")
    func folders() throws {
        let scratch = try Scratch()
        try scratch.synth(1)
        try scratch.write("file", "x")
        let long = String(repeating: "x", count: 300)
        for (cache, words) in [
            ("file/cache", ["file: ", "a file of this name exists"]),
            ("file", ["file: ", "a file of this name exists"]), (long, [long, "File name too long"]),
        ] { try expect(74, words, scratch.run("features.yaml", cache: cache)) }
        try expect(74, ["proc"], ["synth", "/proc/earmark"])
        try expect(74, ["proc"], ["manifest", "fsd50k", scratch.path("corpus"), "--out", "/proc/earmark/m.csv"])
        try expect(
            74, ["File name too long"],
            ["manifest", "fsd50k", scratch.path("corpus"), "--out", scratch.path(long)])
        if getuid() != 0 {
            try FileManager.default.createDirectory(atPath: scratch.path("locked"), withIntermediateDirectories: true)
            chmod(scratch.path("locked"), 0o500)
            try expect(74, ["Permission denied"], scratch.run("features.yaml", cache: "locked/cache"))
        }
    }

    @Test("Models of other programs are told by name, TensorFlow Lite's with the command that reads it")
    func foreignModels() throws {
        let scratch = try Scratch()
        let zip: ([UInt8], String) -> [UInt8] = { start, name in
            start + [UInt8](repeating: 0, count: 26) + Array(name.utf8) + [UInt8](repeating: 1, count: 64)
        }
        for (bytes, words) in [
            (
                [0x1C, 0, 0, 0] + Array("TFL3".utf8) + [UInt8](repeating: 0, count: 64),
                ["TensorFlow Lite", "model import"]
            ),
            (Array("\u{8}\u{8}\u{12}\u{7}pytorch".utf8) + [0x1A, 5], ["ONNX"]),
            (zip([0x50, 0x4B, 3, 4], "archive/data.pkl"), ["PyTorch"]),
            (zip([0x50, 0x4B, 3, 4], "arr_0.npy"), ["npz"]), (zip([0x50, 0x4B, 3, 4], "x.txt"), ["ZIP"]),
            ([0x80, 2] + Array("ccollections".utf8), ["PyTorch"]), ([0x93] + Array("NUMPY\u{1}\0".utf8), ["npy"]),
            ([0x89] + Array("HDF\r\n\u{1a}\n".utf8), ["HDF5"]),
        ] as [([UInt8], [String])] {
            try scratch.write("m.bin", bytes)
            try expect(65, ["m.bin"] + words, ["model", "info", scratch.path("m.bin")])
        }
        // A sound header is none of these, however its length begins.
        for length in [0x280, 0x380, 0x120308] {
            try scratch.write(
                "m.bin", (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array("{}".utf8))
            try expect(65, ["header of \(length) bytes"], ["model", "info", scratch.path("m.bin")])
        }
    }

    @Test("A fetch without a network says so in one line, with the address and what to do by hand")
    func offline() throws {
        let scratch = try Scratch()
        for url in ["http://127.0.0.1:9/y.tflite", "http://no-such-host.invalid/y.tflite", "nothing://x/y"] {
            try expect(
                75, [url, "earmark model import", "by hand"],
                ["model", "fetch", "yamnet", "--url", url, "--out", scratch.path("y.safetensors")])
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path("y.safetensors")))
    }

    @Test("One is one: no plural of a single clip, row or class")
    func plurals() throws {
        let scratch = try Scratch()
        let synth = try Tool.run("synth", scratch.path("corpus"), "--clips", "1")
        let manifest = try Tool.run("manifest", "fsd50k", scratch.path("corpus"), "--out", scratch.path("corpus.csv"))
        var texts = [synth, manifest].map { $0.output + $0.errors }
        for arguments in [
            ["plan"] + scratch.run("label.yaml").dropFirst().prefix(5),
            scratch.run("label.yaml").filter { $0 != "--quiet" },
            scratch.run("label.yaml"), ["status", "--cache", scratch.path("cache")],
            ["verify", "--cache", scratch.path("cache")], ["retry", "--cache", scratch.path("cache")],
            ["export", "scores", "--cache", scratch.path("cache"), "--out", scratch.path("s.csv")],
            ["stats", "--cache", scratch.path("cache"), "--out", scratch.path("stats")],
        ] {
            let result = try Tool.run(arguments)
            #expect(result.status == 0, "\(arguments): \(result.errors)")
            texts.append(result.output + result.errors)
        }
        for text in texts {
            #expect(
                text.range(
                    of: #"(?<![0-9.,/])1 (clips|rows|classes|shards|results|faults|workers)\b"#,
                    options: .regularExpression)
                    == nil, "\(text)")
        }
    }

    @Test("A training with other settings names each, with what was and what is asked")
    func otherSettings() throws {
        let scratch = try Scratch()
        try scratch.synth(8)
        func train(_ more: String...) throws -> Tool.Result {
            try Tool.run(
                [
                    "train", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
                    scratch.path("cache"), "--out", scratch.path("out"), "--architecture", "wave-encoder", "--epochs",
                    "1", "--train-split", "train", "--validation-split", "",
                ] + more)
        }
        #expect(try train("--batch", "16").status == 0)
        let model = scratch.path("out/model.safetensors")
        try expect(74, ["/proc/m.safetensors: cannot write"], ["model", "quantize", model, "/proc/m.safetensors"])
        let other = try train("--batch", "32", "--gain", "3")
        #expect(other.status == 64, "\(other.errors)")
        for words in ["--batch 16, now 32", "--gain 0.0, now 3.0", "--restart"] {
            #expect(other.errors.contains(words), "\(other.errors)")
        }
        #expect(!other.errors.contains("--seed"), "\(other.errors)")
    }
}
