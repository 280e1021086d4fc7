import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import Testing

/// Settings that accept faults redo nothing that has none, and a part of the clips leaves the others in the cache.
@Suite struct SharedResultsTests {
    /// Two whole clips, and one whose file is cut.
    private func recordings() throws -> PipelineFixture {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "cut"] { try fixture.addClip(name, seconds: 1.3) }
        let path = fixture.folder + "/cut.wav"
        let bytes = try FileSystem.read(path)
        try FileSystem.write(path) { try $0(bytes[..<(bytes.count / 2)]) }
        return fixture
    }

    private func done(_ fixture: PipelineFixture) throws -> Int {
        let ledger = try fixture.cache().reading()
        let pipeline = try #require(try ledger.pipelines().max { $0.updated < $1.updated })
        return try ledger.doneClips(of: pipeline).count
    }

    @Test("Accepting cut files does the cut ones alone, and both settings keep what they have")
    func accepting() throws {
        let fixture = try recordings()
        let strict = try fixture.run("label.yaml")
        #expect(strict.failures == 1 && strict.plan.pending == 3)
        let before = try fixture.digests()
        let tolerant = try fixture.run("label.yaml", sets: ["decode.truncated=accept"])
        #expect(tolerant.plan.pending == 1 && tolerant.failures == 0)
        #expect(try done(fixture) == 3)
        let after = try fixture.digests()
        #expect(before.allSatisfy { after[$0.key] == $0.value } && after.keys.contains { $0.hasPrefix("cut ") })
        let fresh = CacheFolder(folder: fixture.folder + "/fresh")
        try fixture.run("label.yaml", sets: ["decode.truncated=accept"], cache: fresh)
        #expect(try fixture.digests(fresh) == after)
        // A further setting of the kind, and back: nothing that is there is made again.
        #expect(
            try fixture.run("label.yaml", sets: ["decode.truncated=accept", "decode.non-finite=zero"]).plan.pending == 1
        )
        let again = try fixture.run("label.yaml")
        #expect(again.plan.pending == 0 && again.failures == 1)
        #expect(try Verifier(cache: fixture.cache()).run(repair: false).findings.isEmpty)
    }

    @Test("A part of the clips takes no other clip's place")
    func part() throws {
        let fixture = try PipelineFixture()
        for name in ["a", "b", "c", "d", "e"] { try fixture.addClip(name, seconds: 0.5) }
        let all = fixture.rows
        fixture.keep([all[2], all[0], all[1]])
        try fixture.run()
        for rows in [[all[0]], [all[4], all[1]]] {
            fixture.keep(rows)
            let session = try RunSession(
                pipeline: PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/features.yaml", sets: []),
                manifest: fixture.manifest(), cache: fixture.cache(), keepsOthers: true)
            _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
            try session.close()
        }
        var names: [String] = []
        try fixture.cache().reading().forEachClip { names.append($0.name) }
        #expect(names == ["c", "a", "b", "e"])
        #expect(try done(fixture) == 4)
        // A manifest says which clips the cache is for.
        fixture.keep([all[3], all[4]])
        try fixture.run()
        names = []
        try fixture.cache().reading().forEachClip { names.append($0.name) }
        #expect(names == ["d", "e"])
    }
}
