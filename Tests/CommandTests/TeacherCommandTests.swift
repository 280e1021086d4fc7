import Foundation
import Testing

/// `train --teacher`: which stage is meant, what is said of it, and a training without any label.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct TeacherCommandTests {
    private func train(_ scratch: Scratch, _ manifest: String, out: String, _ more: [String]) throws -> Tool.Result {
        try Tool.run(
            [
                "train", Tool.pipeline("features.yaml"), "--manifest", scratch.path(manifest), "--cache",
                scratch.path("cache"), "--out", scratch.path(out), "--architecture", "wave-encoder", "--epochs", "1",
                "--validation-split", "", "--quiet",
            ] + more)
    }

    /// The corpus's manifest without its labels.
    private func writeUnlabelled(_ scratch: Scratch) throws {
        let lines = try scratch.lines("corpus.csv")
        let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false)
        let place = try #require(columns.firstIndex(of: "labels"))
        let rows = lines.dropFirst().map { line in
            // Labels with a comma are in quotes.
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
            let plain = parts.enumerated().map { $0 % 2 == 0 ? String($1) : "" }.joined()
            var fields = plain.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            fields[place] = ""
            return fields.joined(separator: ",")
        }
        try scratch.write("unlabelled.csv", ([lines[0]] + rows).joined(separator: "\n") + "\n")
    }

    @Test("Without labels the teacher's classes are learnt; with them, those of equal name, and the rest is said")
    func learns() throws {
        let scratch = try Scratch()
        try scratch.synth(12)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        try writeUnlabelled(scratch)
        // The infer stage's name means the stage that keeps its scores.
        let alone = try train(scratch, "unlabelled.csv", out: "alone", ["--teacher", "label.infer"])
        #expect(alone.status == 0, "\(alone.errors)")
        #expect(alone.errors.contains("teacher label.scores-cache: 17 of 17 classes learnt from 17 of its 17 classes"))
        #expect(alone.errors.contains(" without labels, learnt from the teacher alone"))
        let info = try Tool.run("model", "classes", scratch.path("alone/model.safetensors"))
        #expect(info.output == (try Tool.run("model", "classes", Tool.lean)).output)
        let again = try train(scratch, "unlabelled.csv", out: "alone", ["--teacher", "label.infer"])
        #expect(again.status == 0 && again.output.hasPrefix("nothing to do"), "\(again.output)\(again.errors)")
        let other = try train(
            scratch, "unlabelled.csv", out: "alone", ["--teacher", "label.infer", "--teacher-weight", "0.75"])
        #expect(other.status == 64 && other.errors.contains("--teacher-weight 0.5, now 0.75"), "\(other.errors)")

        // A class that the teacher calls something else, and one that it does not have.
        let names = try scratch.text("corpus.csv").replacingOccurrences(of: "Rain", with: "Drizzle")
        try scratch.write("renamed.csv", names)
        let unmatched = try train(scratch, "renamed.csv", out: "unmatched", ["--teacher", "scores-cache"])
        #expect(unmatched.status == 0, "\(unmatched.errors)")
        #expect(
            unmatched.errors.contains("1 class without a teacher, learnt from labels alone with weight 0.5: 'Drizzle'"))
        try scratch.write("map.csv", "Rain,Drizzle\nHail,Drizzle\n")
        let mapped = try train(
            scratch, "renamed.csv", out: "mapped",
            ["--teacher", "scores-cache", "--label-map", scratch.path("map.csv")])
        #expect(mapped.status == 0 && !mapped.errors.contains("without a teacher"), "\(mapped.errors)")
        #expect(mapped.errors.contains("1 label of the label map that the teacher does not have: 'Hail'"))
    }

    @Test("A teacher that is not there, is two, or has other chunks is refused, naming those that are there")
    func refusals() throws {
        let scratch = try Scratch()
        try scratch.synth(8)
        let none = try train(scratch, "corpus.csv", out: "no", ["--teacher", "infer"])
        #expect(none.status == 64 && none.errors.contains("expected a run of one that does"), "\(none.errors)")
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        let unknown = try train(scratch, "corpus.csv", out: "no", ["--teacher", "yamnet"])
        #expect(unknown.status == 64 && unknown.errors.contains("expected 'label.scores-cache'"), "\(unknown.errors)")
        let overlap = try train(scratch, "corpus.csv", out: "no", ["--teacher", "infer", "--overlap", "0"])
        #expect(overlap.status == 64 && overlap.errors.contains("begins every 0.5 s"), "\(overlap.errors)")
        let map = try train(scratch, "corpus.csv", out: "no", ["--label-map", "m.csv"])
        #expect(map.status == 64 && map.errors.contains("expected --teacher"), "\(map.errors)")
        // The same stages of another pipeline, with float32 arithmetic.
        let text = try String(contentsOfFile: Tool.pipeline("label.yaml"), encoding: .utf8)
            .replacingOccurrences(of: "name: label", with: "name: other")
            .replacingOccurrences(of: "../Models/lean-esc10.safetensors", with: Tool.lean)
        try scratch.write("other.yaml", text)
        #expect(
            try Tool.run(scratch.run(scratch.path("other.yaml"), sets: ["infer.precision=float32"])).status == 0)
        let two = try train(scratch, "corpus.csv", out: "no", ["--teacher", "infer"])
        #expect(
            two.status == 64 && two.errors.contains("'label.scores-cache', 'other.scores-cache'"), "\(two.errors)")
        #expect(try train(scratch, "corpus.csv", out: "one", ["--teacher", "other.infer"]).status == 0)
    }

    @Test("Settings that would do nothing, and a training that would replace its own start, are refused")
    func vainSettings() throws {
        let scratch = try Scratch()
        try scratch.synth(8)
        for (settings, words) in [
            (["--attention-scale", "1"], "'wave-encoder' has no attention"),
            (["--architecture", "yamnet-projection", "--wave-scale", "rms"], "'yamnet-projection' has none"),
            (["--architecture", "yamnet", "--encoder-rate", "2"], "--encoder-rate is for a wave encoder"),
        ] {
            let refused = try train(scratch, "corpus.csv", out: "no", settings)
            #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
        }
        let late = ["--averaging", "swa", "--averaging-start", "2"]
        let trained = try train(scratch, "corpus.csv", out: "first", ["--teacher", "none"] + late)
        #expect(trained.status == 0 && trained.errors.contains("no average"), "\(trained.errors)")
        let first = scratch.path("first/model.safetensors")
        let before = try Data(contentsOf: URL(fileURLWithPath: first))
        let own = try train(scratch, "corpus.csv", out: "first", ["--init", first])
        #expect(own.status == 64 && own.errors.contains("the model that training replaces"), "\(own.errors)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == before)
        let cache = try train(scratch, "corpus.csv", out: "cache", [])
        #expect(cache.status == 64, "\(cache.errors)")
    }

    @Test("The pipeline that ships for it can be planned, and its settings are all known")
    func shippedPipeline() throws {
        let scratch = try Scratch()
        try scratch.synth(2)
        let options = ["--manifest", scratch.path("corpus.csv"), "--cache", scratch.path("cache")]
        let plan = try Tool.run(["plan", Tool.pipeline("fsd50k-distil.yaml")] + options)
        #expect(plan.status == 0, "\(plan.errors)")
        let train = try Tool.run(
            ["train", Tool.pipeline("fsd50k-distil.yaml"), "--out", scratch.path("out"), "--epochs", "none"] + options)
        // What the file says is read before the command line.
        #expect(train.status == 64 && train.errors.contains("--epochs is 'none'"), "\(train.errors)")
    }
}
