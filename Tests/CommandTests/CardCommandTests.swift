import Foundation
import TestSupport
import Testing

/// Model cards on the command line: listed, described, completed, fetched, and made into pipelines.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct CardCommandTests {
    private struct Machine {
        let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            for folder in ["data/Models", "Models"] {
                try FileManager.default.createDirectory(
                    atPath: scratch.path(folder), withIntermediateDirectories: true)
            }
            for (folder, target) in [("data/Pipelines", "/Pipelines"), ("data/Models/cards", "/Models/cards")] {
                try FileManager.default.createSymbolicLink(
                    atPath: scratch.path(folder), withDestinationPath: Tool.root + target)
            }
        }

        func run(_ arguments: String...) throws -> Tool.Result {
            try Tool.start(
                arguments,
                environment: [
                    "XDG_CACHE_HOME": scratch.path("user"), "EARMARK_DATA": scratch.path("data"),
                    "EARMARK_MIRROR": "file://" + scratch.path("mirror"),
                ], folder: scratch.folder
            ).wait()
        }
    }

    private static let card = """
        card: 1
        name: A net
        file: net.onnx
        licence: CC0-1.0
        obtain: ask its authors
        input: {reads: wave, rate: 48000, chunk: 144000}
        outputs: {scores: {activation: sigmoid}}
        classes: [{name: Dog, id: /m/0bt9lr}, "Cat, small"]
        """

    @Test("What a card says and what is missing: info, list, classes, by path and by name")
    func described() throws {
        let machine = try Machine()
        try machine.scratch.write("Models/net.yaml", Self.card)
        for name in ["net", "Models/net.yaml"] {
            let info = try machine.run("model", "info", name)
            #expect(info.status == 0, "\(info.errors)")
            for words in ["A net, 2 classes, licence CC0-1.0", "48000 Hz (3", "missing: 'net.onnx'", "ask its authors"]
            {
                #expect(info.output.contains(words), "\(info.output)")
            }
            let classes = try machine.run("model", "classes", name)
            #expect(classes.output == "index,mid,display_name\n0,/m/0bt9lr,Dog\n1,,\"Cat, small\"\n")
        }
        let list = try machine.run("model", "list")
        #expect(list.status == 0 && list.output.contains("net: A net; 2 classes"), "\(list.output)\(list.errors)")
        #expect(
            list.output.contains("birdnet-2.4: BirdNET 2.4")
                && list.output.contains("6522 classes, 51.7 MB, licence CC-BY-NC"))
        #expect(list.output.contains("cannot be used yet: 'net.onnx' not beside the card"))
        let rows = try JSONSerialization.jsonObject(
            with: Data(try machine.run("model", "list", "--json").output.utf8))
        #expect(
            (rows as? [[String: Any]])?.contains { $0["name"] as? String == "net" && $0["error"] is String } == true)
        try machine.scratch.writeTone("a.wav", 1)
        try machine.scratch.write("m.csv", "clip,path\na,a.wav\n")
        let run = try machine.run(
            "run", "label", "--manifest", "m.csv", "--cache", "c", "--set", "infer.model=net")
        #expect(
            run.status == 65
                && run.errors.contains("net.yaml:3: the file 'net.onnx' is not beside the card; ask its authors"),
            "\(run.errors)")
        #expect(
            run.errors.split(separator: "\n").count <= 2
                && !FileManager.default.fileExists(atPath: machine.scratch.path("c")))
        let refused = try machine.run("model", "quantize", "net", "x.safetensors")
        #expect(refused.status == 65 && refused.errors.contains("a model card"), "\(refused.errors)")
    }

    @Test("A pipeline for a card, to standard output and to a file, which is not replaced without --force")
    func pipeline() throws {
        let machine = try Machine()
        try machine.scratch.write("Models/net.yaml", Self.card)
        let shown = try machine.run("model", "pipeline", "net")
        #expect(shown.status == 0 && shown.output.contains("    model: net\n"), "\(shown.errors)")
        for line in ["name: net", "    rate: 48000", "    seconds: 3.0", "    overlap: 0.0"] {
            #expect(shown.output.split(separator: "\n").contains(Substring(line)), "\(shown.output)")
        }
        let written = try machine.run("model", "pipeline", "Models/net.yaml", "--out", "p.yaml")
        #expect(written.status == 0, "\(written.errors)")
        #expect(try machine.scratch.text("p.yaml").contains("    model: Models/net.yaml\n"))
        #expect(try machine.run("model", "pipeline", "net", "--out", "p.yaml").status == 64)
        #expect(try machine.run("model", "pipeline", "net", "--out", "p.yaml", "--force").status == 0)
        let native = try machine.run("model", "pipeline", Tool.lean)
        #expect(native.status == 0 && native.output.contains("from: [mel-cache, chunk]"), "\(native.errors)")
    }

    @Test("A card is completed with its file; a wrong file, a wrong name and an unknown card are refused")
    func imported() throws {
        let machine = try Machine()
        try machine.scratch.write("other.onnx", [0x12, 5] + Array("other".utf8))
        let card = Self.card.replacingOccurrences(
            of: "name: A net", with: "name: A net\nsha256: \(String(repeating: "0", count: 64))")
        try machine.scratch.write("net.yaml", card)
        let wrong = try machine.run("model", "import", "other.onnx", "--card", "net.yaml", "--out", "Models/net.yaml")
        #expect(wrong.status == 65 && wrong.errors.contains("expected 0000"), "\(wrong.errors)")
        let named = try machine.run(
            "model", "import", "other.onnx", "--card", "net.yaml", "--out", "Models/net.safetensors")
        #expect(named.status == 64 && named.errors.contains("ends in .yaml"), "\(named.errors)")
        let unknown = try machine.run("model", "import", "other.onnx", "--card", "birdnet-2", "--out", "Models/b.yaml")
        #expect(unknown.status == 65 && unknown.errors.contains("'birdnet-2.4' meant"), "\(unknown.errors)")
        let list = try machine.run("model", "import", "other.onnx", "--card", "birdnet-2.4", "--out", "Models/b.yaml")
        #expect(list.status == 65 && list.errors.contains("SHA-256"), "\(list.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: machine.scratch.path("Models")).isEmpty)
    }

    @Test("An existing file is replaced by a completed card only with --force")
    func importedOver() throws {
        let machine = try Machine()
        try machine.scratch.write("other.onnx", [0x12, 5] + Array("other".utf8))
        // No engine reads this file for LiteRT, so none compares it.
        try machine.scratch.write("net.yaml", Self.card + "\nengine: litert\n")
        try machine.scratch.write("Models/net.yaml", "notes: mine\n")
        let refused = try machine.run("model", "import", "other.onnx", "--card", "net.yaml", "--out", "Models/net.yaml")
        #expect(refused.status == 64 && refused.errors.contains("--force replaces it"), "\(refused.errors)")
        #expect(try machine.scratch.text("Models/net.yaml") == "notes: mine\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: machine.scratch.path("Models")) == ["net.yaml"])
        let done = try machine.run(
            "model", "import", "other.onnx", "--card", "net.yaml", "--out", "Models/net.yaml", "--force")
        #expect(done.status == 0, "\(done.errors)")
        let card = try machine.scratch.text("Models/net.yaml")
        #expect(card.contains("name: A net") && card.contains("sha256: "), "\(card)")
    }

    @Test(
        "A card that is another than its file is refused by an import, which leaves nothing behind",
        .enabled(if: StubEngine.compiler != nil, StubEngine.noCompiler))
    func importedOther() throws {
        let machine = try Machine()
        let engine = machine.scratch.path("libonnxruntime.so")
        try StubEngine.make(engine, width: 3200, outputs: 2)
        try machine.scratch.write("other.onnx", [0x12, 5] + Array("other".utf8))
        try machine.scratch.write("net.yaml", Self.card)
        func run(_ out: String, _ more: [String] = []) throws -> Tool.Result {
            try Tool.start(
                ["model", "import", "other.onnx", "--card", "net.yaml", "--out", out] + more,
                environment: ["EARMARK_DATA": machine.scratch.path("data"), "EARMARK_ENGINES": engine],
                folder: machine.scratch.folder
            ).wait()
        }
        let refused = try run("Models/mine.yaml")
        #expect(refused.status == 65 && refused.errors.contains("net.yaml:6: "), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: machine.scratch.path("Models")).isEmpty)
        try machine.scratch.write("Models/mine.yaml", "notes: mine\n")
        #expect(try run("Models/mine.yaml", ["--force"]).status == 65)
        #expect(try machine.scratch.text("Models/mine.yaml") == "notes: mine\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: machine.scratch.path("Models")) == ["mine.yaml"])
        let fitting = Self.card.replacingOccurrences(of: "rate: 48000, chunk: 144000", with: "rate: 8000, chunk: 3200")
        try machine.scratch.write("net.yaml", fitting)
        let taken = try run("Models/mine.yaml", ["--force"])
        #expect(taken.status == 0 && taken.output.contains("the file has what the card says"), "\(taken)")
    }

    @Test("An existing file is replaced by a fetched one only with --force, and is told before anything is fetched")
    func fetchedOver() throws {
        let machine = try Machine()
        for (name, out) in [("yamnet", "mine.safetensors"), ("yamnet-tflite", "Models/mine.yaml")] {
            try machine.scratch.write(out, "mine")
            let refused = try machine.run("model", "fetch", name, "--out", out)
            #expect(refused.status == 64 && refused.errors.contains("--force replaces it"), "\(refused.errors)")
            #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
            // The mirror has no file.
            let forced = try machine.run("model", "fetch", name, "--out", out, "--force")
            #expect(![0, 64].contains(forced.status) && forced.errors.contains("mirror/"), "\(forced.errors)")
            #expect(try machine.scratch.text(out) == "mine")
        }
    }

    @Test(
        "A card with an address: its licence is named, its file fetched and checked, its classes beside it",
        .enabled(if: Tool.hasYAMNet, Tool.noYAMNet))
    func fetched() throws {
        let machine = try Machine()
        let file = "lite-model_yamnet_classification_tflite_1.tflite"
        try FileManager.default.createDirectory(
            atPath: machine.scratch.path("mirror"), withIntermediateDirectories: true)
        try machine.scratch.write("mirror/" + file, "another file")
        let wrong = try machine.run("model", "fetch", "yamnet-tflite")
        #expect(wrong.status == 65 && wrong.errors.contains("found SHA-256"), "\(wrong.errors)")
        try FileManager.default.removeItem(atPath: machine.scratch.path("mirror/" + file))
        try FileManager.default.copyItem(atPath: Tool.tflite, toPath: machine.scratch.path("mirror/" + file))
        let fetched = try machine.run("model", "fetch", "yamnet-tflite")
        #expect(fetched.status == 0, "\(fetched.errors)")
        #expect(fetched.errors.contains("4.1 MB, licence Apache-2.0, from file://"), "\(fetched.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: machine.scratch.path("Models")).sorted()
        #expect(names == ["audioset-521.csv", file, "yamnet-tflite.yaml"])
        let info = try machine.run("model", "info", "yamnet-tflite")
        #expect(info.status == 0 && info.output.contains("SHA-256 as in the card"), "\(info.errors)")
        #expect(!info.output.contains("missing:"))
        let none = try machine.run("model", "fetch", "birdnet-2.4")
        #expect(none.status == 64 && none.errors.contains("pip install"), "\(none.errors)")
    }
}
