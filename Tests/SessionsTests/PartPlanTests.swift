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

    @Test("A part that begins and ends again and again is never found killed")
    func neverKilled() throws {
        let fixture = try corpus()
        let planner = PartPlanner(try Self.pipeline(), try fixture.manifest(), cache: fixture.cache(), parts: 1)
        let plan = try #require(try planner.plan(.make(again: false), stop: StopSignal()))
        let folder = PartFolder(fixture.cache())
        let own = folder.part(0, of: 1)
        try own.make()
        let ended = StopSignal()
        let worker = Thread {
            for _ in 0..<100 {
                // Whoever looks holds the lock for a moment.
                guard let lock = try? CacheLock(folder: own.folder) else { continue }
                var state = PartState(plan: plan, part: 0)
                try? state.write(own)
                state.phase = .interrupted
                try? state.write(own)
                withExtendedLifetime(lock) {}
            }
            ended.raise()
        }
        worker.start()
        var killed = 0
        while !ended.isRaised {
            if try PartOverview.all(plan, in: folder).contains(where: { $0.phase == .killed }) { killed += 1 }
        }
        #expect(killed == 0)
        // One that ended without a word is.
        try PartState(plan: plan, part: 0).write(own)
        #expect(try PartOverview.all(plan, in: folder).map(\.phase) == [.killed])
    }

    @Test("A session that was given the cache's lock leaves it with whom it is from")
    func heldLock() throws {
        let fixture = try corpus()
        let cache = fixture.cache()
        try cache.make()
        var lock: CacheLock? = try CacheLock(folder: cache.folder)
        do {
            let session = try RunSession(
                pipeline: try Self.pipeline(), manifest: fixture.manifest(), cache: cache, heldLock: lock)
            _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
            try session.close()
        }
        #expect(CacheLock.state(folder: cache.folder) != .free)
        #expect(lock != nil)
        lock = nil
        #expect(CacheLock.state(folder: cache.folder) == .free)
    }

    @Test("Each channel of a recording is a clip of the plan, as many as its file had when the plan was made")
    func channels() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("two", seconds: 2, rate: 16_000, channels: 2)
        try fixture.addClip("one", seconds: 1, rate: 16_000)
        let text = "clip,path,channel\ntwo,two.wav,each\none,one.wav,\ngone,gone.wav,each\n"
        let manifest = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: fixture.folder)
        let planner = PartPlanner(try Self.pipeline(), manifest, cache: fixture.cache(), parts: 3)
        let plan = try #require(try planner.plan(.make(again: false), stop: StopSignal()))
        #expect(plan.clipsOfRows == [2, 1, 1] && plan.partOfClip.count == 4)
        // The channels, of 2 s each, are in different parts.
        #expect(plan.partOfClip[0] != plan.partOfClip[1] && abs(plan.seconds - 5) < 0.01)
        #expect(try PartPlan.read(PartFolder(fixture.cache()).planPath) == plan)
        let clips = try plan.clips(of: manifest)
        #expect((0..<4).map(clips.clip) == ["two#1", "two#2", "one", "gone#1"])
        // A file that has become another is not looked at: the parts agree on what the clips are.
        try fixture.addClip("two", seconds: 2, rate: 16_000, channels: 1)
        #expect(try planner.plan(.make(again: false), stop: StopSignal()) == plan)
        #expect(try plan.clips(of: manifest).count == 4 && plan.left([1]).clipsOfRows == [2, 1, 1])
    }

    @Test("Lengths of members of archives come from their headers; of many deflated ones, from their sizes")
    func members() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 3, rate: 16_000)
        try fixture.addClip("b", seconds: 9, rate: 16_000)
        let (short, long) = (
            try FileSystem.read(fixture.folder + "/a.wav"), try FileSystem.read(fixture.folder + "/b.wav")
        )
        func lengths(_ archive: String, _ count: Int) throws -> (PartPlan.Lengths, Double) {
            var text = "clip,path\n"
            for number in 0..<count { text += "\(number),\(archive)!/\(number).wav\n" }
            let manifest = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: fixture.folder)
            let plan = try PartPlanner(try Self.pipeline(), manifest, cache: fixture.cache(), parts: 2).make()
            return (plan.lengths, plan.seconds)
        }
        let members = (0..<200).map { ($0, $0 % 2 == 0 ? short : long) }
        var tar = MadeTar(.pax)
        for (number, bytes) in members { tar.add("\(number).wav", bytes) }
        try fixture.addFile("a.tar", tar.data)
        for deflated in [false, true] {
            let zip = MadeZip(members.map { .init("\($0).wav", $1, deflated: deflated) }).data
            try fixture.addFile("\(deflated).zip", zip)
        }
        for archive in ["a.tar", "false.zip"] {
            let (how, seconds) = try lengths(archive, 200)
            #expect(how == .init(fromHeaders: 200) && abs(seconds - 1200) < 0.01, "\(archive): \(how), \(seconds)")
        }
        let (how, seconds) = try lengths("true.zip", 200)
        // Every third one is inflated. The others have the same seconds per byte but for the headers.
        #expect(how == .init(fromHeaders: 67, fromSizes: 133) && abs(seconds - 1200) < 1, "\(how), \(seconds)")
        let gone = try lengths("none.zip", 3)
        #expect(gone.0 == .init(fromSizes: 3) && gone.1 == 0)
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
        for place in stride(from: 0, to: bytes.count - 1, by: 3) {
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
