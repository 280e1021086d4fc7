import Audio
import Files
import Tables

/// Events as a results table of Kaleidoscope, in the form of its `cluster.csv`, which it opens by "Open Results".
///
/// Source: Kaleidoscope Pro User Guide, output columns: a recording is `INDIR`/`FOLDER`/`IN FILE`; `CHANNEL` counts from 0 (0
/// where channels are averaged); `OFFSET` and `DURATION` are seconds; `DATE` and `TIME` are when the recording began and empty where
/// that is not known; `TOP1MATCH` is the class and `TOP1DIST` a distance, the smaller the surer: 1 - score. `MANUAL ID` is left for
/// the person who checks. `SCORE` and `PEAK` are of our own; Kaleidoscope keeps columns that it does not know,
/// and the manifest's further columns are such.
final class KaleidoscopeWriter: EventWriter {
    static let columns = [
        "INDIR", "FOLDER", "IN FILE", "CHANNEL", "OFFSET", "DURATION", "Fmin", "Fmax", "DATE", "TIME", "HOUR",
        "TOP1MATCH",
        "TOP1DIST", "MANUAL ID", "SCORE", "PEAK",
    ]
    private var root = "/"
    private var band: [UInt8] = []
    private var place: [UInt8] = []
    private var date: [UInt8] = []
    private var carried = CarriedColumns.none
    private var further: [UInt8] = []
    private var labels = FieldCache { CSV.field(CSV.safeField($0)) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {
        root = provenance.root
        carried = provenance.further
        out += Self.columns.joined(separator: ",").utf8
        out += carried.csvTitles
        out.append(UInt8(ascii: "\n"))
        band = [UInt8(ascii: ",")]
        NumberText.append(provenance.band.lowerBound, upTo: 3, to: &band)
        band.append(UInt8(ascii: ","))
        NumberText.append(provenance.band.upperBound, upTo: 3, to: &band)
        band.append(UInt8(ascii: ","))
    }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        let folder = FileSystem.folder(of: clip.path)
        let below = folder == root ? "" : FileSystem.relative(folder, to: root)
        let file = FileSystem.relative(clip.path, to: folder)
        place = CSV.field(root) + [UInt8(ascii: ",")] + CSV.field(below) + [UInt8(ascii: ",")] + CSV.field(file)
        place += ",\((clip.part?.channel ?? 1) - 1),".utf8
        date = Array((KaleidoscopeDate(clip.began)?.fields ?? ",,").utf8) + [UInt8(ascii: ",")]
        further = carried.csv(clip.metadata)
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        out += place
        EventText.append(seconds: event.start, to: &out)
        out.append(UInt8(ascii: ","))
        EventText.append(seconds: event.end - event.start, to: &out)
        out += band
        out += date
        out += labels[event.label]
        out.append(UInt8(ascii: ","))
        EventText.append(score: 1 - event.score, to: &out)
        out += ",,".utf8
        EventText.append(score: event.score, to: &out)
        out.append(UInt8(ascii: ","))
        EventText.append(score: event.peak, to: &out)
        out += further
        out.append(UInt8(ascii: "\n"))
    }
}

/// `DATE,TIME,HOUR` of a time in ISO 8601: the clock of its own zone, as Kaleidoscope takes it from a file's name.
private struct KaleidoscopeDate {
    let fields: String

    /// nil where there is no such time.
    init?(_ began: String?) {
        guard let began, began.utf8.count >= 19 else { return nil }
        let parts = began.prefix(19).split(separator: "T")
        guard parts.count == 2, parts[0].utf8.count == 10, parts[1].utf8.count == 8 else { return nil }
        fields = "\(parts[0]),\(parts[1]),\(parts[1].prefix(2))"
    }
}
