import Errors
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Results
import Sessions
import Stages
import Testing

/// Bits of a whole ledger, flipped one at a time: pages of every kind, its header, its schema and its free pages.
///
/// With `EARMARK_LEDGER_BITS=all` in the environment every bit is taken, without it some of every page, the same each
/// time.
@Suite(.serialized) struct LedgerBitTests {
    /// A finished cache whose ledger has small pages, so that few clips fill inner pages as well.
    final class Sample {
        let fixture = try! PipelineFixture()
        let pipeline: LoadedPipeline
        let manifest: Manifest
        let cache: CacheFolder
        private(set) var files: [String: [UInt8]] = [:]
        private(set) var sound = Contents()
        static let pageSize = 512

        /// What a cache says, whichever shard a row lies in.
        struct Contents: Equatable {
            var scores: [String] = []
            var rows: [String] = []
            var failures: [String] = []
            var pending = 0
        }

        init() throws {
            for index in 0..<14 { try fixture.addClip("clip \(index)", seconds: 0.2, rate: 16000) }
            try fixture.addFile("text.wav", Array("no audio, only words, and some more of them".utf8))
            manifest = try fixture.manifest()
            cache = fixture.cache()
            pipeline = try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/label.yaml", sets: [])
            try cache.make()
            do {
                // Failures of another pipeline that are forgotten leave free pages with rows on them.
                let ledger = try Ledger(path: cache.ledgerPath, pageSize: Self.pageSize)
                let manifest = manifest
                try ledger.adopt(manifest: "first", count: manifest.count) { row in
                    .init(manifest.entry(row).clip, manifest.entry(row).path)
                }
                var batch = CommitBatch(target: "another")
                batch.failures = try ledger.clipIDs().map {
                    FailureRecord(
                        clip: $0, target: "another", failureClass: .unsupported,
                        reason: String(repeating: "long ago ", count: 20), offset: nil, size: 1, modified: 1)
                }
                try ledger.commit(batch)
                _ = try ledger.forgetFailures()
                try ledger.close()
            }
            try run()
            for file in try names() { files[file] = try FileSystem.read(cache.folder + "/" + file) }
            sound = try contents()
        }

        private func names() throws -> [String] {
            try ["", "shards/"].flatMap { folder in
                try FileManager.default.contentsOfDirectory(atPath: cache.folder + "/" + folder).map { folder + $0 }
            }.filter { $0 != "shards" && $0 != "lock" }
        }

        func run() throws {
            let session = try RunSession(pipeline: pipeline, manifest: manifest, cache: cache)
            _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
            try session.close()
        }

        /// Puts the sound cache back, but for one file.
        func restore(_ file: String, _ bytes: [UInt8]?, without missing: String? = nil) throws {
            for name in try names() where files[name] == nil { unlink(cache.folder + "/" + name) }
            for (name, whole) in files {
                let path = cache.folder + "/" + name
                guard let wanted = name == file ? bytes : name == missing ? nil : whole else {
                    unlink(path)
                    continue
                }
                if name != file, (try? FileSystem.read(path)) == wanted { continue }
                try Data(wanted).write(to: URL(fileURLWithPath: path))
            }
        }

        func contents() throws -> Contents {
            var found = Contents()
            let out = fixture.folder + "/out"
            let exporter = try Exporter(cache: cache, pipeline: nil)
            _ = try exporter.scores(.csv, to: out)
            found.scores = String(decoding: try FileSystem.read(out), as: UTF8.self).split(separator: "\n").map(
                String.init)
            let ledger = try cache.reading()
            let reader = CacheReader(cache: cache.folder, ledger: ledger)
            let stages = try ledger.stages().sorted { $0.fingerprint < $1.fingerprint }
            try ledger.forEachCurrentResult(stages: stages.map(\.id)) { clip, result in
                let stage = stages.first { $0.id == result.stage }
                _ = try reader.floats(result)
                found.rows.append("\(clip.name) \(stage?.fingerprint ?? "") \(result.rowCount) \(result.digest)")
            }
            try ShardIndex.forEach(ledger, pipeline: nil) {
                found.rows.append("\($0.clip) \($0.kind) \($0.count) \($0.stage) \($0.hop ?? -1)")
            }
            let chosen = try PipelineChoice.find(ledger, name: nil)
            found.failures = try FailureLine.all(ledger, pipeline: chosen).map { "\($0.clip) \($0.reason)" }
            found.pending = try ledger.counts(for: chosen).pending
            return found
        }
    }

    /// What is read before a repair is refused, or is what was written; at most rows are missing, and the counts say so.
    private func neverWrong(_ sample: Sample, _ place: String) {
        guard let found = try? sample.contents() else { return }
        var sound = sample.sound
        // Of a row of `meta` that is lost with its page nothing is known, and nothing is said.
        sound.rows += sound.rows.filter { $0.hasSuffix(" 8000") }.map { $0.dropLast(4) + "-1" }
        #expect(Set(found.scores).isSubset(of: sound.scores), "\(place): scores of another clip")
        #expect(Set(found.rows).isSubset(of: sound.rows), "\(place): rows of another clip")
        #expect(found.scores.count == sound.scores.count || found.pending > 0, "\(place): a clip is gone in silence")
    }

    private func mends(_ sample: Sample, _ place: String) {
        do {
            _ = try Verifier(cache: sample.cache).run(repair: true)
            try sample.run()
            let found = try sample.contents()
            #expect(found == sample.sound, "\(place)")
            let findings = try Verifier(cache: sample.cache).run(repair: false).findings.map(\.what)
            #expect(findings.isEmpty, "\(place): \(findings)")
        } catch {
            Issue.record("\(place): \(error)")
        }
    }

    @Test("After a repair and a run exports are those of the sound cache, and nothing wrong is read before")
    func bits() throws {
        let sample = try Sample()
        let whole = try #require(sample.files["ledger.sqlite"])
        #expect(whole.count % Sample.pageSize == 0 && whole.count / Sample.pageSize > 40)
        #expect(sample.sound.scores.count == 15 && sample.sound.failures.count == 1)
        // Every kind of page: leaves and inner pages of tables with and without rowid, overflow, free ones.
        let kinds = Set(stride(from: Sample.pageSize, to: whole.count, by: Sample.pageSize).map { whole[$0] })
        #expect(kinds.isSuperset(of: [0x0D, 0x05, 0x0A, 0x02]))
        var state: UInt64 = 1
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        var bits: [Int] = []
        if ProcessInfo.processInfo.environment["EARMARK_LEDGER_BITS"] == "all" {
            bits = Array(0..<whole.count * 8)
        } else {
            for page in 0..<whole.count / Sample.pageSize {
                let start = page * Sample.pageSize * 8
                // Headers and pointers, then the rest.
                bits += (0..<3).map { _ in start + random(24 * 8) }
                bits += (0..<3).map { _ in start + random(Sample.pageSize * 8) }
            }
            bits += (0..<24).map { _ in random(100 * 8) }
        }
        for (index, bit) in bits.enumerated() {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let place = "bit \(bit % 8) of byte \(bit / 8)"
            // Where the copy is missing as well, nothing but the ledger's own rows can help.
            try sample.restore("ledger.sqlite", bytes, without: index % 2 == 0 ? "ledger.backup.sqlite" : nil)
            neverWrong(sample, place)
            mends(sample, place)
        }
    }

    @Test(
        "A ledger that is cut short, zeroed, noise, empty or gone is made anew; without rows or a copy, it says what to do"
    )
    func wreckage() throws {
        let sample = try Sample()
        let whole = try #require(sample.files["ledger.sqlite"])
        let page = Sample.pageSize
        var wrecks: [(String, [UInt8]?)] = [
            ("gone", nil), ("empty", []), ("zeros", [UInt8](repeating: 0, count: whole.count)),
            ("noise", whole.indices.map { UInt8(truncatingIfNeeded: $0 &* 97 &+ 13) }),
        ]
        for cut in [1, 99, page, page + 1, whole.count / 3, whole.count / 2, whole.count - 1] {
            wrecks.append(("cut at \(cut)", Array(whole.prefix(cut))))
        }
        for (place, count) in [(0, 16), (0, 100), (0, page), (100, page - 100), (page, page), (0, 4 * page)] {
            var bytes = whole
            bytes.replaceSubrange(place..<place + count, with: [UInt8](repeating: 0, count: count))
            wrecks.append(("\(count) zeros at \(place)", bytes))
        }
        for (name, bytes) in wrecks {
            try sample.restore("ledger.sqlite", bytes)
            neverWrong(sample, name)
            // SQLite takes a last page that is cut short for one that ends in zeros.
            if name != "cut at \(whole.count - 1)" {
                #expect(throws: (any Error).self, "\(name): a run begins") { try sample.run() }
            }
            mends(sample, name)
        }
        // The first page with the header and the schema is no loss even without the copy.
        for name in wrecks.map(\.0) where name.hasPrefix("16 zeros") || name.hasPrefix("512 zeros at 0") {
            try sample.restore(
                "ledger.sqlite", wrecks.first { $0.0 == name }?.1, without: "ledger.backup.sqlite")
            let found = try Verifier(cache: sample.cache).run(repair: true)
            #expect(
                found.findings.contains { $0.what.contains("15 clips, 56 results") }, "\(found.findings.map(\.what))")
            try sample.run()
            #expect(try sample.contents() == sample.sound)
        }
        try sample.restore("ledger.sqlite", wrecks[2].1, without: "ledger.backup.sqlite")
        #expect {
            try Verifier(cache: sample.cache).run(repair: true)
        } throws: {
            "\($0)".contains("it is no longer known whose rows the shards hold") && "\($0)".contains("run again")
        }
        // Nothing was touched.
        #expect(try FileSystem.read(sample.cache.ledgerPath) == [UInt8](repeating: 0, count: whole.count))
    }

    @Test("Bits of the copy and of the log: what a repair and a run leave is the sound cache")
    func copyAndLog() throws {
        let sample = try Sample()
        let copy = try #require(sample.files["ledger.backup.sqlite"])
        for bit in stride(from: 3, to: copy.count * 8, by: copy.count * 8 / 40) {
            var bytes = copy
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try sample.restore("ledger.backup.sqlite", bytes)
            mends(sample, "bit \(bit) of the copy")
        }
    }
}
