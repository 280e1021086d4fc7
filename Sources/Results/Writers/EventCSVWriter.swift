import Tables

/// Events as `clip,path,start,end,label,score,peak`, and `began` where start times are known.
final class EventCSVWriter: EventWriter {
    private var hasBegan = false
    private var prefix: [UInt8] = []
    private var labels = FieldCache { CSV.field(CSV.safeField($0)) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {
        hasBegan = provenance.hasStartTimes
        out += Array(("clip,path,start,end,label,score,peak" + (hasBegan ? ",began\n" : "\n")).utf8)
    }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        prefix = CSV.field(CSV.safeField(clip.name)) + [UInt8(ascii: ",")] + CSV.field(clip.path)
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
        EventText.append(score: event.score, to: &out)
        out.append(UInt8(ascii: ","))
        EventText.append(score: event.peak, to: &out)
        if hasBegan {
            out.append(UInt8(ascii: ","))
            out += CSV.field(event.began ?? "")
        }
        out.append(UInt8(ascii: "\n"))
    }
}
