import Cache
import Errors
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Testing

/// What a process that died leaves, and what the runs after it make of that.
@Suite struct InFlightTests {
    private static let call = ModelCall(name: "a model by an engine 1.2", limit: 7)

    /// Writes a word of the file, as the handler of a fatal signal does.
    private func put(_ word: Int64, at place: Int, of cache: CacheFolder) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: cache.folder + "/in-flight"))
        try file.seek(toOffset: UInt64(place * 8))
        try file.write(contentsOf: withUnsafeBytes(of: word.littleEndian) { Data($0) })
        try file.close()
    }

    /// Leaves the log of a process that died of a signal.
    private func die(in cache: CacheFolder, _ note: (InFlightLog) -> Void) throws {
        let log = try InFlightLog(cache: cache.folder, workers: 3)
        note(log)
        try put(Int64(SIGABRT), at: 1, of: cache)
        withExtendedLifetime(log) {}
    }

    private func made() throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "c"] { try fixture.addClip(name, seconds: 1.2) }
        try FileSystem.makeFolder(fixture.cache().folder)
        return fixture
    }

    private func failures(_ fixture: PipelineFixture) throws -> [String: (String, String)] {
        let ledger = try fixture.cache().reading()
        let chosen = try PipelineChoice.find(ledger, name: nil)
        return Dictionary(
            uniqueKeysWithValues: try FailureLine.all(ledger, pipeline: chosen).map {
                ($0.clip, ("\($0.failureClass)", $0.reason))
            })
    }

    @Test("After a crash, the clips of all workers and of all calls under way survive, each once")
    func crash() throws {
        let fixture = try made()
        try die(in: fixture.cache()) { log in
            log.note(clip: 1, worker: 0)
            log.note(call: Self.call, clips: [3, 1, 4], worker: 0)
            log.note(clip: 5, worker: 1)
            log.note(call: Self.call, clips: [6, 7], worker: 1)
            log.noteReturn(worker: 1)
            log.note(clip: 9, worker: 2)
            log.note(clip: 0, worker: 2)
            // There is no such worker.
            log.note(clip: 8, worker: 3)
            log.note(call: Self.call, clips: [8], worker: 3)
        }
        let found = InFlightLog.survivors(cache: fixture.cache().folder)
        #expect(found.map(\.clip) == [3, 1, 4, 5])
        #expect(found.map(\.call) == [Self.call, Self.call, Self.call, nil])
        #expect(!found.contains { $0.hangs || $0.isCertain })
        InFlightLog.forget(cache: fixture.cache().folder)
        #expect(InFlightLog.survivors(cache: fixture.cache().folder).isEmpty)
    }

    @Test("After a call that did not return, only its clips survive; a single one is certain to be to blame")
    func hang() throws {
        for clips: [Int64] in [[3], [3, 4]] {
            let fixture = try made()
            let log = try InFlightLog(cache: fixture.cache().folder, workers: 3)
            log.note(clip: 1, worker: 0)
            log.note(clip: 2, worker: 1)
            log.note(call: Self.call, clips: clips, worker: 1)
            log.noteHang(worker: 1)
            let found = InFlightLog.survivors(cache: fixture.cache().folder)
            #expect(found.map(\.clip) == clips && found.allSatisfy { $0.hangs && $0.call == Self.call })
            #expect(found.allSatisfy { $0.isCertain == (clips.count == 1) })
        }
    }

    @Test("A process that was killed from outside leaves nobody to blame, and nor does a file of another form")
    func killed() throws {
        let fixture = try made()
        let log = try InFlightLog(cache: fixture.cache().folder, workers: 1)
        log.note(clip: 1, worker: 0)
        log.note(call: Self.call, clips: [1], worker: 0)
        #expect(InFlightLog.survivors(cache: fixture.cache().folder).isEmpty)
        withExtendedLifetime(log) {}
        let path = fixture.cache().folder + "/in-flight"
        let whole = try FileSystem.read(path)
        let others: [[UInt8]] = [[], [6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], Array(whole[..<20])]
        for bytes in others {
            try FileSystem.replace(path) { try $0(bytes[...]) }
            #expect(InFlightLog.survivors(cache: fixture.cache().folder).isEmpty)
        }
    }

    @Test("Long names and large batches are cut to the room there is")
    func limits() throws {
        let fixture = try made()
        let name = String(repeating: "é", count: 400)
        try die(in: fixture.cache()) { log in
            log.note(call: ModelCall(name: name, limit: 1), clips: (1...2000).map(Int64.init), worker: 1)
        }
        let found = InFlightLog.survivors(cache: fixture.cache().folder)
        #expect(found.map(\.clip) == (1...1024).map(Int64.init))
        #expect(found[0].call?.name == String(repeating: "é", count: 128))
    }

    @Test("One crash sets nobody aside: all its clips are tried again, and are done")
    func once() throws {
        let fixture = try made()
        try fixture.run()
        let ids = try fixture.cache().reading().clipIDs()
        try die(in: fixture.cache()) { $0.note(call: Self.call, clips: ids, worker: 0) }
        let report = try fixture.run(sets: ["raw-cache.dtype=float32"])
        #expect(report.result.done == 3 && report.failures == 0)
        #expect(try fixture.cache().reading().clips(withDeaths: 1).isEmpty)
    }

    @Test("A clip in a call at two crashes is a failure that names the engine; the others are done")
    func twice() throws {
        let fixture = try made()
        try fixture.run()
        let ids = try fixture.cache().reading().clipIDs()
        // The first crash, counted by a run that came no further.
        try Ledger(path: fixture.cache().ledgerPath).noteDeaths(of: [ids[1]])
        try die(in: fixture.cache()) { $0.note(call: Self.call, clips: [ids[1]], worker: 0) }
        let report = try fixture.run(sets: ["raw-cache.dtype=float32"])
        #expect(report.result.done == 2 && report.failures == 1)
        let failure = try #require(try failures(fixture)["b"])
        #expect(failure.0 == "deadly" && failure.1.contains("a model by an engine 1.2"), "\(failure)")
    }

    @Test(
        "A clip that was alone in a call that did not return is a failure at once, and names the engine and the limit")
    func stuck() throws {
        let fixture = try made()
        try fixture.run()
        let ids = try fixture.cache().reading().clipIDs()
        let log = try InFlightLog(cache: fixture.cache().folder, workers: 1)
        log.note(call: Self.call, clips: [ids[2]], worker: 0)
        log.noteHang(worker: 0)
        let report = try fixture.run(sets: ["raw-cache.dtype=float32"])
        #expect(report.result.done == 2 && report.failures == 1)
        let failure = try #require(try failures(fixture)["c"])
        #expect(failure.0 == "stuck")
        #expect(failure.1 == "a model by an engine 1.2 did not return within 7 s from computing this clip")
        // It stands until `retry`.
        #expect(try fixture.run(sets: ["raw-cache.dtype=float32"]).plan.pending == 0)
        _ = try Ledger(path: fixture.cache().ledgerPath).forgetFailures()
        #expect(try fixture.run(sets: ["raw-cache.dtype=float32"]).result.done == 1)
    }
}
