import Audio

/// Events as JAMS: one annotation of the namespace `tag_open`, whose observations have the class as value and the score as
/// confidence. What made them stands in the sandbox, with the manifest's further columns; an event's peak has no place in the format.
///
/// Source: the JAMS schema 0.3 (`jams_schema.json`) and its namespace `tag_open`. A file is of one recording.
final class JAMSWriter: EventWriter {
    /// Of the schema that the file keeps to.
    private static let schema = "0.3.4"
    private var provenance: Provenance?
    private var clip: EventClip?
    private var isFirst = true
    private var labels = FieldCache { JSONLine.string($0) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws { self.provenance = provenance }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        self.clip = clip
        out += #"{"annotations":[{"namespace":"tag_open","annotation_metadata":{"annotation_tools":"Earmark "#.utf8
        out += JSONLine.string(provenance?.version ?? "").dropFirst()
        out += #","data_source":"program"},"#.utf8
        if let seconds = clip.seconds {
            out += #""time":"#.utf8
            EventText.append(seconds: clip.start, to: &out)
            out += #","duration":"#.utf8
            EventText.append(seconds: seconds, to: &out)
            out.append(UInt8(ascii: ","))
        }
        out += #""data":["#.utf8
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        out += (isFirst ? #"{"time":"# : #",{"time":"#).utf8
        isFirst = false
        EventText.append(seconds: event.start, to: &out)
        out += #","duration":"#.utf8
        EventText.append(seconds: event.end - event.start, to: &out)
        out += #","value":"#.utf8
        out += labels[event.label]
        out += #","confidence":"#.utf8
        EventText.append(score: event.score, to: &out)
        out.append(UInt8(ascii: "}"))
    }

    func finish(_ out: inout [UInt8]) throws {
        if clip == nil { out += #"{"annotations":["#.utf8 } else { out += #"],"sandbox":{}}"#.utf8 }
        out += #"],"file_metadata":{"title":"#.utf8
        out += JSONLine.string(clip?.name ?? "")
        if let seconds = clip?.recordingSeconds {
            out += #","duration":"#.utf8
            EventText.append(seconds: seconds, to: &out)
        }
        out += #","identifiers":{},"jams_version":"\#(Self.schema)"},"sandbox":{"path":"#.utf8
        out += JSONLine.string(clip?.path ?? "")
        if let part = clip?.part { out += #","part":"#.utf8 + JSONLine.string(part.text) }
        if let began = clip?.began { out += #","began":"#.utf8 + JSONLine.string(began) }
        out += JSONLine.columns(clip?.metadata)
        for (name, value) in provenance?.fields ?? [] {
            out.append(UInt8(ascii: ","))
            out += JSONLine.string(name)
            out.append(UInt8(ascii: ":"))
            out += JSONLine.string(value)
        }
        out += "}}\n".utf8
    }
}
