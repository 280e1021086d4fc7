import Pipeline
import Testing

@Suite struct PlanTests {
    private func bit(_ graph: Graph, _ name: String) -> UInt64 {
        graph.nodes.first { $0.name == name }.map { 1 << UInt64($0.index) } ?? 0
    }

    private func mask(_ graph: Graph, _ names: [String]) -> UInt64 { names.reduce(0) { $0 | bit(graph, $1) } }

    @Test func newClipRunsEverything() throws {
        let graph = try FakeStages.graph()
        let plan = Plan(graph: graph, clips: [.init(isNew: true)], isLossless: FakeStages.isLossless)
        #expect(plan.routes[0].runs == mask(graph, ["count", "scale", "frame", "kept", "guess", "total"]))
        #expect(plan.count(.new) == 1)
    }

    @Test func newModelStartsFromTheCacheAndDecodesNothing() throws {
        let graph = try FakeStages.graph()
        let plan = Plan(
            graph: graph, clips: [.init(available: bit(graph, "kept"))], isLossless: FakeStages.isLossless)
        #expect(plan.routes[0].runs == mask(graph, ["guess", "total"]))
        #expect(plan.routes[0].replays.count == 1)
        #expect(plan.count(.incomplete) == 1)
    }

    @Test func roundedCacheStandsInForNothingAboveIt() throws {
        let graph = try FakeStages.graph(sets: ["kept.dtype=rough"])
        let plan = Plan(
            graph: graph, clips: [.init(available: bit(graph, "kept"))], isLossless: FakeStages.isLossless)
        #expect(plan.routes[0].runs == mask(graph, ["count", "scale", "frame", "guess", "total"]))
    }

    @Test func roundedCacheStandsInForItself() throws {
        let yaml = FakeStages.yaml.replacing(
            "guess: {uses: guess, from: frame}", with: "guess: {uses: guess, from: kept}")
        let graph = try FakeStages.graph(yaml, sets: ["kept.dtype=rough"])
        let plan = Plan(
            graph: graph, clips: [.init(available: bit(graph, "kept"))], isLossless: FakeStages.isLossless)
        #expect(plan.routes[0].runs == mask(graph, ["guess", "total"]))
    }

    /// A stage of which the first output is in the cache runs all the same where another of its outputs is needed.
    @Test(arguments: [
        "total: {uses: total, from: guess}\n  more: {uses: more, from: guess.embeddings}",
        "more: {uses: more, from: guess.embeddings}\n  total: {uses: total, from: guess}",
    ])
    func anotherOutputThanTheCachedOne(ends: String) throws {
        let yaml = FakeStages.yaml.replacing(
            "  total: {uses: total, from: guess}", with: "  scores: {uses: keep, from: guess}\n  \(ends)")
        let more = StageDefinition(name: "more", inputs: [.init([.embeddings])], outputs: [], persists: true)
        let graph = try FakeStages.graph(yaml, also: [more])
        let plan = Plan(
            graph: graph, clips: [.init(available: mask(graph, ["kept", "scores"]))], isLossless: FakeStages.isLossless)
        #expect(plan.routes[0].runs == mask(graph, ["guess", "total", "more"]))
        #expect(plan.routes[0].replays.map { graph.nodes[$0.cache].name } == ["kept"])
        // Where only the first output is needed, nothing runs for it.
        let less = Plan(
            graph: graph, clips: [.init(available: mask(graph, ["kept", "scores", "more"]))],
            isLossless: FakeStages.isLossless)
        #expect(less.routes[0].runs == mask(graph, ["total"]))
        #expect(less.routes[0].replays.map { graph.nodes[$0.cache].name } == ["scores"])
    }

    @Test func reasonsAddUp() throws {
        let graph = try FakeStages.graph()
        let all = graph.persistent
        let facts: [Plan.ClipFacts] = [
            .init(isNew: true), .init(available: all), .init(available: all, hasChanged: true),
            .init(available: bit(graph, "kept")), .init(hasFailed: true), .init(available: all),
        ]
        let plan = Plan(graph: graph, clips: facts, isLossless: FakeStages.isLossless)
        #expect(plan.count(.new) == 1 && plan.count(.done) == 2 && plan.count(.changed) == 1)
        #expect(plan.count(.incomplete) == 1 && plan.count(.failed) == 1)
        #expect(plan.pending + plan.count(.done) + plan.count(.failed) == plan.clipCount)
        #expect(plan.assignments == [0, -1, 0, 1, -1, -1])
    }
}
