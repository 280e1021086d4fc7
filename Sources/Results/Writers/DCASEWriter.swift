import Files

/// Events as the tables of DCASE Task 4: `filename TAB onset TAB offset TAB event_label` under these names, seconds.
///
/// Source: the task's `validation.tsv` and `sed_eval.io.load_event_list` (`dcase_util.containers.MetaDataContainer`, which takes
/// the column names from a header where the file's name ends in `.tsv`). `filename` is relative to the folder that all
/// recordings of the cache lie in. Control characters become blanks, as those readers strip
/// fields; a field with a quote stands in quotes.
final class DCASEWriter: EventWriter {
    private var root = ""
    private var file: [UInt8] = []
    private var labels = FieldCache { QuotedField.bytes(PlainLine.text($0), delimiter: UInt8(ascii: "\t")) }

    func begin(_ provenance: Provenance, _ out: inout [UInt8]) throws {
        root = provenance.root
        out += "filename\tonset\toffset\tevent_label\n".utf8
    }

    func begin(clip: EventClip, _ out: inout [UInt8]) throws {
        file = QuotedField.bytes(
            PlainLine.text(FileSystem.relative(clip.path, to: root)), delimiter: UInt8(ascii: "\t"))
    }

    func write(_ event: Event, _ out: inout [UInt8]) throws {
        out += file
        out.append(UInt8(ascii: "\t"))
        NumberText.append(event.start, digits: 6, to: &out)
        out.append(UInt8(ascii: "\t"))
        NumberText.append(event.end, digits: 6, to: &out)
        out.append(UInt8(ascii: "\t"))
        out += labels[event.label]
        out.append(UInt8(ascii: "\n"))
    }
}
