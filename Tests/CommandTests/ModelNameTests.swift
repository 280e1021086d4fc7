import Foundation
import Testing

/// Models by name on the command line: found, fetched, forbidden, listed.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ModelNameTests {
    /// A working folder with a clip, and a machine on which nothing was fetched and nothing can be.
    private struct Machine {
        let scratch: Scratch
        /// Where models are fetched from: an address at which nobody answers.
        var mirror = "http://127.0.0.1:9/models"

        init() throws {
            scratch = try Scratch()
            try scratch.writeTone("a.wav", 1)
            try scratch.write("m.csv", "clip,path,labels\na,a.wav,Rain\n")
            // What ships, without the models that a checkout may hold besides.
            let files = FileManager.default
            try files.createDirectory(atPath: scratch.path("data/Models"), withIntermediateDirectories: true)
            try files.createSymbolicLink(
                atPath: scratch.path("data/Pipelines"), withDestinationPath: Tool.root + "/Pipelines")
            try files.createSymbolicLink(atPath: lean, withDestinationPath: Tool.lean)
        }

        var lean: String { scratch.path("data/Models/lean-esc10.safetensors") }

        var kept: String { scratch.path("user/earmark/models/yamnet.safetensors") }

        func run(_ arguments: String...) throws -> Tool.Result { try start(arguments).wait() }

        func start(_ arguments: [String]) throws -> Tool.Running {
            try Tool.start(
                arguments,
                environment: [
                    "XDG_CACHE_HOME": scratch.path("user"), "EARMARK_MIRROR": mirror,
                    "EARMARK_DATA": scratch.path("data"),
                ], folder: scratch.folder)
        }

        func work(_ command: String, _ pipeline: String = "audioset.yaml", _ more: String...) throws -> Tool.Result {
            try start([command, pipeline, "--manifest", "m.csv", "--cache", "c"] + more).wait()
        }

        /// Names below the folder of fetched models.
        func left() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: scratch.path("user/earmark/models"))) ?? []).sorted()
        }
    }

    @Test("plan fetches nothing and says what a run would, and what it cannot know; --offline refuses")
    func plan() throws {
        let machine = try Machine()
        let plan = try machine.work("plan")
        #expect(plan.status == 0 && plan.output.contains("1 to do"), "\(plan.errors)")
        for words in ["a run first fetches the model 'yamnet'", "4.1 MB", "Apache-2.0", machine.mirror, "is not known"]
        {
            #expect(plan.output.contains(words), "\(plan.output)")
        }
        #expect(try machine.work("plan", "audioset", "--json").output.contains(#""fetches":["yamnet"]"#))
        #expect(try machine.work("plan", "label.yaml", "--json").output.contains(#""fetches":[]"#))
        for command in ["plan", "run"] {
            let offline = try machine.work(command, "audioset.yaml", "--offline")
            #expect(offline.status == 65 && offline.output.isEmpty, "\(command): \(offline.errors)")
            #expect(offline.errors.split(separator: "\n").count == 1 && offline.errors.contains("--offline"))
            #expect(offline.errors.contains(machine.scratch.path("user/earmark/models")), "\(offline.errors)")
            // The model that ships needs no network.
            #expect(try machine.work(command, "label.yaml", "--offline").status == 0)
        }
        #expect(machine.left().isEmpty)
    }

    @Test("Every command that takes a model's file takes its name")
    func names() throws {
        let machine = try Machine()
        try machine.scratch.write("t.csv", "class,threshold\nRain,0.25\n")
        let name = "lean-esc10"
        let set = try machine.run("model", "set-thresholds", name, "t.csv", "set.safetensors")
        #expect(set.status == 0 && set.output.contains("thresholds of 1 class"), "\(set.errors)")
        let quantize = try machine.run("model", "quantize", name, "name.safetensors")
        #expect(quantize.errors.contains("\(machine.lean): is quantised already"), "\(quantize.errors)")
        let unknown = try machine.run("model", "quantize", "nonesuch", "x.safetensors")
        #expect(unknown.status == 65 && !FileManager.default.fileExists(atPath: machine.scratch.path("x.safetensors")))
        let evaluate = try machine.run(
            "evaluate", name, "--manifest", "m.csv", "--cache", "c", "--resamples", "0")
        #expect(evaluate.status == 0, "\(evaluate.errors)")
    }

    @Test("A run says size, licence and address before it fetches; where nobody answers, nothing is left")
    func unreachable() throws {
        var machine = try Machine()
        for (mirror, status, words) in [
            (machine.mirror, 75, "cannot be reached"), ("file://" + machine.scratch.folder, 65, "No such file"),
            ("nowhere", 64, "EARMARK_MIRROR"), ("ftp://127.0.0.1/x", 64, "EARMARK_MIRROR"),
        ] as [(String, Int32, String)] {
            machine.mirror = mirror
            let run = try machine.work("run")
            #expect(run.status == status && run.errors.contains(words), "\(mirror): \(run.status) \(run.errors)")
            let lines = run.errors.split(separator: "\n")
            if status != 64 {
                #expect(
                    lines.count == 2
                        && lines[0].contains(
                            "fetching the model 'yamnet' (4.1 MB, licence Apache-2.0, from \(mirror)/lite-"),
                    "\(run.errors)")
            }
            #expect(machine.left().filter { !$0.hasSuffix(".lock") }.isEmpty, "\(machine.left())")
            #expect(!FileManager.default.fileExists(atPath: machine.scratch.path("c")))
        }
    }

    @Test("A file that is not YAMNet is refused by its digest, whoever serves it, and is not kept")
    func digest() throws {
        var machine = try Machine()
        machine.mirror = "file://" + machine.scratch.folder + "/"
        try machine.scratch.write("lite-model_yamnet_classification_tflite_1.tflite", "not a model")
        let run = try machine.work("run")
        #expect(run.status == 65 && run.errors.contains("found SHA-256 "), "\(run.errors)")
        #expect(machine.left().filter { !$0.hasSuffix(".lock") }.isEmpty, "\(machine.left())")
    }

    @Test("Unknown names are refused with what was meant and what there is, in a pipeline, by --set and by commands")
    func unknown() throws {
        let machine = try Machine()
        for arguments in [
            ["run", "label.yaml", "--manifest", "m.csv", "--cache", "c", "--set", "infer.model=yamnt"],
            ["model", "info", "yamnt"], ["model", "classes", "yamnt"], ["evaluate", "yamnt", "--manifest", "m.csv"],
            ["model", "fetch", "yamnt"],
        ] {
            let result = try machine.start(arguments).wait()
            #expect(result.status == (arguments[1] == "fetch" ? 64 : 65), "\(arguments): \(result.errors)")
            #expect(result.errors.contains("(is 'yamnet' meant?)") && result.errors.contains("one of "))
            #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        }
    }

    @Test("The model that ships, by name: the scores of the file, from any folder")
    func shipped() throws {
        let machine = try Machine()
        for (cache, model) in [("by-path", Tool.lean), ("by-name", "lean-esc10")] {
            let run = try machine.run(
                "run", "label.yaml", "--manifest", "m.csv", "--cache", cache, "--set", "infer.model=" + model)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.errors.contains("model 'lean-esc10' is ") == (cache == "by-name"), "\(run.errors)")
            _ = try machine.run("export", "scores", "--cache", cache, "--out", cache + ".csv")
        }
        #expect(try machine.scratch.bytes("by-path.csv") == machine.scratch.bytes("by-name.csv"))
        let plan = try machine.run(
            "plan", "label", "--manifest", "m.csv", "--cache", "by-path", "--set", "infer.model=lean-esc10")
        #expect(plan.output.contains("0 to do"), "\(plan.output)\(plan.errors)")
    }

    private struct Listed: Decodable {
        let name: String
        let description: String
        let path: String?
        let `where`: String?
        let hidden: Bool
        let bytes: Int
        let classes: Int?
        let licence: String
        let address: String?
        let error: String?
    }

    private func listed(_ machine: Machine) throws -> [Listed] {
        let result = try machine.run("model", "list", "--json")
        #expect(result.status == 0, "\(result.errors)")
        return try JSONDecoder().decode([Listed].self, from: Data(result.output.utf8))
    }

    @Test("model list: what is here and where, what would be fetched, what is hidden, what is broken")
    func list() throws {
        let machine = try Machine()
        let first = try listed(machine)
        #expect(first.map(\.name) == ["lean-esc10", "vggish", "yamnet"])
        let lean = first[0]
        #expect(lean.path == machine.lean && lean.where == "shipped" && lean.classes == 17 && lean.address == nil)
        #expect(lean.bytes == (try Data(contentsOf: URL(fileURLWithPath: Tool.lean)).count))
        #expect(first[2].path == nil && first[2].classes == 521 && first[2].licence == "Apache-2.0")
        #expect(first[2].address?.hasPrefix(machine.mirror) == true)
        let vggish = first[1]
        #expect(vggish.path == nil && vggish.classes == 0 && vggish.licence == "Apache-2.0" && vggish.error == nil)
        #expect(vggish.address == nil)
        let folder = machine.scratch.path("Models")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Tool.lean, toPath: folder + "/lean-esc10.safetensors")
        try machine.scratch.write("Models/broken.safetensors", "no model")
        let second = try listed(machine)
        #expect(second.map(\.name) == ["broken", "lean-esc10", "lean-esc10", "vggish", "yamnet"])
        #expect(second[0].error?.contains("Models/broken.safetensors") == true && second[0].classes == nil)
        #expect(second[1].where == "working folder" && !second[1].hidden && second[2].hidden)
        let text = try machine.run("model", "list")
        #expect(text.status == 0 && text.output.contains("17 classes") && text.output.contains("not on this machine"))
        #expect(
            text.output.contains("vggish: VGGish by Google: embeddings of 128 values; no classes, 288.6 MB, licence"))
    }

    @Test("A model that is not fetched: every command says where its weights are, and how they become a model file")
    func notFetched() throws {
        let machine = try Machine()
        for arguments in [
            ["model", "info", "vggish"], ["model", "classes", "vggish"], ["model", "fetch", "vggish"],
            ["plan", "label.yaml", "--manifest", "m.csv", "--cache", "c", "--set", "infer.model=vggish"],
        ] {
            let result = try machine.start(arguments).wait()
            #expect(result.status == (arguments[1] == "fetch" ? 64 : 65), "\(arguments): \(result.errors)")
            #expect(result.errors.contains("vggish-10086976.pth") && result.errors.contains("earmark model import"))
            #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        }
    }

    @Test("model classes: index, identifier and name, as CSV and JSON, of a name and of a file")
    func classes() throws {
        let machine = try Machine()
        let named = try machine.run("model", "classes", "lean-esc10")
        #expect(named.status == 0, "\(named.errors)")
        #expect(try machine.run("model", "classes", Tool.lean).output == named.output)
        let rows = named.output.split(separator: "\n")
        #expect(rows.count == 18 && rows[0] == "index,mid,display_name" && rows[1].hasPrefix("0,"))
        let json = try machine.run("model", "classes", "lean-esc10", "--json")
        let objects = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        #expect(objects.compactMap { $0["index"] as? Int } == Array(0..<17))
        #expect(objects.allSatisfy { $0["name"] is String && $0["identifier"] != nil })
        let written = try machine.run("model", "classes", "lean-esc10", "--out", "classes.csv")
        #expect(written.output == "17 classes in classes.csv\n")
        #expect(try machine.scratch.text("classes.csv") == named.output)
        #expect(try machine.run("model", "classes", "yamnet", "--offline").status == 65)
    }

    @Test("A pipeline that was copied elsewhere keeps its model, and says which; a path that leads nowhere says where")
    func copied() throws {
        let machine = try Machine()
        try FileManager.default.copyItem(
            atPath: Tool.pipeline("label.yaml"), toPath: machine.scratch.path("mine.yaml"))
        let run = try machine.work("run", "mine.yaml")
        #expect(run.status == 0 && run.errors.contains("so the shipped model is used: "), "\(run.errors)")
        let text = try machine.scratch.text("mine.yaml")
        try machine.scratch.write("mine.yaml", text.replacingOccurrences(of: "lean-esc10", with: "lean-other"))
        let lost = try machine.work("run", "mine.yaml")
        #expect(lost.status == 65 && lost.errors.contains("mine.yaml:30:"), "\(lost.errors)")
        #expect(
            lost.errors.contains(
                "found no model file ../Models/lean-other.safetensors, and none as \(machine.scratch.path("data"))/Models/"
            ))
    }

    @Test("Names of pipelines: with and without ending and folder, and the nearest where there is none")
    func pipelines() throws {
        let machine = try Machine()
        for name in ["label", "label.yaml", "Pipelines/label.yaml", "Pipelines/label"] {
            let plan = try machine.work("plan", name)
            #expect(plan.status == 0 && plan.output.hasPrefix("label: "), "\(name): \(plan.errors)")
        }
        let wrong = try machine.work("plan", "audioste.yaml")
        #expect(wrong.status == 65 && wrong.errors.contains("(is 'audioset.yaml' meant?)"), "\(wrong.errors)")
    }

    @Test(
        "Fetched by name: kept once for every later run, the scores of the imported file, its classes with identifiers",
        .enabled(if: Tool.hasYAMNet, Tool.noYAMNet))
    func fetched() throws {
        var machine = try Machine()
        try FileManager.default.copyItem(
            atPath: Tool.tflite,
            toPath: machine.scratch.path("lite-model_yamnet_classification_tflite_1.tflite"))
        machine.mirror = "file://" + machine.scratch.folder
        let before = try listed(machine).first { $0.name == "yamnet" }
        // Two at once: one fetches, both have it.
        let first = try machine.start(["run", "audioset", "--manifest", "m.csv", "--cache", "c"])
        let second = try machine.start(["model", "classes", "yamnet"])
        let (one, two) = (first.wait(), second.wait())
        #expect(one.status == 0 && two.status == 0, "\(one.errors)\(two.errors)")
        let fetches = [one, two].filter { $0.errors.contains("fetching the model 'yamnet' (") }
        #expect(fetches.count == 1, "\(one.errors)\(two.errors)")
        #expect(machine.left() == ["yamnet.safetensors", "yamnet.safetensors.lock"])
        let map = String(decoding: try Data(contentsOf: URL(fileURLWithPath: Tool.classMap)), as: UTF8.self)
        #expect(two.output.split(separator: "\n") == map.split(whereSeparator: \.isNewline))
        machine.mirror = "http://127.0.0.1:9"
        let again = try machine.work("run", "audioset", "--offline")
        #expect(again.status == 0 && again.errors.contains("nothing to do"), "\(again.errors)")
        #expect(again.errors.contains("model 'yamnet' is \(machine.kept)"), "\(again.errors)")
        _ = try machine.run("export", "scores", "--cache", "c", "--out", "by-name.csv")
        let imported = machine.scratch.path("y.safetensors")
        _ = try machine.run("model", "import", Tool.tflite, "--out", imported)
        #expect(try machine.work("run", "audioset", "--set", "infer.model=" + imported).status == 0)
        _ = try machine.run("export", "scores", "--cache", "c", "--out", "by-path.csv")
        #expect(try machine.scratch.bytes("by-name.csv") == machine.scratch.bytes("by-path.csv"))
        let lines = try machine.scratch.lines("by-name.csv")
        #expect(lines.count == 2 && lines[0].hasPrefix("clip,Speech,"))
        let after = try #require(try listed(machine).first { $0.name == "yamnet" })
        #expect(after.path == machine.kept && after.where == "fetched")
        // What was said before is what came.
        #expect(after.bytes == before?.bytes && after.classes == before?.classes && after.licence == before?.licence)
    }
}
