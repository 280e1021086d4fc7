import Corpora
import Tables

/// Writes events as one format has them.
///
/// Called in this order: `begin` once, then for each recording `begin(clip:)` and its events by start, then by class in the
/// model's order; `finish` once. What a call appends to `out` is written by the caller, piece by piece: a writer keeps
/// nothing that grows with the number of events, unless its format cannot do without.
package protocol EventWriter: AnyObject {
    /// What stands before the first event.
    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws
    /// A recording whose events follow; it may have none.
    func begin(clip: EventClip, _ out: inout [UInt8]) throws
    func write(_ event: Event, _ out: inout [UInt8]) throws
    /// What stands behind the last event.
    func finish(_ out: inout [UInt8]) throws
}

extension EventWriter {
    package func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {}
    package func begin(clip: EventClip, _ out: inout [UInt8]) throws {}
    package func finish(_ out: inout [UInt8]) throws {}
}

/// A format of events that is written as a stream of bytes. (A database is not one: it is written by `ResultDatabase`.)
package struct EventFormat: Sendable {
    /// What `--format` takes.
    package let name: String
    /// Of a file's name, without the dot.
    package let ending: String
    /// Whether a file can only be of one recording, because nothing in it names the recording that a time is of.
    package let isOfOneRecording: Bool
    /// Whether recordings are named from the folder that all of them lie in or below.
    package let namesFromRoot: Bool
    /// Whether it has a place for a reviewer's verdict.
    package let hasVerdicts: Bool
    /// The names of a table's own columns, those included that only some tables have; empty where the manifest's further
    /// columns have an object of their own; nil if the format has no place for these.
    package let columns: [String]?
    /// A writer for one file.
    package let make: @Sendable () -> any EventWriter

    package init(
        name: String, ending: String, isOfOneRecording: Bool = false, namesFromRoot: Bool = false,
        hasVerdicts: Bool = false, columns: [String]? = nil,
        make: @escaping @Sendable () -> any EventWriter
    ) {
        self.name = name
        self.ending = ending
        self.isOfOneRecording = isOfOneRecording
        self.namesFromRoot = namesFromRoot
        self.hasVerdicts = hasVerdicts
        self.columns = columns
        self.make = make
    }

    /// Every format, in the order in which help names them: the one place where a new one is added.
    package static let all: [EventFormat] = [
        EventFormat(name: "csv", ending: "csv", hasVerdicts: true, columns: EventCSVWriter.allColumns) {
            EventCSVWriter()
        },
        EventFormat(name: "jsonl", ending: "jsonl", hasVerdicts: true, columns: []) { EventLinesWriter() },
        EventFormat(name: "audacity", ending: "txt", isOfOneRecording: true) { AudacityWriter() },
        EventFormat(name: "raven", ending: "selections.txt", columns: RavenWriter.columns + [ClipMetadata.began]) {
            RavenWriter()
        },
        EventFormat(
            name: "kaleidoscope", ending: "kaleidoscope.csv", namesFromRoot: true, columns: KaleidoscopeWriter.columns
        ) { KaleidoscopeWriter() },
        EventFormat(name: "dcase", ending: "tsv", namesFromRoot: true) { DCASEWriter() },
        EventFormat(name: "webvtt", ending: "vtt", isOfOneRecording: true) { WebVTTWriter() },
        EventFormat(name: "jams", ending: "jams", isOfOneRecording: true, columns: []) { JAMSWriter() },
    ]

    /// The format of a name; nil where there is none.
    package static func named(_ name: String) -> EventFormat? { all.first { $0.name == name } }
}
