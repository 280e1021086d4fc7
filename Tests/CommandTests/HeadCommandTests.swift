import Foundation
import Testing

/// `earmark train head` and what can be done with its result, as users do it: on the embeddings of the model that ships.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct HeadCommandTests {
    /// Runs the program and expects it to end well.
    @discardableResult
    private static func run(_ arguments: [String], status: Int32 = 0, at line: Int = #line) throws -> Tool.Result {
        let result = try Tool.run(arguments)
        #expect(result.status == status, "line \(line): \(result.errors)")
        return result
    }

    /// A pipeline that keeps the embeddings of the model that ships, and one that scores them with a head.
    private static func pipelines(_ scratch: Scratch) throws {
        let label = try String(contentsOfFile: Tool.pipeline("label.yaml"), encoding: .utf8)
        let stages = try #require(label.components(separatedBy: "  scores-cache:").first)
            .replacing("../Models/lean-esc10.safetensors", with: Tool.lean)
        let kept =
            stages.replacing("name: label", with: "name: kept") + "  kept: {uses: cache, from: infer.embeddings}\n"
        try scratch.write("kept.yaml", kept)
        let head = """
              head: {uses: infer, from: kept}
              scores: {uses: cache, from: head}
              clips: {uses: aggregate, from: [head, head.weights], method: model}

            """
        try scratch.write("head.yaml", kept.replacing("name: kept", with: "name: head") + head)
    }

    private static func train(_ scratch: Scratch, _ out: String = "h.safetensors", _ more: [String] = []) -> [String] {
        [
            "train", "head", "--cache", scratch.path("cache"), "--manifest", scratch.path("corpus.csv"), "--out",
            scratch.path(out),
        ]
            + more
    }

    @Test("Train, look at, run, evaluate, and train again to the same bytes")
    func journey() throws {
        let scratch = try Scratch()
        try scratch.synth(36)
        try Self.pipelines(scratch)
        try Self.run(scratch.run(scratch.path("kept.yaml")))
        let trained = try Self.run(
            Self.train(scratch, "h.safetensors", ["--report", scratch.path("report"), "--workers", "1"]))
        #expect(trained.output.contains("pooling mean, L2 ") && trained.output.contains("of split 'val'"))
        #expect(trained.output.contains("  mAP ") && trained.output.contains("  d' "))
        #expect(FileManager.default.fileExists(atPath: scratch.path("report/report.html")))
        try Self.run(Self.train(scratch, "again.safetensors", ["--workers", "3"]))
        #expect(try scratch.bytes("again.safetensors") == scratch.bytes("h.safetensors"))

        let info = try Self.run(["model", "info", scratch.path("h.safetensors")]).output
        #expect(info.contains("head on lean (sha256:") && info.contains("int8") && info.contains("pooling mean"))
        let classes = try Self.run(["model", "classes", scratch.path("h.safetensors")]).output
        let run = scratch.run(scratch.path("head.yaml"), sets: ["head.model=" + scratch.path("h.safetensors")])
        try Self.run(run)
        try Self.run(
            [
                "export", "scores", "--cache", scratch.path("cache"), "--format", "csv", "--out",
                scratch.path("scores.csv"),
            ])
        let header = try #require(try scratch.lines("scores.csv").first)
        #expect(header.split(separator: ",").count == classes.split(separator: "\n").count)

        // The same model where any other can stand.
        let whole = scratch.run("label.yaml", cache: "other", sets: ["infer.model=" + scratch.path("h.safetensors")])
        try Self.run(whole)
        let evaluated = try Self.run([
            "evaluate", scratch.path("h.safetensors"), "--manifest", scratch.path("corpus.csv"), "--split", "eval",
            "--cache",
            scratch.path("features"), "--resamples", "0",
        ]).output
        #expect(evaluated.contains("  mAP "))
    }

    @Test("Attention, a hidden layer, folds of a column, and a given penalty")
    func options() throws {
        let scratch = try Scratch()
        try scratch.synth(30)
        try Self.pipelines(scratch)
        try Self.run(scratch.run(scratch.path("kept.yaml")))
        for more in [
            ["--pooling", "attention", "--l2", "0.01"],
            ["--pooling", "max", "--hidden", "8", "--epochs", "3", "--folds", "2"],
            ["--folds", "3", "--class-weights", "balanced"],
            ["--train-split", "train", "--train-split", "val", "--folds", "split", "--test-split", "eval"],
        ] {
            let result = try Self.run(Self.train(scratch, "h.safetensors", more + ["--force"]))
            #expect(result.output.contains("L2 "), "\(more)")
            try Self.run(scratch.run(scratch.path("head.yaml"), sets: ["head.model=" + scratch.path("h.safetensors")]))
        }
    }

    @Test("What is left out is said; what cannot be is refused in one line")
    func refusals() throws {
        let scratch = try Scratch()
        try scratch.synth(20)
        try Self.pipelines(scratch)
        let unknown = try Self.run(Self.train(scratch), status: 65)
        #expect(unknown.errors.contains("ledger.sqlite"))
        try Self.run(scratch.run("features.yaml"))
        let none = try Self.run(Self.train(scratch), status: 65)
        #expect(none.errors.contains("from: infer.embeddings"))
        try Self.run(scratch.run(scratch.path("kept.yaml")))

        var lines = try scratch.lines("corpus.csv")
        lines.append("absent,absent.wav,Unheard_of,train")
        try scratch.write("corpus.csv", lines.joined(separator: "\n") + "\n")
        let told = try Self.run(Self.train(scratch))
        #expect(told.errors.contains("1 clip without cached embeddings, left out: absent"))
        #expect(told.errors.contains("1 class whose clips all lack embeddings") && told.errors.contains("Unheard_of"))
        for (more, status, expected): ([String], Int32, String) in [
            (["--folds", "recordist"], 64, "'recordist'"), (["--folds", "1"], 64, "2 to 1000"),
            (["--l2", "-1"], 64, "--l2"),
            (["--pooling", "median"], 64, "median"), (["--l2", "1", "--folds", "3"], 64, "--folds"),
            (["--train-split", "nowhere"], 65, "'nowhere'"), (["--pipeline", "other"], 64, "'other'"),
            (["--stage", "other"], 65, "'other'"), (["--test-split", "nowhere", "--json"], 65, "'nowhere'"),
        ] {
            let result = try Self.run(Self.train(scratch, "h.safetensors", more + ["--force"]), status: status)
            #expect(result.errors.contains(expected), "\(more): \(result.errors)")
        }
        let quiet = try Self.run(["train", "head", "--cache"], status: 64)
        #expect(quiet.errors.contains("--cache"))
    }

    @Test("A file that is there is replaced only with --force, and is refused before anything is read")
    func existing() throws {
        let scratch = try Scratch()
        try scratch.write("h.safetensors", "mine")
        // There is no cache: with --force that is what is said.
        let refused = try Self.run(Self.train(scratch), status: 64)
        #expect(
            refused.errors.contains("h.safetensors: a file of this name exists")
                && refused.errors.contains("--force replaces it"), "\(refused.errors)")
        let forced = try Self.run(Self.train(scratch, "h.safetensors", ["--force"]), status: 65)
        #expect(forced.errors.contains("ledger.sqlite"), "\(forced.errors)")
        #expect(try scratch.text("h.safetensors") == "mine")
        try scratch.synth(30)
        try Self.pipelines(scratch)
        try Self.run(scratch.run(scratch.path("kept.yaml")))
        try Self.run(Self.train(scratch, "h.safetensors", ["--force"]))
        // What it is made of is never replaced.
        let manifest = try scratch.bytes("corpus.csv")
        let own = try Self.run(Self.train(scratch, "corpus.csv", ["--force"]), status: 64)
        let isSame = try scratch.bytes("corpus.csv") == manifest
        #expect(own.errors.contains("what the head is made of") && isSame, "\(own.errors)")
        let head = try scratch.bytes("h.safetensors")
        let path = scratch.path("h.safetensors")
        let pipeline = try Self.run(["model", "pipeline", path, "--out", path, "--force"], status: 64)
        let same = try scratch.bytes("h.safetensors") == head
        #expect(pipeline.errors.contains("it is the model itself") && same)
        #expect(try scratch.bytes("h.safetensors").count > 1000)
        try Self.run(Self.train(scratch), status: 64)
    }

    @Test("'train' without a name still trains a network, and refuses what it did")
    func trainNetwork() throws {
        let scratch = try Scratch()
        try scratch.synth(12)
        let arguments = [
            "--manifest", scratch.path("corpus.csv"), "--cache", scratch.path("cache"), "--architecture",
            "wave-encoder",
            "--epochs", "1", "--validation-split", "", "--quiet",
        ]
        try Self.run(["train"] + arguments + ["--out", scratch.path("a")])
        try Self.run(["train", Tool.pipeline("features.yaml")] + arguments + ["--out", scratch.path("b")])
        try Self.run(["train", "network"] + arguments + ["--out", scratch.path("c")])
        #expect(try scratch.bytes("a/model.safetensors") == scratch.bytes("b/model.safetensors"))
        #expect(try scratch.bytes("a/model.safetensors") == scratch.bytes("c/model.safetensors"))
        let wrong = try Self.run(["train", "--manifset", "x"], status: 64)
        #expect(wrong.errors.contains("unknown option '--manifset', did you mean '--manifest'?"))
        let help = try Self.run(["train", "--help"]).output
        #expect(help.contains("head") && help.contains("network"))
        #expect(try Self.run(["help", "train", "network"]).output.contains("--learning-rate"))
    }
}
