import Corpora
import Tables

/// Events as `clip,path,start,end,label,score,peak`, and `began` where start times are known; with judgements, those
/// columns after them; then the manifest's further columns.
final class EventCSVWriter: EventWriter {
    private static let columns = ["clip", "path", "start", "end", "label", "score", "peak"]
    /// Those that only some tables have included.
    static let allColumns = columns + [ClipMetadata.began] + EventText.reviewColumns
    private var hasBegan = false
    private var carried = CarriedColumns.none
    private var further: [UInt8] = []
    private var isReviewed = false
    private var prefix: [UInt8] = []
    private var labels = FieldCache { CSV.field(CSV.safeField($0)) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {
        hasBegan = provenance.hasStartTimes
        isReviewed = provenance.isReviewed
        carried = provenance.further
        let more = (hasBegan ? [ClipMetadata.began] : []) + (isReviewed ? EventText.reviewColumns : [])
        out += (Self.columns + more).joined(separator: ",").utf8
        out += carried.csvTitles
        out.append(UInt8(ascii: "\n"))
    }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        prefix = CSV.field(CSV.safeField(clip.name)) + [UInt8(ascii: ",")] + CSV.field(clip.path)
        further = carried.csv(clip.metadata)
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        out += prefix
        out.append(UInt8(ascii: ","))
        EventText.append(seconds: event.start, to: &out)
        out.append(UInt8(ascii: ","))
        EventText.append(seconds: event.end, to: &out)
        out.append(UInt8(ascii: ","))
        out += labels[event.label]
        out.append(UInt8(ascii: ","))
        // A judged event that is not found any more has none.
        if !event.score.isNaN { EventText.append(score: event.score, to: &out) }
        out.append(UInt8(ascii: ","))
        if !event.peak.isNaN { EventText.append(score: event.peak, to: &out) }
        if hasBegan {
            out.append(UInt8(ascii: ","))
            out += CSV.field(event.began ?? "")
        }
        if isReviewed { ReviewFields.append(event.review, to: &out) }
        out += further
        out.append(UInt8(ascii: "\n"))
    }
}
