import Audio
import Corpora
import Errors

/// Events as a selection table of Raven: tabs between columns, no quoting, one selection a line.
///
/// Source: Raven Pro User's Manual, "Selection Tables": `Selection`, `View`, `Channel`, times and frequencies are the columns of
/// every table; `Begin Path` and `File Offset (s)` let Raven open the recordings from the table. In a table of several recordings
/// Raven counts `Begin Time (s)` and `End Time (s)` through the recordings one after the other, in the order in which the table
/// names them, and `File Offset (s)` within a selection's own. So a recording's length must be known where others follow it.
/// Clips that are parts of one recording follow one another as that one. A selection spans the band that the front-end
/// hears. Raven shows columns that it does not know, here when the event began, where start times are known, and the
/// manifest's further columns.
final class RavenWriter: EventWriter {
    static let columns = [
        "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)",
        "Begin Path",
        "File Offset (s)", "Annotation", "Score", "Peak",
    ]
    private var band: [UInt8] = []
    private var path: [UInt8] = []
    private var hasBegan = false
    private var carried = CarriedColumns.none
    private var further: [UInt8] = []
    private var selections = 0
    /// Seconds of the recordings before this one; nil once the length of one is not known.
    private var before: Double? = 0
    /// The recordings of which the table has named parts: the seconds before each.
    private var named: [String: Double?] = [:]
    /// The recording that the table named last, with its length if any of its clips tells it.
    private var last: (path: String, seconds: Double?, before: Double?)?
    /// The seconds before the clip's recording, once the table has named it.
    private var place: Double??
    private var clip: EventClip?
    private var labels = FieldCache { PlainLine.bytes($0) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {
        hasBegan = provenance.hasStartTimes
        carried = provenance.further
        let titles = Self.columns + (hasBegan ? [ClipMetadata.began] : []) + carried.titles
        out += titles.map(PlainLine.bytes).joined(separator: [UInt8(ascii: "\t")])
        out.append(UInt8(ascii: "\n"))
        band = [UInt8(ascii: "\t")]
        NumberText.append(provenance.band.lowerBound, digits: 1, to: &band)
        band.append(UInt8(ascii: "\t"))
        NumberText.append(provenance.band.upperBound, digits: 1, to: &band)
        band.append(UInt8(ascii: "\t"))
    }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        self.clip = clip
        place = nil
        path = PlainLine.bytes(clip.path)
        further = carried.values(clip.metadata).flatMap { [UInt8(ascii: "\t")] + PlainLine.bytes($0) }
    }

    /// The seconds of the recordings before a clip's own; nil if the length of one is not known. Raven opens what the table
    /// names: a recording without an event is none of its sequence, and one with several parts is one.
    private func secondsBefore(_ clip: EventClip) -> Double? {
        if clip.part != nil {
            if let last, last.path == clip.path {
                self.last?.seconds = last.seconds ?? clip.recordingSeconds
                return last.before
            }
            if let known = named[clip.path] { return known }
        }
        if let last { before = before.flatMap { sum in last.seconds.map { sum + $0 } } }
        last = (clip.path, clip.recordingSeconds, before)
        if clip.part != nil { named[clip.path] = .some(before) }
        return before
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        if place == nil, let clip { place = .some(secondsBefore(clip)) }
        guard let before = place ?? nil else {
            throw SettingError(
                name: "--format raven", found: "recordings whose length the cache does not hold",
                expected: "--per-file, or a run that reads them anew and whole")
        }
        selections += 1
        out += "\(selections)\tSpectrogram 1\t\(clip?.part?.channel ?? 1)\t".utf8
        NumberText.append(before + event.start, digits: 6, to: &out)
        out.append(UInt8(ascii: "\t"))
        NumberText.append(before + event.end, digits: 6, to: &out)
        out += band
        out += path
        out.append(UInt8(ascii: "\t"))
        NumberText.append(event.start, digits: 6, to: &out)
        out.append(UInt8(ascii: "\t"))
        out += labels[event.label]
        out.append(UInt8(ascii: "\t"))
        EventText.append(score: event.score, to: &out)
        out.append(UInt8(ascii: "\t"))
        EventText.append(score: event.peak, to: &out)
        if hasBegan {
            out.append(UInt8(ascii: "\t"))
            out += (event.began ?? "").utf8
        }
        out += further
        out.append(UInt8(ascii: "\n"))
    }
}
