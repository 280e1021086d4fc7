import Tables

/// Events as JSON Lines: one object a line, with the names of the CSV table's columns. The manifest's further columns are
/// the object `columns`, with the recording's own `began` among them.
final class EventLinesWriter: EventWriter {
    private var prefix: [UInt8] = []
    private var further: [UInt8] = []
    private var labels = FieldCache { JSONLine.string($0) }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        prefix = Array(#"{"clip":"#.utf8) + JSONLine.string(clip.name)
        prefix += Array(#","path":"#.utf8) + JSONLine.string(clip.path) + Array(#","start":"#.utf8)
        further = JSONLine.columns(clip.metadata)
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        out += prefix
        EventText.append(seconds: event.start, to: &out)
        out += #","end":"#.utf8
        EventText.append(seconds: event.end, to: &out)
        out += #","label":"#.utf8
        out += labels[event.label]
        for (name, value) in [("score", event.score), ("peak", event.peak)] {
            out += ",\"\(name)\":".utf8
            // A judged event that is not found any more has none.
            if value.isNaN { out += "null".utf8 } else { EventText.append(score: value, to: &out) }
        }
        if let began = event.began {
            out += #","began":"#.utf8
            out += JSONLine.string(began)
        }
        if let review = event.review { ReviewFields.appendMembers(review, to: &out) }
        out += further
        out += "}\n".utf8
    }
}
