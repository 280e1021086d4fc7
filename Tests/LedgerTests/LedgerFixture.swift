import Errors
import Foundation
import Ledger
import TestSupport

/// A folder of its own with a ledger in it; gone when the test is over.
final class LedgerFixture {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    var path: String { folder + "/ledger.sqlite" }

    init() throws {
        temporary = try TemporaryFolder()
    }

    func open() throws -> Ledger { try Ledger(path: path) }

    /// Clips `clip0`, `clip1` and so on, one stage, one shard.
    ///
    /// - Returns: the ledger, the clips' ids in the manifest's order, and the ids of the stage and the shard.
    func filled(_ clips: Int) throws -> (ledger: Ledger, clips: [Int64], stage: Int64, shard: Int64) {
        let ledger = try open()
        try ledger.adopt(manifest: "m\(clips)", count: clips) { .init("clip\($0)", "/audio/path\($0).wav") }
        let stage = try ledger.stageID(fingerprint: "thestage", kind: "mel", classes: "")
        let shard = try ledger.addShard(stage: stage, kind: "mel", dtype: "float32", columns: 64) { "shards/\($0).npy" }
        return (ledger, try ledger.clipIDs(), stage, shard.id)
    }

    func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    /// Puts other bytes of the same length wherever a pattern stands in the closed ledger's file.
    ///
    /// - Returns: how often it stood there.
    func replace(_ pattern: [UInt8], by other: [UInt8]) throws -> Int {
        var bytes = try bytes()
        var count = 0
        var place = 0
        while place + pattern.count <= bytes.count {
            if bytes[place] == pattern[0], bytes[place..<place + pattern.count].elementsEqual(pattern) {
                bytes.replaceSubrange(place..<place + pattern.count, with: other)
                count += 1
                place += pattern.count
            } else {
                place += 1
            }
        }
        try write(bytes)
        return count
    }

    /// A pipeline of the given stages.
    static func pipeline(_ stages: [Int64], target: String = "target") -> PipelineRecord {
        PipelineRecord(name: "p", fingerprint: target, stages: stages, file: "p.yaml", updated: 1)
    }

    static func result(_ clip: Int64, _ stage: Int64, shard: Int64, first: Int64 = 0) -> ResultRecord {
        ResultRecord(
            clip: clip, stage: stage, content: "content\(clip)", shard: shard, firstRow: first, rowCount: 10,
            digest: "digest\(clip)")
    }

    static func source(_ clip: Int64) -> SourceRecord {
        SourceRecord(clip: clip, size: 1000, modified: 5, content: "content\(clip)")
    }

    static func failure(_ clip: Int64, target: String = "target", reason: String = "no audio") -> FailureRecord {
        FailureRecord(
            clip: clip, target: target, failureClass: .other("decode"), reason: reason, offset: 44, size: 1000,
            modified: 5)
    }
}
