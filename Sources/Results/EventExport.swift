import Corpora
import Errors
import Files
import Ledger

/// Writes a cache's events into one file, or into one file per recording.
package struct EventExport {
    package let source: EventSource
    /// What the user asked for.
    package let settings: [(name: String, value: String)]
    private let provenance: Provenance
    private let reviewed: (contents: JudgementStore.Contents, ledger: Ledger)?

    /// - Parameters:
    ///   - version: Earmark's version, for the provenance.
    ///   - reviewed: judgements to put beside the events, and the ledger that the events are of; nil for none.
    package init(
        source: EventSource, version: String, reviewed: (contents: JudgementStore.Contents, ledger: Ledger)? = nil
    ) {
        self.source = source
        self.reviewed = reviewed
        settings = source.settings + (reviewed.map { [("reviewed", $0.contents.text)] } ?? [])
        var provenance = Provenance(version: version, pipeline: source.pipeline, settings: settings)
        provenance.band = source.band
        provenance.isReviewed = reviewed != nil
        self.provenance = provenance
    }

    /// Writes one file in a format that is a stream of bytes.
    ///
    /// - Throws: as `EventSource.forEach(_:)` and `FileSystem.write` do.
    package func write(_ format: EventFormat, to path: String) throws -> EventSource.Summary {
        if format.isOfOneRecording, let other = try source.secondClip() {
            throw SettingError(
                name: "--format \(format.name)", found: "several recordings, '\(other)' among them",
                expected: "--per-file, as such a file is of one recording, or one by --clip")
        }
        var (provenance, record) = try carrying(format)
        if format.namesFromRoot { provenance.root = try RecordingTree.root(source.forEachPath) }
        var summary = EventSource.Summary()
        try FileSystem.write(path) { put in
            try withoutActuallyEscaping(put) { put in
                let sink = EventTextSink(format.make(), put)
                try sink.begin(provenance)
                summary = try events(into: sink, hasVerdicts: format.hasVerdicts)
                try sink.finish()
            }
        }
        summary.columns = record
        return summary
    }

    /// Writes one file per recording, in a tree of folders that mirrors the recordings' own.
    ///
    /// - Throws: as `EventSource.forEach(_:)` does; `FileError` if a file cannot be written.
    package func write(_ format: EventFormat, below folder: String) throws -> EventSource.Summary {
        let names = try RecordingTree(source.forEachPart)
        var (provenance, record) = try carrying(format)
        provenance.root = names.root
        let files = try RecordingFiles(folder: folder, format: format, provenance: provenance, names: names)
        var summary = try events(into: files, hasVerdicts: format.hasVerdicts, writesClipsWithoutScores: false)
        try files.finish()
        summary.columns = record
        return summary
    }

    /// Writes an SQLite file.
    ///
    /// - Throws: as `EventSource.forEach(_:)` does; `FileError` if it cannot be written.
    package func writeDatabase(to path: String) throws -> EventSource.Summary {
        var summary = EventSource.Summary()
        var provenance = provenance
        provenance.further = ResultDatabase.further(try source.manifestColumns())
        try ResultDatabase.make(
            path, .events, classes: source.classes, thresholds: source.rule.thresholds, provenance: provenance
        ) { database in
            summary = try events(into: EventDatabaseSink(database), hasVerdicts: true)
            return summary.coverage
        }
        summary.columns = provenance.further.record
        return summary
    }

    /// The provenance with the manifest's further columns as a format has them, and the record of these.
    private func carrying(_ format: EventFormat) throws -> (Provenance, ColumnRecord?) {
        let columns = try source.manifestColumns()
        var provenance = provenance
        provenance.hasStartTimes = columns.hasStartTimes
        guard let own = format.columns else { return (provenance, ColumnRecord(leftOut: columns.names)) }
        provenance.further = CarriedColumns(columns, besides: own)
        return (provenance, provenance.further.record)
    }

    /// - Parameter writesClipsWithoutScores: whether judgements of clips without scores can be written.
    private func events(
        into sink: any EventSink, hasVerdicts: Bool, writesClipsWithoutScores: Bool = true
    ) throws -> EventSource.Summary {
        guard let reviewed else { return try source.forEach(sink) }
        let beside = ReviewedEvents(
            reviewed.contents, ledger: reviewed.ledger, form: hasVerdicts ? .beside : .applied,
            labels: source.selection.places.map { source.classes[$0] }, clips: source.selection.clips, inner: sink)
        var summary = try source.forEach(beside)
        try beside.finish(writesClipsWithoutScores: writesClipsWithoutScores)
        summary.reviews = beside.summary
        return summary
    }
}

/// Writes events into one stream of bytes.
package final class EventTextSink: EventSink {
    /// Bytes gathered before they are passed on.
    private static let room = 1 << 16

    private let writer: any EventWriter
    private let put: (ArraySlice<UInt8>) throws -> Void
    private var out: [UInt8] = []

    /// - Parameter put: receives the bytes in order.
    package init(_ writer: any EventWriter, _ put: @escaping (ArraySlice<UInt8>) throws -> Void) {
        self.writer = writer
        self.put = put
    }

    /// Called before the first recording.
    ///
    /// - Throws: anything the writer throws.
    package func begin(_ provenance: Provenance) throws { try writer.begin(provenance, &out) }

    /// - Throws: anything the writer throws.
    package func begin(clip: EventClip) throws { try writer.begin(clip: clip, &out) }

    /// - Throws: anything the writer or `put` throws.
    package func write(_ event: Event) throws {
        try writer.write(event, &out)
        if out.count >= Self.room { try flush() }
    }

    /// Passes on the remaining bytes.
    ///
    /// - Throws: anything the writer or `put` throws.
    package func finish() throws {
        try writer.finish(&out)
        try flush()
    }

    private func flush() throws {
        try put(out[...])
        out.removeAll(keepingCapacity: true)
    }
}

private final class EventDatabaseSink: EventSink {
    private let database: ResultDatabase

    init(_ database: ResultDatabase) { self.database = database }

    func begin(clip: EventClip) throws { try database.write(clip, state: ClipTally.State.done.rawValue) }
    func write(_ event: Event) throws { try database.write(event) }
    func note(missing clip: EventClip, state: String) throws { try database.write(clip, state: state) }
}
