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
