import Audio
import Corpora
import Ledger

extension Manifest {
    /// What the ledger keeps of a clip of the manifest.
    func ledgerRow(_ row: Int) -> Ledger.ManifestRow {
        let entry = entry(row)
        return .init(entry.clip, entry.path, part: entry.part?.text, metadata: metadata(row))
    }

    /// The manifest's identity in the ledger. Computed from what was read rather than from the file: a list that never was
    /// a file has a digest too, and a file may have changed by now.
    var ledgerDigest: String { "\(folder) \(digest)" }
}
