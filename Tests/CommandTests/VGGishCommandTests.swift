import Foundation
import TestSupport
import Testing

/// VGGish on the command line: what is imported, what is refused, and its embeddings beside PyTorch's.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct VGGishCommandTests {
    private func expect(_ status: Int32, _ words: [String], _ arguments: [String]) throws {
        let result = try Tool.run(arguments)
        #expect(result.status == status, "\(arguments): \(result.status) \(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(result.errors), expected \(word)") }
    }

    @Test("A state dictionary that would run a program is refused in one line; it runs nothing and writes nothing")
    func hostile() throws {
        let scratch = try Scratch()
        let marker = scratch.path("ran")
        let command = Array("touch \(marker)".utf8)
        let pickle: [UInt8] =
            [0x80, 2] + Array("cposix\nsystem\n".utf8) + [0x58] + MadeZip.number(command.count, 4) + command
            + [0x85, 0x52, 0x2E]
        try scratch.write("h.pth", MadeZip([.init("h/data.pkl", pickle), .init("h/version", [0x33])]).data)
        try expect(
            65, ["h.pth: byte 2 of data.pkl: names 'posix.system'", "nothing of it was run"],
            ["model", "import", scratch.path("h.pth"), "--out", scratch.path("o.safetensors")])
        for name in ["ran", "o.safetensors", "o.safetensors.partial"] {
            #expect(!FileManager.default.fileExists(atPath: scratch.path(name)), "\(name)")
        }
    }

    @Test("Other files, options of the other network and unknown names are refused with what was expected")
    func refusals() throws {
        let scratch = try Scratch()
        let out = scratch.path("o.safetensors")
        try scratch.write(
            "old.pth", [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E])
        let header = Array(#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.utf8)
        try scratch.write("other.safetensors", MadeZip.number(header.count, 8) + header + [0, 0, 0, 0])
        try scratch.write("y.tflite", [0x1C, 0, 0, 0] + Array("TFL3".utf8) + [UInt8](repeating: 0, count: 64))
        try expect(
            65, ["before version 1.6", "torch.save(torch.load("],
            ["model", "import", scratch.path("old.pth"), "--out", out])
        try expect(
            65, ["tensor x: not a tensor of VGGish", "'features.0.weight'"],
            ["model", "import", scratch.path("other.safetensors"), "--out", out])
        try expect(
            65, ["No such file"], ["model", "import", scratch.path("none.pth"), "--out", out])
        try expect(
            64, ["--classes is for YAMNet"],
            ["model", "import", scratch.path("other.safetensors"), "--classes", "c.csv", "--out", out])
        for option in ["--pca", "--release"] {
            try expect(
                64, ["\(option) is for VGGish"],
                ["model", "import", scratch.path("y.tflite"), option, "google", "--out", out])
        }
        let release = try Tool.run("model", "import", scratch.path("old.pth"), "--release", "mine", "--out", out)
        #expect(
            release.status == 64 && release.errors.contains("--release is 'mine', expected one of google, torchvggish"))
        #expect(!FileManager.default.fileExists(atPath: out))
        let train = try Tool.run(
            "train", "--manifest", "m.csv", "--cache", "c", "--out", scratch.path("t"), "--architecture", "vggish")
        #expect(train.status == 64 && train.errors.contains("yamnet-projection"), "\(train.errors)")
        let bench = try Tool.run("bench", "training", "--architecture", "vggish")
        #expect(bench.status == 64 && bench.errors.contains("yamnet-projection"), "\(bench.errors)")
    }

    @Test(
        "Embeddings of every form are PyTorch's within 1e-4 of the largest, quantised ones within one step",
        .enabled(if: Python.withTorch != nil, "no Python with PyTorch: set TORCH_PYTHON to one to run this"))
    func equalsPyTorch() throws {
        let scratch = try Scratch()
        let result = try Python.run(
            Tool.root + "/Scripts/tests/vggish.py", Tool.path, scratch.path("work"), python: Python.withTorch)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.contains("pth-google: largest difference") && result.output.contains("torchvggish-pca"))
    }
}
