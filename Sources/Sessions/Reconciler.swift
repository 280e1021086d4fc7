import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline

/// Holds the manifest, the files and the ledger against one another: what is known of each clip before planning.
///
/// Works on arrays by the manifest's rows, so that a million clips take tens of megabytes.
package struct Reconciler {
    /// For each clip of the manifest what the plan needs to know.
    package private(set) var facts: [Plan.ClipFacts]
    /// For each clip its id in the ledger, 0 where it has none yet.
    package private(set) var ids: [Int64]
    /// For each clip the digest of the file its results were made of.
    package private(set) var contents: [ContentDigest]
    /// For each clip the size of its file in bytes, 0 where it is gone.
    package private(set) var sizes: [Int64]
    /// For each clip the length of its file when it was last read, in seconds; 0 where it is not known.
    package private(set) var seconds: [Float]

    /// - Parameters:
    ///   - ledger: nil where the cache does not exist yet.
    ///   - readsContent: digests every file. Otherwise one whose size and modification time are those of the ledger
    ///     counts as the same, and is not read.
    /// - Throws: `LedgerError` where the ledger cannot be read.
    package init(manifest: Manifest, graph: Graph, ledger: Ledger?, readsContent: Bool = false) throws {
        facts = [Plan.ClipFacts](repeating: .init(isNew: true), count: manifest.count)
        ids = [Int64](repeating: 0, count: manifest.count)
        contents = [ContentDigest](repeating: .none, count: manifest.count)
        seconds = [Float](repeating: 0, count: manifest.count)
        var stats: [SourceStat?] = (0..<manifest.count).map { SourceStat.find(manifest.path($0)) }
        for row in stats.indices where stats[row] == nil { facts[row].isMissing = true }
        sizes = stats.map { $0?.size ?? 0 }
        guard let ledger else { return }
        var rowOfID: [Int64: Int32] = [:]
        rowOfID.reserveCapacity(manifest.count)
        try ledger.forEachKnownClip { id, name in
            guard let row = manifest.row(of: name) else { return }
            ids[row] = id
            rowOfID[id] = Int32(row)
        }
        try ledger.forEachSource { source in
            guard let row = rowOfID[source.clip].map(Int.init) else { return }
            facts[row].isNew = false
            contents[row] = ContentDigest(source.content)
            seconds[row] = Float(source.seconds ?? 0)
            // A file that is gone cannot have changed: its cached rows stand.
            guard let now = stats[row] else { return }
            guard readsContent || now.size != source.size || now.modified != source.modified else { return }
            // A time stamp that differs does not make a file another one: its content does.
            let digest = now.size == source.size ? try? now.digest(manifest.path(row)) : nil
            facts[row].hasChanged = digest != source.content
        }
        try readResults(graph, ledger, rowOfID)
        let targets = graph.failureTargets.map(\.hex) + [graph.fingerprint.hex]
        for failure in try ledger.failures(targets: targets) {
            guard let row = rowOfID[failure.clip].map(Int.init) else { continue }
            let isSameFile = stats[row]?.size == failure.size && stats[row]?.modified == failure.modified
            facts[row].isNew = false
            // Rows of the file as it was before do not make up for a failure of the file as it is.
            let isDone = facts[row].available == graph.persistent && !facts[row].hasChanged
            if isSameFile, !isDone { facts[row].hasFailed = true }
        }
        stats = []
    }

    private mutating func readResults(_ graph: Graph, _ ledger: Ledger, _ rowOfID: [Int64: Int32]) throws {
        for node in graph.nodes where node.definition.persists {
            guard let stage = try ledger.knownStageID(fingerprint: node.fingerprint.hex) else { continue }
            try ledger.forEachResult(stage: stage) { result in
                guard let row = rowOfID[result.clip].map(Int.init), contents[row].matches(result.content) else {
                    return
                }
                facts[row].available |= 1 << UInt64(node.index)
            }
        }
    }
}
