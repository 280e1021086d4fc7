import Ledger
import Tables

/// What reviewers said, as the tables of our own have it.
enum ReviewFields {
    /// The fields of `EventText.reviewColumns`, each after a comma; all empty where nobody judged.
    static func append(_ review: EventReview?, to out: inout [UInt8]) {
        guard let review else {
            out += [UInt8](repeating: UInt8(ascii: ","), count: EventText.reviewColumns.count)
            return
        }
        func text(_ value: String) {
            out.append(UInt8(ascii: ","))
            out += CSV.field(CSV.safeField(value))
        }
        func seconds(_ value: Double?) {
            out.append(UInt8(ascii: ","))
            if let value { EventText.append(seconds: value, to: &out) }
        }
        text(review.verdict.rawValue)
        text(review.reviewers.joined(separator: EventText.reviewerSeparator))
        text(review.judgedAt)
        text(review.correction.label ?? "")
        seconds(review.correction.start)
        seconds(review.correction.end)
    }

    /// The same as members of a JSON object; corrections only where there are some.
    static func appendMembers(_ review: EventReview, to out: inout [UInt8]) {
        func text(_ name: String, _ value: String?) {
            guard let value else { return }
            out += ",\"\(name)\":".utf8
            out += JSONLine.string(value)
        }
        func seconds(_ name: String, _ value: Double?) {
            guard let value else { return }
            out += ",\"\(name)\":".utf8
            EventText.append(seconds: value, to: &out)
        }
        text("verdict", review.verdict.rawValue)
        text("reviewer", review.reviewers.joined(separator: EventText.reviewerSeparator))
        text("judged_at", review.judgedAt)
        text("corrected_label", review.correction.label)
        seconds("corrected_start", review.correction.start)
        seconds("corrected_end", review.correction.end)
    }
}
