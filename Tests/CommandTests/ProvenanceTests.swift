import Foundation
import Testing

/// Every table, page and statistics file says how many clips it is of and what made it.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ProvenanceTests {
    private struct Made: Decodable {
        struct Coverage: Decodable, Equatable { let clips, done, failed, pending: Int }
        struct Stage: Decodable { let name: String }
        struct Pipeline: Decodable {
            let name: String
            let fingerprint: String
            let file: String
            let stages: [Stage]
        }
        struct Model: Decodable {
            let path: String
            let digest: String
        }
        let earmark: String
        let written: String
        let coverage: Coverage
        let pipeline: Pipeline
        let models: [Model]
        let settings: [String: String]?
    }

    private func made(_ scratch: Scratch, _ name: String) throws -> Made {
        try JSONDecoder().decode(Made.self, from: Data(scratch.bytes(name)))
    }

    /// Three clips that can be read and one that cannot.
    private func labelled() throws -> Scratch {
        let scratch = try Scratch()
        for number in 0..<3 { try scratch.writeTone("\(number).wav", number) }
        try scratch.write("bad.wav", "no recording")
        try scratch.write("corpus.csv", "clip,path\n" + ["0", "1", "2", "bad"].map { "\($0),\($0).wav\n" }.joined())
        #expect(try Tool.run(scratch.run("label.yaml")).status == 3)
        return scratch
    }

    private func isRight(_ made: Made, _ pipeline: String, _ coverage: Made.Coverage) {
        #expect(made.coverage == coverage)
        #expect(made.pipeline.name == pipeline && made.pipeline.fingerprint.count == 64)
        #expect(
            made.pipeline.file.hasSuffix(pipeline + ".yaml") && made.pipeline.stages.contains { $0.name == "mel-cache" }
        )
        #expect(made.earmark.split(separator: ".").count == 3)
        #expect((try? Date(made.written, strategy: .iso8601)).map { abs($0.timeIntervalSinceNow) < 3600 } == true)
    }

    @Test("Statistics: summary.json, the file beside classes.csv, the page and standard output")
    func statistics() throws {
        let scratch = try labelled()
        let stats = try Tool.run(
            "stats", "--cache", scratch.path("cache"), "--out", scratch.path("stats"), "--threshold", "0.25")
        #expect(stats.status == 3)
        let coverage = Made.Coverage(clips: 4, done: 3, failed: 1, pending: 0)
        for name in ["stats/summary.json", "stats/classes.csv.meta.json"] {
            let made = try made(scratch, name)
            isRight(made, "label", coverage)
            #expect(made.models.map(\.path) == [Tool.lean] && made.models[0].digest.count >= 64)
            #expect(made.settings?["thresholds"]?.contains("0.25") == true)
            #expect(made.settings?["cache"] == scratch.path("cache"))
        }
        let digest = try made(scratch, "stats/summary.json").models[0].digest
        let page = try scratch.text("stats/report.html")
        for words in ["3 of 4 clips: 1 failed, 0 pending", digest, Tool.lean, "label.yaml", "overlap 0.5"] {
            #expect(page.contains(words), "\(words)")
            if words.hasPrefix("3 of") { #expect(stats.output.contains(words), "\(stats.output)") }
        }
        #expect(stats.output.contains("pipeline 'label', model lean-esc10.safetensors"), "\(stats.output)")
    }

    @Test("The index beside the shards and the exported one name every pipeline")
    func index() throws {
        let scratch = try labelled()
        #expect(try Tool.run(scratch.run("fsd50k-features.yaml")).status == 3)
        _ = try Tool.run("export", "index", "--cache", scratch.path("cache"), "--out", scratch.path("i.csv"))
        struct Index: Decodable {
            struct Pipeline: Decodable {
                let name: String
                let fingerprint: String
                let coverage: Made.Coverage
            }
            let earmark: String
            let pipelines: [Pipeline]
        }
        for name in ["cache/shards/index.csv.meta.json", "i.csv.meta.json"] {
            let index = try JSONDecoder().decode(Index.self, from: Data(scratch.bytes(name)))
            #expect(Set(index.pipelines.map(\.name)) == ["label", "fsd50k-features"], "\(name)")
            for pipeline in index.pipelines {
                #expect(pipeline.coverage == Made.Coverage(clips: 4, done: 3, failed: 1, pending: 0))
            }
        }
        #expect(try scratch.text("i.csv") == scratch.text("cache/shards/index.csv"))
    }

    @Test("Evaluation and training say which model, split and settings they are of")
    func models() throws {
        let scratch = try Scratch()
        try scratch.synth(14)
        let train = try Tool.run(
            "train", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"), "--out", scratch.path("net"), "--architecture", "wave-encoder", "--epochs", "1",
            "--train-split", "train", "--validation-split", "", "--quiet")
        #expect(train.status == 0, "\(train.errors)")
        let history = try made(scratch, "net/history.csv.meta.json")
        let clips = try #require(history.settings.flatMap { $0["training-clips"] }.flatMap { Int($0) })
        isRight(history, "features", .init(clips: clips, done: clips, failed: 0, pending: 0))
        #expect(history.settings?["architecture"] == "wave-encoder" && history.settings?["train-split"] == "train")
        let model = scratch.path("net/model.safetensors")
        let words = [
            "evaluate", model, "--manifest", scratch.path("corpus.csv"), "--cache", scratch.path("cache"), "--pipeline",
            Tool.pipeline("features.yaml"), "--split", "train", "--resamples", "0",
        ]
        let evaluate = try Tool.run(words + ["--out", scratch.path("report")])
        #expect(evaluate.status == 0, "\(evaluate.errors)")
        for name in ["report/summary.json", "report/classes.csv.meta.json"] {
            let made = try made(scratch, name)
            isRight(made, "features", .init(clips: clips, done: clips, failed: 0, pending: 0))
            #expect(made.models.map(\.path) == [model] && made.settings?["split"] == "train")
        }
        let told = try JSONDecoder().decode(Made.self, from: Data(Tool.run(words + ["--json"]).output.utf8))
        isRight(told, "features", .init(clips: clips, done: clips, failed: 0, pending: 0))
        #expect(evaluate.output.hasPrefix("pipeline 'features', model model.safetensors ("), "\(evaluate.output)")
        let page = try scratch.text("report/report.html")
        #expect(page.contains("How this was made") && page.contains(model))
    }
}
