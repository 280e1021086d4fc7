import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import TestSupport
import Testing

/// The plan of a manifest's parts, and its file.
@Suite struct PartPlanTests {
    static func pipeline(_ sets: [String] = []) throws -> LoadedPipeline {
        try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/features.yaml", sets: sets)
    }

    private func corpus() throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for index in 0..<10 { try fixture.addClip("clip \(index)", seconds: 0.3 + Double(index * index) * 0.1) }
        try fixture.addFile("words.wav", Array("no audio".utf8))
        fixture.keep(fixture.rows + [("gone", "gone.wav")])
        return fixture
    }

    @Test("Every clip is in exactly one part, and a plan made again is the same, byte by byte")
    func planned() throws {
        let fixture = try corpus()
        let (pipeline, manifest) = (try Self.pipeline(), try fixture.manifest())
        let planner = PartPlanner(pipeline, manifest, cache: fixture.cache(), parts: 3)
        let plan = try #require(try planner.plan(.make(again: false), stop: StopSignal()))
        #expect(plan.clips == 12 && plan.partOfClip.allSatisfy { (0..<3).contains($0) })
        #expect((0..<3).flatMap { plan.rows(of: $0) }.sorted() == Array(0..<12))
        #expect(plan.rowsOfParts().map { $0.map(Int.init) } == (0..<3).map { plan.rows(of: $0) })
        #expect(plan.lengths == .init(known: 0, fromHeaders: 10, fromSizes: 2))
        // 0.3 to 8.4 s, in all 31.5 s: no part is longer than the longest clip and a third of the rest.
        #expect(abs(plan.seconds - 31.5) < 0.01 && plan.shares.allSatisfy { $0.seconds < 11 })
        let path = PartFolder(fixture.cache()).planPath
        let bytes = try FileSystem.read(path)
        #expect(try PartPlan.read(path) == plan)
        #expect(try planner.plan(.make(again: true), stop: StopSignal()) == plan)
        try FileSystem.remove(path)
        #expect(try planner.plan(.make(again: false), stop: StopSignal()) == plan)
        #expect(try FileSystem.read(path) == bytes)
    }

    @Test("Only clips that the cache has not done are planned, with the lengths that the ledger knows")
    func partly() throws {
        let fixture = try corpus()
        let all = fixture.rows
        fixture.keep(Array(all.prefix(4)))
        try fixture.run()
        fixture.keep(all)
        let plan = try PartPlanner(try Self.pipeline(), fixture.manifest(), cache: fixture.cache(), parts: 2).make()
        #expect(Array(plan.partOfClip.prefix(4)) == [-1, -1, -1, -1] && plan.clips == 8)
        // With another setting every clip has work to do, and those that were read have their lengths.
        let other = try PartPlanner(
            try Self.pipeline(["resample.converter=linear"]), fixture.manifest(), cache: fixture.cache(), parts: 2
        ).make()
        #expect(other.clips == 12 && other.lengths == .init(known: 4, fromHeaders: 6, fromSizes: 2))
    }

    @Test("What is left of a plan has another tag, and when nothing is left, another job may be planned")
    func left() throws {
        let fixture = try corpus()
        let (pipeline, manifest) = (try Self.pipeline(), try fixture.manifest())
        let planner = PartPlanner(pipeline, manifest, cache: fixture.cache(), parts: 3)
        let plan = try #require(try planner.plan(.make(again: false), stop: StopSignal()))
        let path = PartFolder(fixture.cache()).planPath
        let some = plan.left([0, 5])
        #expect(some.clips == 2 && !some.isFinished && some.tag != plan.tag && some.merged == [plan.tag])
        #expect(some.partOfClip[0] == plan.partOfClip[0] && some.partOfClip[5] == plan.partOfClip[5])
        try some.write(path)
        #expect(try PartPlan.read(path) == some)
        let next = PartPlanner(pipeline, manifest, cache: fixture.cache(), parts: 5)
        #expect(message { _ = try next.current() }?.contains("3 parts, expected 5") == true)
        let none = some.left([])
        #expect(none.isFinished && none.merged == [plan.tag, some.tag])
        try none.write(path)
        #expect(try planner.plan(.make(again: false), stop: StopSignal()) == none)
        #expect(try next.current() == nil)
        #expect(try next.plan(.make(again: false), stop: StopSignal())?.clips == 12)
    }

    @Test("Parts of a job and of no other: what differs is told")
    func jobs() throws {
        let fixture = try corpus()
        let manifest = try fixture.manifest()
        let job = PartPlan.Job(try Self.pipeline().graph, manifest, parts: 4)
        #expect(job.difference(from: job) == nil)
        let others = [
            PartPlan.Job(try Self.pipeline().graph, manifest, parts: 5),
            PartPlan.Job(try Self.pipeline(["resample.converter=linear"]).graph, manifest, parts: 4),
            PartPlan.Job(
                try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/label.yaml", sets: []).graph, manifest,
                parts: 4),
            PartPlan.Job(try Self.pipeline().graph, try manifest.part(rows: Array(0..<11)), parts: 4),
        ]
        for (other, words) in zip(others, ["5 parts", "other settings", "pipeline 'label'", "another manifest"]) {
            #expect(job.difference(from: other)?.contains(words) == true)
        }
    }

    @Test("A plan with any byte changed, or cut anywhere, is refused or the same plan")
    func damaged() throws {
        let fixture = try corpus()
        let planner = PartPlanner(try Self.pipeline(), try fixture.manifest(), cache: fixture.cache(), parts: 3)
        let plan = try #require(try planner.plan(.make(again: false), stop: StopSignal()))
        let path = PartFolder(fixture.cache()).planPath
        let bytes = try FileSystem.read(path)
        var refused = 0
        for place in stride(from: 0, to: bytes.count, by: 3) {
            for value in [bytes[place] ^ 1, UInt8(ascii: "-"), UInt8(ascii: "9"), 0] {
                var other = bytes
                other[place] = value
                try FileSystem.replace(path) { try $0(other[...]) }
                do {
                    let found = try PartPlan.read(path)
                    // The seconds of a part and how lengths became known are for people only.
                    #expect(found?.partOfClip == plan.partOfClip && found?.job == plan.job)
                } catch {
                    refused += 1
                }
            }
            try FileSystem.replace(path) { try $0(bytes[..<place]) }
            #expect(throws: (any Error).self) { try PartPlan.read(path) }
        }
        #expect(refused > bytes.count / 2)
    }

    @Test("Nothing is planned twice at once: a process that finds the cache in use waits, and stops when it is told to")
    func waits() throws {
        let fixture = try corpus()
        try fixture.cache().make()
        let lock = try CacheLock(folder: fixture.cache().folder)
        defer { withExtendedLifetime(lock) {} }
        let stop = StopSignal()
        let planner = PartPlanner(try Self.pipeline(), try fixture.manifest(), cache: fixture.cache(), parts: 3)
        var told = 0
        let plan = try planner.plan(.make(again: false), stop: stop) { _ in
            told += 1
            stop.raise()
        }
        #expect(plan == nil && told == 1)
        #expect(
            message { _ = try planner.plan(.refuse, stop: StopSignal()) }?.contains("does this machine see") == true)
    }
}
