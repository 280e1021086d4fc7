import Ledger
import Tables

/// Writes labels as one format has them. What a call appends to `out` is written by the caller.
protocol LabelWriter: AnyObject {
    /// What stands before the first label.
    func begin(_ out: inout [UInt8])
    /// A clip whose labels follow; it may have none.
    func begin(clip: ClipRecord, _ out: inout [UInt8])
    func write(_ label: ClipLabel, _ out: inout [UInt8])
    /// A label with what reviewers said, in a table with judgements.
    ///
    /// - Parameters:
    ///   - label: nil for a class that was judged and is none of the labels: it has neither score nor rank.
    ///   - place: the class's index.
    func write(_ label: ClipLabel?, place: Int, review: EventReview?, _ out: inout [UInt8])
}

/// Labels as `clip,path,label,score,rank`; with judgements, those columns after them; then the manifest's further
/// columns.
final class LabelCSVWriter: LabelWriter {
    private let classes: [[UInt8]]
    private static let columns = ["clip", "path", "label", "score", "rank"]
    /// Those that only some tables have included.
    static let allColumns = columns + EventText.reviewColumns
    private let isReviewed: Bool
    private let carried: CarriedColumns
    private var prefix: [UInt8] = []
    private var further: [UInt8] = []

    init(classes: [String], isReviewed: Bool = false, further: CarriedColumns = .none) {
        carried = further
        self.classes = classes.map { CSV.field(CSV.safeField($0)) + [UInt8(ascii: ",")] }
        self.isReviewed = isReviewed
    }

    func begin(_ out: inout [UInt8]) {
        out += (Self.columns + (isReviewed ? EventText.reviewColumns : [])).joined(separator: ",").utf8
        out += carried.csvTitles
        out.append(UInt8(ascii: "\n"))
    }

    func write(_ label: ClipLabel?, place: Int, review: EventReview?, _ out: inout [UInt8]) {
        out += prefix
        out += classes[place]
        if let label { NumberText.append(score: label.score, to: &out) }
        out.append(UInt8(ascii: ","))
        if let label { out += label.rank.description.utf8 }
        ReviewFields.append(review, to: &out)
        out += further
        out.append(UInt8(ascii: "\n"))
    }

    func begin(clip: ClipRecord, _ out: inout [UInt8]) {
        prefix = CSV.field(CSV.safeField(clip.name)) + [UInt8(ascii: ",")] + CSV.field(clip.path)
        prefix.append(UInt8(ascii: ","))
        further = carried.csv(clip.metadata)
    }

    func write(_ label: ClipLabel, _ out: inout [UInt8]) {
        out += prefix
        out += classes[label.place]
        NumberText.append(score: label.score, to: &out)
        out.append(UInt8(ascii: ","))
        out += label.rank.description.utf8
        out += further
        out.append(UInt8(ascii: "\n"))
    }
}

/// Labels as JSON Lines: one object a line, with the names of the CSV table's columns. The manifest's further columns are
/// the object `columns`.
final class LabelLinesWriter: LabelWriter {
    private let classes: [[UInt8]]
    private var prefix: [UInt8] = []
    private var further: [UInt8] = []

    init(classes: [String]) { self.classes = classes.map { JSONLine.string($0) + Array(#","score":"#.utf8) } }

    func begin(_ out: inout [UInt8]) {}

    func write(_ label: ClipLabel?, place: Int, review: EventReview?, _ out: inout [UInt8]) {
        out += prefix
        out += classes[place]
        if let label { NumberText.append(score: label.score, to: &out) } else { out += "null".utf8 }
        out += #","rank":"#.utf8
        out += (label?.rank.description ?? "null").utf8
        if let review { ReviewFields.appendMembers(review, to: &out) }
        out += further
        out += "}\n".utf8
    }

    func begin(clip: ClipRecord, _ out: inout [UInt8]) {
        prefix = Array(#"{"clip":"#.utf8) + JSONLine.string(clip.name)
        prefix += Array(#","path":"#.utf8) + JSONLine.string(clip.path) + Array(#","label":"#.utf8)
        further = JSONLine.columns(clip.metadata)
    }

    func write(_ label: ClipLabel, _ out: inout [UInt8]) {
        out += prefix
        out += classes[label.place]
        NumberText.append(score: label.score, to: &out)
        out += #","rank":"#.utf8
        out += label.rank.description.utf8
        out += further
        out += "}\n".utf8
    }
}
