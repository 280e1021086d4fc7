import Audio
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline

/// Compares the manifest, the files and the ledger to find out what is known about each clip before planning.
///
/// Uses arrays indexed by the manifest's rows, so that a million clips take only tens of megabytes.
package struct Reconciler {
    /// What the plan needs to know about each clip of the manifest.
    package private(set) var facts: [Plan.ClipFacts]
    /// Each clip's id in the ledger; 0 if it has none yet.
    package private(set) var ids: [Int64]
    /// The digest of each clip's file as it was last read, which its results were made from.
    package private(set) var contents: [ContentDigest]
    /// The size of each clip's file in bytes; 0 if the file is missing.
    package private(set) var sizes: [Int64]
    /// The length of each clip's file when it was last read, in seconds; 0 if unknown.
    package private(set) var seconds: [Float]

    /// - Parameters:
    ///   - ledger: nil if the cache does not exist yet.
    ///   - readsContent: whether to compute the digest of every file whose size is unchanged. If false, a file with the
    ///     size and modification time that the ledger has is assumed to be unchanged and is not read.
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package init(manifest: Manifest, graph: Graph, ledger: Ledger?, readsContent: Bool = false) throws {
        precondition(!manifest.hasUncountedChannels, "clips that are not known yet")
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
        var otherParts: Set<Int> = []
        try ledger.forEachKnownPart { id, name, part in
            guard let row = manifest.row(of: name) else { return }
            ids[row] = id
            rowOfID[id] = Int32(row)
            // A run forgets what it knew of these clips' files when it takes over the manifest; a plan changes nothing.
            if manifest.part(row)?.text != part { otherParts.insert(row) }
        }
        let digests = PerFileCache<String>(limit: 4096)
        let digester = FileDigester()
        try ledger.forEachSource { source in
            guard let row = rowOfID[source.clip].map(Int.init), !otherParts.contains(row) else { return }
            facts[row].isNew = false
            contents[row] = ContentDigest(source.content)
            seconds[row] = Float(source.seconds ?? 0)
            // A missing file cannot have changed: its cached rows remain valid.
            guard let now = stats[row] else { return }
            guard readsContent || now.size != source.size || now.modified != source.modified else { return }
            // A different time stamp alone does not mean that the file changed; different content does.
            let digest =
                now.size == source.size
                ? try? now.digest(manifest.path(row), part: manifest.part(row)?.text, digester, keptIn: digests) : nil
            facts[row].hasChanged = digest != source.content
        }
        try readResults(graph, ledger, rowOfID)
        let targets = graph.failureTargets.map(\.hex) + [graph.fingerprint.hex]
        for failure in try ledger.failures(targets: targets) {
            guard let row = rowOfID[failure.clip].map(Int.init), !otherParts.contains(row) else { continue }
            let isSameFile = stats[row]?.size == failure.size && stats[row]?.modified == failure.modified
            facts[row].isNew = false
            // Rows from an earlier version of the file do not make up for a failure of the current one.
            let isDone = facts[row].available == graph.persistent && !facts[row].hasChanged
            if isSameFile, !isDone { facts[row].hasFailed = true }
        }
        stats = []
    }

    private mutating func readResults(_ graph: Graph, _ ledger: Ledger, _ rowOfID: [Int64: Int32]) throws {
        let kept = graph.nodes.filter(\.persists).flatMap { node in
            Set([node.fingerprint.hex, node.soundFingerprint.hex]).map { (node, $0) }
        }
        for (node, fingerprint) in kept {
            guard let stage = try ledger.knownStageID(fingerprint: fingerprint) else { continue }
            try ledger.forEachResult(stage: stage) { result in
                guard let row = rowOfID[result.clip].map(Int.init), contents[row].matches(result.content) else {
                    return
                }
                facts[row].available |= 1 << UInt64(node.index)
            }
        }
    }
}
