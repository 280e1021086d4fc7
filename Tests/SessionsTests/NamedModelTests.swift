import Cache
import Files
import Foundation
import Models
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

/// Where the model of a pipeline is looked for, and what is done without one.
@Suite struct NamedModelTests {
    private static let lean = PipelineFixture.root + "/Models/lean-esc10.safetensors"

    private static func yaml(_ model: String, from: String = "[mel, chunk]") -> String {
        """
        name: named
        stages:
          decode: {uses: decode}
          resample: {uses: resample, from: decode}
          chunk: {uses: chunk, from: resample}
          mel: {uses: log-mel, from: chunk}
          mel-cache: {uses: cache, from: mel}
          infer: {uses: infer, from: \(from), model: \(model)}
          scores: {uses: cache, from: infer}
        """
    }

    /// A folder of its own with the three places in which models are looked for.
    private final class Places {
        private let temporary: TemporaryFolder
        let folder: String
        let finder: ModelFinder

        init() throws {
            temporary = try TemporaryFolder()
            folder = temporary.path
            for name in ["work", "share/Models", "share/Pipelines", "user", "elsewhere/deep"] {
                try FileSystem.makeFolder(folder + "/" + name)
            }
            finder = ModelFinder(
                folders: [
                    .init(.working, folder + "/work"), .init(.shipped, folder + "/share/Models"),
                    .init(.user, folder + "/user"),
                ], shippedPipelines: folder + "/share/Pipelines")
        }

        @discardableResult
        func put(_ name: String) throws -> String {
            let path = folder + "/" + name
            try FileSystem.makeFolder(FileSystem.folder(of: path))
            try FileManager.default.copyItem(atPath: NamedModelTests.lean, toPath: path)
            return path
        }

        func place(_ text: String, _ origin: FileReference.Origin = .commandLine) throws -> LocatedModel {
            try finder.locate(FileReference(text: text, origin: origin)).model
        }
    }

    @Test func aNameIsTheFirstFileOfTheFolders() throws {
        let places = try Places()
        let paths = try ["user/yamnet.safetensors", "share/Models/yamnet.safetensors", "work/yamnet.safetensors"]
            .map { name in
                let path = try places.put(name)
                #expect(try places.place("yamnet") == .file(path))
                #expect(try places.place("yamnet", .pipeline(folder: "/nowhere/")) == .file(path))
                return path
            }
        #expect(places.finder.files().map(\.path) == paths.reversed())
        // A name is one of its own file alone: any model may have one.
        try places.put("user/mine.v2.safetensors")
        #expect(try places.place("mine.v2") == .file(places.folder + "/user/mine.v2.safetensors"))
        #expect(places.finder.names() == ["lean-esc10", "mine.v2", "vggish", "yamnet"])
    }

    @Test func aFileAtTheVeryPathComesBeforeAName() throws {
        let places = try Places()
        try places.put("share/Models/yamnet.safetensors")
        let own = try places.put("pipelines/yamnet")
        #expect(try places.place("yamnet", .pipeline(folder: places.folder + "/pipelines/")) == .file(own))
    }

    @Test func aNameWithoutAFileIsAbsentOrRefusedWithWhatThereIs() throws {
        let places = try Places()
        #expect(try places.place("yamnet") == .absent(.yamnet, path: places.folder + "/user/yamnet.safetensors"))
        func refusal(_ text: String) -> String {
            do {
                return "\(try places.place(text))"
            } catch let error as FileReference.NotFound {
                return error.description
            } catch {
                return "another error: \(error)"
            }
        }
        let near = refusal("yamet")
        #expect(near.contains("is 'yamnet' meant?") && near.hasSuffix("one of lean-esc10, vggish, yamnet"), "\(near)")
        let far = refusal("quite-another")
        #expect(!far.contains("meant") && far.hasSuffix("one of lean-esc10, vggish, yamnet"), "\(far)")
        // It ships, and is not to be fetched.
        let shipped = refusal("lean-esc10")
        #expect(shipped.contains(places.folder + "/share/Models (shipped)"), "\(shipped)")
    }

    @Test func aCopiedPipelineKeepsItsModel() throws {
        let places = try Places()
        let shipped = try places.put("share/Models/lean-esc10.safetensors")
        let copied = FileReference.Origin.pipeline(folder: places.folder + "/elsewhere/deep/")
        for text in ["../Models/lean-esc10.safetensors", "lean-esc10.safetensors"] {
            let found = try places.finder.locate(FileReference(text: text, origin: copied))
            #expect(found.model == .file(shipped))
            #expect(found.notice?.contains(shipped) == true, "what is not where it was written is told")
        }
        let own = try places.put("elsewhere/Models/lean-esc10.safetensors")
        let found = try places.finder.locate(FileReference(text: "../Models/lean-esc10.safetensors", origin: copied))
        #expect(found.notice == nil)
        #expect(found.model == .file(places.folder + "/elsewhere/deep/../Models/lean-esc10.safetensors"))
        #expect(FileManager.default.fileExists(atPath: own))
        // What was typed is what is meant.
        #expect(try places.place("../Models/lean-esc10.safetensors") == .file("../Models/lean-esc10.safetensors"))
        #expect {
            _ = try places.place("../Models/none.safetensors", copied)
        } throws: { error in
            let text = "\(error)"
            return text.contains("/elsewhere/deep/../Models/none.safetensors")
                && text.contains(places.folder + "/share/Models/none.safetensors")
        }
    }

    @Test func withoutItsModelAPipelineCanBePlannedAndNotRun() throws {
        let (shop, places) = (try PipelineFixture(), try Places())
        for name in ["a", "b"] { try shop.addClip(name, seconds: 1.2) }
        let locate: ModelLocator = { try places.finder.locate($0).model }
        let file = shop.folder + "/p.yaml"
        func load() throws -> LoadedPipeline {
            try PipelineLoader.load(yaml: Self.yaml("yamnet", from: "mel-cache"), file: file, sets: [], locate: locate)
        }
        let absent = try load()
        #expect(absent.absentModels == [.yamnet])
        #expect(throws: PipelineError.self) {
            try RunSession(pipeline: absent, manifest: shop.manifest(), cache: shop.cache())
        }
        #expect(!shop.cache().exists)
        // YAMNet hears log-mel alone, which is known without its file: nothing is to be decoded for a cache that has it.
        try shop.run(
            yaml: Self.yaml("yamnet", from: "mel-cache").components(separatedBy: "\n").filter {
                !$0.contains("infer")
            }.joined(separator: "\n"))
        let ledger = try shop.cache().reading()
        let known = try Reconciler(manifest: shop.manifest(), graph: absent.graph, ledger: ledger)
        let plan = Plan(graph: absent.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
        #expect(plan.pending == 2 && plan.routes.count == 1)
        let run = absent.graph.nodes.filter { plan.routes[0].runs($0.index) }.map(\.name)
        #expect(run.contains("infer") && !run.contains("decode"), "\(run)")
    }

    @Test func anAbsentModelsFrontEndIsHeldAgainstTheFeatures() throws {
        let places = try Places()
        let yaml = Self.yaml("yamnet").replacingOccurrences(
            of: "{uses: log-mel, from: chunk}", with: "{uses: log-mel, from: chunk, low: 60}")
        #expect {
            _ = try PipelineLoader.load(yaml: yaml, file: "p.yaml", sets: []) { try places.finder.locate($0).model }
        } throws: { "\($0)".contains("front-end") }
    }

    @Test func aModelByNameIsTheModelByItsPath() throws {
        let places = try Places()
        let path = try places.put("share/Models/lean-esc10.safetensors")
        let locate: ModelLocator = { try places.finder.locate($0).model }
        let prints = try [Self.yaml("lean-esc10"), Self.yaml(path)].map {
            try PipelineLoader.load(yaml: $0, file: "p.yaml", sets: [], locate: locate).graph.fingerprint
        }
        let set = try PipelineLoader.load(
            yaml: Self.yaml("nothing"), file: "p.yaml", sets: ["infer.model=lean-esc10"], locate: locate
        ).graph.fingerprint
        #expect(prints[0] == prints[1] && prints[0] == set)
    }

    @Test func aRefusalNamesFileAndLineAndOtherErrorsPassThrough() throws {
        let places = try Places()
        #expect {
            _ = try PipelineLoader.load(yaml: Self.yaml("yamet"), file: "p.yaml", sets: []) {
                try places.finder.locate($0).model
            }
        } throws: { "\($0)".hasPrefix("p.yaml:8: 'model' of stage 'infer': found no file 'yamet'") }
        struct Cut: Error {}
        #expect(throws: Cut.self) {
            try PipelineLoader.load(yaml: Self.yaml("yamnet"), file: "p.yaml", sets: []) { _ in throw Cut() }
        }
    }
}
