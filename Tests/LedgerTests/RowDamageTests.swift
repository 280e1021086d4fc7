import Errors
import Foundation
import Ledger
import Testing

/// A byte that changed under the ledger is found and named, field by field.
@Suite struct RowDamageTests {
    /// A big-endian number of eight bytes that stands nowhere else in the file.
    private static func number(_ seed: UInt8) -> (value: Int64, bytes: [UInt8]) {
        let bytes: [UInt8] = [0x11, 0x22 ^ seed, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]
        return (bytes.reduce(0) { $0 << 8 | Int64($1) }, bytes)
    }

    /// A ledger with a row in every table, every field of which can be found in the file; closed.
    private func fixture() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        let ledger = try fixture.open()
        try ledger.adopt(manifest: "manifest", count: 1) { _ in .init("clip", "/audio/thepath.wav") }
        let clip = try #require(try ledger.clipIDs().first)
        let stage = try ledger.stageID(fingerprint: "fingerprint", kind: "mel", classes: "")
        let shard = try ledger.addShard(stage: stage, kind: "thekind", dtype: "thedtype", columns: 64) { _ in
            "shards/theshard.npy"
        }
        try ledger.markSealed(
            id: shard.id, rows: Int(Self.number(1).value), bytes: Int(Self.number(2).value), digest: "shardsdigest")
        var batch = CommitBatch(target: "target")
        batch.results = [
            ResultRecord(
                clip: clip, stage: stage, content: "resultcontent", shard: shard.id, firstRow: Self.number(3).value,
                rowCount: Self.number(4).value, digest: "resultdigest", samples: Self.number(10).value)
        ]
        batch.sources = [
            SourceRecord(
                clip: clip, size: Self.number(5).value, modified: Self.number(6).value, content: "sourcecontent",
                frames: Self.number(11).value, rate: Self.number(12).value)
        ]
        batch.failures = [
            FailureRecord(
                clip: clip, target: "target", failureClass: .other("theclass"), reason: "thereason",
                offset: Self.number(7).value, size: Self.number(8).value, modified: Self.number(9).value)
        ]
        try ledger.commit(batch)
        try ledger.put(
            PipelineRecord(
                name: "pipeline", fingerprint: "pipelineprint", stages: [stage], file: "p.yaml", updated: 1,
                targets: ["thetarget"], settings: "thesettings"))
        #expect(try ledger.verifyRows().rows.isEmpty)
        try ledger.close()
        return fixture
    }

    @Test(
        "Text",
        arguments: [
            ("clips", "thepath"), ("sources", "sourcecontent"), ("results", "resultcontent"),
            ("results", "resultdigest"), ("shards", "thekind"), ("shards", "thedtype"), ("shards", "shardsdigest"),
            ("failures", "theclass"), ("failures", "thereason"), ("pipelines", "thetarget"),
            ("pipelines", "thesettings"),
        ])
    func text(table: String, field: String) throws {
        let fixture = try fixture()
        var other = Array(field.utf8)
        other[other.count / 2] ^= 1
        #expect(try fixture.replace(Array(field.utf8), by: other) == 1)
        let (_, rows) = try Ledger.reading(path: fixture.path).verifyRows()
        #expect(rows.map(\.table) == [table])
    }

    @Test(
        "Numbers",
        arguments: [
            ("shards", 1), ("shards", 2), ("results", 3), ("results", 4), ("sources", 5), ("sources", 6),
            ("failures", 7), ("failures", 8), ("failures", 9), ("results", 10), ("sources", 11), ("sources", 12),
        ] as [(String, UInt8)])
    func numbers(table: String, seed: UInt8) throws {
        let fixture = try fixture()
        let bytes = Self.number(seed).bytes
        for bit in [0, 7] {
            var other = bytes
            other[bit] ^= 1 << UInt8(bit % 3)
            #expect(try fixture.replace(bytes, by: other) == 1)
            let (structure, rows) = try Ledger.reading(path: fixture.path).verifyRows()
            #expect(structure.isEmpty && rows.map(\.table) == [table])
            if table == "results" { #expect(rows.first?.stage == 1 && rows.first?.clip == 1) }
            if table == "sources" { #expect(rows.first?.clip == 1) }
            #expect(try fixture.replace(other, by: bytes) == 1)
        }
        #expect(try Ledger.reading(path: fixture.path).verifyRows().rows.isEmpty)
    }

    @Test(
        "Bits of a record, its header and its check: found, or refused as no sound database",
        arguments: [("sourcecontent", 16), ("resultcontent", 9), ("thepath", 8), ("thekind", 12), ("theclass", 6)])
    func everyBit(field: String, before: Int) throws {
        let fixture = try fixture()
        let whole = try fixture.bytes()
        let place = try #require(whole.firstRange(of: Array(field.utf8)))
        for byte in place.lowerBound - before..<place.upperBound + 8 {
            // The lowest bit of a text's type makes bytes of it, which read as the same text.
            for bit in [0, 1, 2, 3, 6] where bit > 0 || byte >= place.lowerBound || whole[byte] < 13 {
                var bytes = whole
                bytes[byte] ^= 1 << UInt8(bit)
                try fixture.write(bytes)
                for name in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + name) }
                do {
                    let (structure, rows) = try Ledger.reading(path: fixture.path).verifyRows()
                    #expect(!structure.isEmpty || !rows.isEmpty, "bit \(bit) of byte \(byte - place.lowerBound)")
                } catch let error as LedgerError {
                    #expect(error.kind == .corrupt)
                }
            }
        }
    }
}
