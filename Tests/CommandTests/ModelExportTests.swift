import Foundation
import TestSupport
import Testing

/// `model export`: what it writes and says, what it refuses.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ModelExportTests {
    @Test("The shipped model is exported as it is stored, in floats, and with its front-end")
    func exports() throws {
        let scratch = try Scratch()
        let own = scratch.path("own.onnx")
        let stored = try Tool.run("model", "export", Tool.lean, "--format", "onnx", "--out", own)
        #expect(stored.status == 0, "\(stored.errors)")
        let expected =
            "own.onnx: lean in int8, ONNX operators of version 15, inputs mel (batch, 96, 64) and wave (batch, 16000), "
            + "outputs scores (batch, 17) and embeddings (batch, 512), "
        #expect(stored.output.contains(expected) && stored.output.contains("licence Apache-2.0"), "\(stored.output)")
        #expect(stored.output.contains("ranges: none of 25 layers"), "\(stored.output)")
        #expect(try scratch.bytes("own.onnx").count <= 4_600_000)
        let int8 = try Tool.run(
            "model", "export", "lean-esc10", "--precision", "int8", "--out", scratch.path("int8.onnx"))
        #expect(int8.status == 0, "\(int8.errors)")
        #expect(try scratch.bytes("int8.onnx") == scratch.bytes("own.onnx"))

        let floats = try Tool.run(
            "model", "export", Tool.lean, "--precision", "float32", "--with-frontend", "--out", scratch.path("f.onnx"))
        #expect(floats.output.contains("lean in float32") && !floats.output.contains("mel"), "\(floats.output)")
        #expect(floats.output.split(separator: "\n").count == 1)
        #expect(try scratch.bytes("f.onnx").count > 17_000_000)

        // Standard output holds nothing but the file.
        let piped = try Tool.start(
            ["-c", "\"$0\" model export \"$1\" --out - | cmp - \"$2\"", Tool.path, Tool.lean, own],
            executable: "/bin/bash"
        ).wait()
        #expect(piped.status == 0 && piped.errors.contains("lean in int8"), "\(piped.output) \(piped.errors)")
    }

    @Test("A file that is there is replaced only with --force, and the model itself never")
    func existing() throws {
        let scratch = try Scratch()
        try scratch.write("m.onnx", "mine")
        let out = scratch.path("m.onnx")
        let refused = try Tool.run("model", "export", Tool.lean, "--out", out)
        #expect(refused.status == 64 && refused.errors.contains("--force replaces it"), "\(refused.errors)")
        #expect(try scratch.text("m.onnx") == "mine")
        #expect(try Tool.run("model", "export", Tool.lean, "--out", out, "--force").status == 0)
        #expect(try scratch.bytes("m.onnx").count > 4_000_000)
        let copy = scratch.path("copy.safetensors")
        try FileManager.default.copyItem(atPath: Tool.lean, toPath: copy)
        let itself = try Tool.run("model", "export", copy, "--out", copy, "--force")
        #expect(itself.status == 64 && itself.errors.contains("it is the model itself"), "\(itself.errors)")
        #expect(FileManager.default.contentsEqual(atPath: copy, andPath: Tool.lean))
    }

    @Test("What cannot be exported is refused in one line, and leaves no file")
    func refusals() throws {
        let scratch = try Scratch()
        try scratch.write("other.onnx", [8, 8, 0x12, 7] + Array("pytorch and more".utf8))
        try scratch.write("text.safetensors", "This is not a model at all.")
        for (arguments, status, words) in [
            ([Tool.lean, "--format", "tflite"], 64, "--format is 'tflite', expected onnx"),
            ([Tool.lean, "--precision", "int4"], 64, "--precision is 'int4', expected auto or float32 or int8"),
            ([scratch.path("other.onnx")], 65, "an ONNX file, expected an Earmark model file"),
            ([scratch.path("text.safetensors")], 65, "text.safetensors: "),
            (["nonesuch"], 65, "no model of this name"),
        ] as [([String], Int32, String)] {
            let out = scratch.path("out.onnx")
            let result = try Tool.run(["model", "export"] + arguments + ["--out", out])
            #expect(result.status == status && result.errors.contains(words), "\(result.status) \(result.errors)")
            #expect(result.errors.split(separator: "\n").count <= (status == 64 ? 2 : 1), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        let full = try Tool.run("model", "export", Tool.lean, "--out", "/dev/full")
        #expect(full.status == 74 && full.errors.contains("/dev/full: cannot write"), "\(full.errors)")
        // A limit on the size of files stands for a disk that fills up halfway.
        let before = try FileManager.default.contentsOfDirectory(atPath: scratch.folder).sorted()
        let halfway = try Tool.start(
            [
                "-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" model export \"$1\" --out \"$2\"", Tool.path,
                Tool.lean,
                scratch.path("out.onnx"),
            ], executable: "/bin/bash"
        ).wait()
        #expect(halfway.status == 75 && halfway.errors.split(separator: "\n").count == 1, "\(halfway.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder).sorted() == before)
    }

    @Test(
        "ONNX Runtime, given only the samples, makes the scores of a whole run within 1e-4",
        .enabled(if: ONNXPython.python != nil, ONNXPython.notice))
    func wholeRun() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("clips"), withIntermediateDirectories: true)
        var names: [String] = []
        for (index, length) in [900, 16_000, 16_001, 41_000].enumerated() {
            let noise = Seeded.uniform(stream: 930 + index, count: length)
            names.append("clips/clip\(index).wav")
            try scratch.writeWAV(
                names[index],
                samples: (0..<length).map { place in
                    let tone = sin(2 * Double.pi * Double(300 << index) * Double(place) / 16_000)
                    return Int16(9_000 * tone + 3_000 * Double(noise[place]))
                })
        }
        #expect(
            try Tool.run("manifest", "folder", scratch.path("clips"), "--out", scratch.path("corpus.csv")).status == 0)
        let run = try Tool.run(scratch.run("label.yaml", sets: ["infer.precision=float32"]))
        #expect(run.status == 0, "\(run.errors)")
        let table = scratch.path("scores.csv")
        #expect(try Tool.run("export", "scores", "--cache", scratch.path("cache"), "--out", table).status == 0)
        let model = scratch.path("lean.onnx")
        #expect(
            try Tool.run(
                "model", "export", Tool.lean, "--precision", "float32", "--with-frontend", "--out", model
            ).status == 0)
        let result = try ONNXPython.check(["clips", model, table] + names.map { scratch.path($0) })
        #expect(result.status == 0 && result.text.contains("4 clips"), "\(result.text)")
    }
}
