import Files

/// Events as WebVTT cues, for players that show them beside a recording: `Dog (0.87)` from its start to its end.
///
/// Source: W3C, "WebVTT: The Web Video Text Tracks Format", 4: times with three digits, an end after its start, cues by start,
/// `&`, `<` and `>` in a cue escaped (so that `-->` cannot stand there), no `-->` in a comment. Times are of one recording.
final class WebVTTWriter: EventWriter {
    private var note = ""
    private var labels = FieldCache { WebVTTWriter.escaped(PlainLine.text($0)) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {
        out += "WEBVTT\n".utf8
        let settings = provenance.settings.map { ", \($0.name) \($0.value)" }.joined()
        note = "Earmark \(provenance.version), pipeline \(provenance.pipeline)\(settings)"
    }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        out += "\nNOTE \(Self.comment("\(clip.name): \(note)"))\n".utf8
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        // In milliseconds a short event would have no length, and a player would not show it.
        let start = Int((event.start * 1000).rounded())
        let end = max(start + 1, Int((event.end * 1000).rounded()))
        out.append(UInt8(ascii: "\n"))
        Self.append(milliseconds: start, to: &out)
        out += " --> ".utf8
        Self.append(milliseconds: end, to: &out)
        out.append(UInt8(ascii: "\n"))
        out += labels[event.label]
        out += " (".utf8
        NumberText.append(event.score, digits: 2, to: &out)
        out += ")\n".utf8
    }

    private static func append(milliseconds: Int, to out: inout [UInt8]) {
        func append(_ number: Int, _ digits: Int) {
            let text = String(number)
            out += repeatElement(UInt8(ascii: "0"), count: max(0, digits - text.utf8.count))
            out += text.utf8
        }
        append(milliseconds / 3_600_000, 2)
        out.append(UInt8(ascii: ":"))
        append(milliseconds / 60_000 % 60, 2)
        out.append(UInt8(ascii: ":"))
        append(milliseconds / 1000 % 60, 2)
        out.append(UInt8(ascii: "."))
        append(milliseconds % 1000, 3)
    }

    /// UTF-8, as the format must be: of a name that is none, as `PathText` has it.
    private static func escaped(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): out += "&amp;".utf8
            case UInt8(ascii: "<"): out += "&lt;".utf8
            case UInt8(ascii: ">"): out += "&gt;".utf8
            default: out.append(byte)
            }
        }
        return out
    }

    private static func comment(_ text: String) -> String {
        PlainLine.text(text).replacing("-->", with: "-- >")
    }
}
