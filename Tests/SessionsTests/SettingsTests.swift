import Cache
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import Testing

/// What a cache knows of the settings that its rows were made with.
@Suite struct SettingsTests {
    private func changed(_ fixture: PipelineFixture, _ pipeline: String, _ sets: [String]) throws -> ChangedSettings? {
        let loaded = try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/" + pipeline, sets: sets)
        let manifest = try fixture.manifest()
        let ledger = try fixture.cache().reading()
        let known = try Reconciler(manifest: manifest, graph: loaded.graph, ledger: ledger)
        let plan = Plan(graph: loaded.graph, clips: known.facts, isLossless: LoadedPipeline.isLossless)
        return try ChangedSettings(graph: loaded.graph, plan: plan, ids: known.ids, ledger: ledger)
    }

    @Test func otherSettingsAreToldWithWhatTheyWereAndHowManyClipsTheyCost() throws {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "c"] { try fixture.addClip(name, seconds: 0.7) }
        try fixture.run()
        #expect(try changed(fixture, "features.yaml", []) == nil)
        try fixture.addClip("late", seconds: 0.5)
        #expect(try changed(fixture, "features.yaml", []) == nil)
        let overlap = try #require(
            try changed(fixture, "features.yaml", ["chunk.overlap=0.75", "decode.non-finite=zero"]))
        #expect(overlap.clips == 3)
        #expect(
            overlap.differences == ["decode.non-finite was fail, is now zero", "chunk.overlap was 0.5, is now 0.75"])
        // Another pipeline by name is no change of this one.
        #expect(try changed(fixture, "fsd50k-features.yaml", ["chunk.overlap=0.75"]) == nil)
        try fixture.run(sets: ["chunk.overlap=0.75"])
        #expect(try changed(fixture, "features.yaml", ["chunk.overlap=0.75"]) == nil)
        // Done with either are all but the late one.
        #expect(try changed(fixture, "features.yaml", [])?.clips == 1)
    }

    @Test func aModelOfOtherBytesUnderTheSameNameIsTold() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 0.7)
        let model = fixture.folder + "/model.safetensors"
        try FileManager.default.copyItem(atPath: PipelineFixture.root + "/Models/lean-esc10.safetensors", toPath: model)
        try fixture.run("label.yaml", sets: ["infer.model=" + model])
        let other = try #require(
            try changed(
                fixture, "label.yaml",
                ["clip-scores.method=max", "infer.model=" + model]))
        #expect(other.differences == ["clip-scores.method was mean, is now max"] && other.clips == 1)
        let copy = try #require(PipelineSettings(text: fixture.cache().reading().pipelines()[0].settings))
        var text = copy.text
        let mark = try #require(copy.stages.first { $0.name == "infer" }?.marks["model"])
        text = text.replacingOccurrences(of: mark, with: "sha256:another")
        let earlier = try #require(PipelineSettings(text: text))
        #expect(
            copy.differences(from: earlier) == ["infer.model is still \(model), but that file's content has changed"])
        #expect(PipelineSettings(text: "") == nil && copy.differences(from: copy).isEmpty)
    }

    @Test func scoresAreTakenFromThePipelineThatMakesThem() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 0.7)
        try fixture.run()
        let ledger = try fixture.cache().reading()
        #expect { _ = try PipelineChoice.scored(ledger, name: nil) } throws: {
            "\($0)".contains("'features' makes no clip scores") && "\($0)".contains("label.yaml")
        }
        try fixture.run("label.yaml")
        #expect(try PipelineChoice.scored(ledger, name: nil).notice == nil)
        try fixture.run()
        let found = try PipelineChoice.scored(ledger, name: nil)
        #expect(found.pipeline.name == "label" && found.notice?.contains("'features' ran last") == true)
        #expect { _ = try PipelineChoice.scored(ledger, name: "features") } throws: {
            "\($0)".contains("expected 'label'")
        }
    }
}
