import Corpora
import Errors
import Files
import Ledger

/// Writes what a search found as events: in tables of our own the best first, and in other programs' formats recording by
/// recording, each by start.
package struct SearchExport {
    private let search: SimilaritySearch
    private let version: String

    /// - Parameter version: Earmark's version, for the provenance.
    package init(_ search: SimilaritySearch, version: String) {
        self.search = search
        self.version = version
    }

    /// - Returns: what became of the manifest's further columns; nil if it has none.
    /// - Throws: `SettingError` if the format is of one recording and the results are of several; `FileError`, `LedgerError`.
    package func write(
        _ outcome: SimilaritySearch.Outcome, _ format: EventFormat, to path: String
    ) throws -> ColumnRecord? {
        let source = search.source
        let clips = Set(outcome.found.map(\.position))
        if format.isOfOneRecording, clips.count > 1 {
            throw SettingError(
                name: "--format \(format.name)", found: "sounds in \(clips.count) recordings",
                expected: "a format with a column for the recording, such as csv, or one recording by --clip")
        }
        let manifest = try ManifestColumns(source.ledger)
        var provenance = Provenance(version: version, pipeline: source.pipeline, settings: search.settings)
        provenance.band = source.band
        provenance.hasStartTimes = manifest.hasStartTimes
        var record = ColumnRecord(leftOut: manifest.names)
        if let own = format.columns {
            provenance.further = CarriedColumns(manifest, besides: own)
            record = provenance.further.record
        }
        if format.namesFromRoot {
            provenance.root = try RecordingTree.root { body in try source.ledger.forEachClip { body($0.path) } }
        }
        // Only tables with a row for each event, in which each row names its recording, may have recordings mixed.
        let found =
            Self.ranked.contains(format.name)
            ? outcome.found
            : outcome.found.sorted { ($0.position, $0.chunks[0]) < ($1.position, $1.chunks[0]) }
        try FileSystem.write(path) { put in
            try withoutActuallyEscaping(put) { put in
                let sink = EventTextSink(format.make(), put)
                try sink.begin(provenance)
                var last: Int64?
                for one in found {
                    if one.position != last { try sink.begin(clip: one.clip) }
                    last = one.position
                    try sink.write(one.event)
                }
                try sink.finish()
            }
        }
        return record
    }

    /// The formats whose rows stand in any order.
    private static let ranked: Set = ["csv", "jsonl"]
}
