import Testing

@Suite struct FreshAndCachedTests {
    /// The model that ships, over clips of several lengths: what is inferred while the frames are made is what is inferred
    /// from the cache.
    @Test(arguments: [0, 0.01, 0.02, 0.03, 0.04, 0.25, 0.5, 0.75, 0.9, 0.99])
    func aFreshPassScoresAsACachedOneDoes(overlap: Double) throws {
        let fixture = try PipelineFixture()
        for (index, seconds) in [0.4, 1, 1.01, 1.99, 2.5, 6.3, 11].enumerated() {
            try fixture.addClip("clip \(index)", seconds: seconds, rate: index % 2 == 0 ? 16_000 : 44_100)
        }
        let sets = ["chunk.overlap=\(overlap)"]
        try fixture.run("label.yaml", sets: sets, cache: fixture.cache("fresh"))
        let features = try fixture.run("features.yaml", sets: sets, cache: fixture.cache("cached"))
        #expect(features.result.done == 7)
        let labels = try fixture.run("label.yaml", sets: sets, cache: fixture.cache("cached"))
        #expect(labels.result.done == 7 && labels.plan.routes.allSatisfy { $0.replays.count == 2 })
        let fresh = try fixture.digests(fixture.cache("fresh"))
        #expect(fresh.count == 28)
        #expect(try fixture.digests(fixture.cache("cached")) == fresh)
    }
}
