import Tables

/// Events as JSON Lines: one object a line, with the names of the CSV table's columns.
final class EventLinesWriter: EventWriter {
    private var prefix: [UInt8] = []
    private var labels = FieldCache { JSONLine.string($0) }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        prefix = Array(#"{"clip":"#.utf8) + JSONLine.string(clip.name)
        prefix += Array(#","path":"#.utf8) + JSONLine.string(clip.path) + Array(#","start":"#.utf8)
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        out += prefix
        EventText.append(seconds: event.start, to: &out)
        out += #","end":"#.utf8
        EventText.append(seconds: event.end, to: &out)
        out += #","label":"#.utf8
        out += labels[event.label]
        out += #","score":"#.utf8
        EventText.append(score: event.score, to: &out)
        out += #","peak":"#.utf8
        EventText.append(score: event.peak, to: &out)
        if let began = event.began {
            out += #","began":"#.utf8
            out += JSONLine.string(began)
        }
        out += "}\n".utf8
    }
}
