import GRDB

/// A reviewer's judgement of an event. It is one row of a cache's judgements, to which rows are only ever added.
///
/// A judgement names its event by clip, class and times rather than by a row number. It therefore stays valid when the
/// ledger is repaired, pruned or rebuilt, and when other thresholds find other events.
package struct Judgement: Sendable, Hashable {
    /// The reviewer's decision.
    package enum Verdict: String, Sendable, CaseIterable, Codable {
        case accept
        case reject
        case unsure
    }

    /// The event as it was shown to the reviewer.
    package struct Subject: Sendable, Hashable {
        /// The clip's name in the manifest.
        package let clip: String
        /// The digest of the recording's bytes, as recorded in the ledger.
        package let content: String
        /// The class's name.
        package let label: String
        /// The event's start, in seconds from the start of the recording.
        package let start: Double
        package let end: Double
        /// The mean of the class's curve over the event; `peak` is the maximum.
        package let score: Double
        package let peak: Double
        /// The threshold with which the event was found.
        package let threshold: Double
        /// The fingerprint of the stage whose scores the event was found in: it cannot be compared with another model's
        /// scores.
        package let stage: String

        package init(
            clip: String, content: String, label: String, start: Double, end: Double, score: Double, peak: Double,
            threshold: Double, stage: String
        ) {
            self.clip = clip
            self.content = content
            self.label = label
            self.start = start
            self.end = end
            self.score = score
            self.peak = peak
            self.threshold = threshold
            self.stage = stage
        }
    }

    /// The reviewer's changes to the event; each is nil where the event is right as found.
    package struct Correction: Sendable, Hashable {
        /// The class that is heard; if set, the event's own label is wrong.
        package var label: String?
        /// The corrected start, in seconds from the start of the recording.
        package var start: Double?
        package var end: Double?

        package init(label: String? = nil, start: Double? = nil, end: Double? = nil) {
            self.label = label
            self.start = start
            self.end = end
        }
    }

    /// The number of the row, counted from 1.
    package let id: Int64
    package let subject: Subject
    package let verdict: Verdict
    package let correction: Correction
    /// The name of the reviewer.
    package let reviewer: String
    /// When the judgement was made, in ISO 8601 with a time zone.
    package let time: String

    package init(
        id: Int64, subject: Subject, verdict: Verdict, correction: Correction, reviewer: String, time: String
    ) {
        self.id = id
        self.subject = subject
        self.verdict = verdict
        self.correction = correction
        self.reviewer = reviewer
        self.time = time
    }
}

/// A row of a cache's judgements.
package enum JudgementRow: Sendable, Equatable {
    case judgement(Judgement)
    /// Undoes judgement number `of`, whose row stays.
    case undo(id: Int64, of: Int64, reviewer: String, time: String)

    /// The number of the row, counted from 1.
    package var id: Int64 {
        switch self {
        case .judgement(let judgement): judgement.id
        case .undo(let id, _, _, _): id
        }
    }
}

extension JudgementRow {
    /// The columns of a row in the order in which they are read and written; the check follows them.
    static let columns = [
        "id", "clip", "content", "label", "start", "stop", "score", "peak", "threshold", "stage", "verdict",
        "corrected_label", "corrected_start", "corrected_stop", "undoes", "reviewer", "time",
    ]
    /// The word that replaces the verdict in a row that undoes a judgement.
    static let undoWord = "undo"

    /// Reads a row; nil if a value has the wrong type or the row does not match its check.
    init?(checked row: some RowValues) {
        func real(_ index: Int) -> Double? { Double.fromDatabaseValue(row.value(index)) }
        func optionalReal(_ index: Int) -> Double?? {
            if let number = real(index) { return .some(number) }
            return row.value(index).isNull ? .some(nil) : nil
        }
        guard let id = row.number(orNil: 0), let clip = row.text(orNil: 1), let content = row.text(orNil: 2),
            let label = row.text(orNil: 3), let start = real(4), let end = real(5), let score = real(6),
            let peak = real(7), let threshold = real(8), let stage = row.text(orNil: 9),
            let word = row.text(orNil: 10), row.text(orNil: 11) != nil || row.value(11).isNull,
            let correctedStart = optionalReal(12), let correctedEnd = optionalReal(13),
            let undoes = row.optionalNumber(orNil: 14), let reviewer = row.text(orNil: 15),
            let time = row.text(orNil: 16)
        else { return nil }
        if word == Self.undoWord, let undoes {
            self = .undo(id: id, of: undoes, reviewer: reviewer, time: time)
        } else if let verdict = Judgement.Verdict(rawValue: word), undoes == nil {
            self = .judgement(
                Judgement(
                    id: id,
                    subject: Judgement.Subject(
                        clip: clip, content: content, label: label, start: start, end: end, score: score, peak: peak,
                        threshold: threshold, stage: stage),
                    verdict: verdict,
                    correction: Judgement.Correction(
                        label: row.text(orNil: 11), start: correctedStart, end: correctedEnd),
                    reviewer: reviewer, time: time))
        } else {
            return nil
        }
        // An undo has no subject: those columns must be empty. The check does not cover them.
        if case .undo = self {
            guard clip.isEmpty, content.isEmpty, label.isEmpty, stage.isEmpty,
                [start, end, score, peak, threshold].allSatisfy({ $0 == 0 }), row.value(11).isNull,
                correctedStart == nil, correctedEnd == nil
            else { return nil }
        }
        guard check == row.number(orNil: Self.columns.count) else { return nil }
    }

    /// The check over the row's fields.
    var check: Int64 {
        var check = RowCheck()
        check.add(id)
        switch self {
        case .judgement(let judgement):
            let (subject, correction) = (judgement.subject, judgement.correction)
            for text in [subject.clip, subject.content, subject.label, subject.stage] { check.add(text) }
            for number in [subject.start, subject.end, subject.score, subject.peak, subject.threshold] {
                check.add(number)
            }
            check.add(judgement.verdict.rawValue)
            check.add(correction.label)
            for number in [correction.start, correction.end] {
                if let number { check.add(number) } else { check.add(nil as Int64?) }
            }
            check.add(judgement.reviewer)
            check.add(judgement.time)
        case .undo(_, let of, let reviewer, let time):
            check.add(Self.undoWord)
            check.add(of)
            check.add(reviewer)
            check.add(time)
        }
        return check.value
    }
}

extension Judgement {
    /// What `isReviewerName` accepts, in words.
    package static let reviewerNames = "1 to 200 bytes with a letter or digit, no control character and no ';'"

    /// Whether a reviewer may have this name. Exports separate names by semicolons, and show them on terminals.
    package static func isReviewerName(_ name: String) -> Bool {
        name.utf8.count <= 200 && name.contains { $0.isLetter || $0.isNumber }
            && !name.unicodeScalars.contains { scalar in
                [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
                    || scalar == ";"
            }
    }
}
