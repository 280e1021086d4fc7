/// Events as a label track of Audacity: `start TAB end TAB label`, seconds with six digits, one label a line, no header.
///
/// Source: Audacity manual, "Importing and Exporting Labels", standard format. A label is one line of text, and a tab would end
/// it, so control characters become blanks. Times are of one recording.
final class AudacityWriter: EventWriter {
    private var labels = FieldCache { PlainLine.bytes($0) }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        NumberText.append(event.start, digits: 6, to: &out)
        out.append(UInt8(ascii: "\t"))
        NumberText.append(event.end, digits: 6, to: &out)
        out.append(UInt8(ascii: "\t"))
        out += labels[event.label]
        out.append(UInt8(ascii: "\n"))
    }
}
