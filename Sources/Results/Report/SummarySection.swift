import Cache
import Errors
import Evaluation
import Wording

/// The summary section: totals, coverage, and what could not be processed and why.
struct SummarySection {
    private let content: ReportContent
    private var summary: SummaryReport { content.summary }

    init(_ content: ReportContent) { self.content = content }

    var section: ReportPage.Section {
        var body = "<dl class=\"cards\">\n"
        for card in cards {
            body += "<div><dt>\(card.name)</dt><dd>\(card.value)</dd><dd class=\"note\">\(card.note)</dd></div>\n"
        }
        body += "</dl>\n"
        if summary.clips == 0 { body += ReportText.note("No clip has scores: there is nothing to show.") }
        let notes = [
            summary.coverage?.text, summary.coverage?.skipped?.text, summary.truthCoverage?.text,
            summary.truthCoverage?.limit, content.judged,
            "thresholds: \(summary.thresholdText)",
            summary.withoutChunkScores, summary.withoutLength, summary.silencedEnd, content.excerpts?.text,
        ]
        for line in notes.compactMap(\.self) { body += ReportText.note(line) }
        return ReportPage.Section(id: "summary", title: "Summary", body: body + failures)
    }

    private var cards: [(name: String, value: String, note: String)] {
        let reached = summary.classes.count { $0.clipsAbove > 0 }
        var cards = [
            (
                "Clips", grouped(summary.clips),
                "\(HTMLText.number(summary.hours)) hours"
                    + (summary.skipped.clips > 0
                        ? ", of them \(grouped(summary.skipped.clips)) skipped, \(HTMLText.number(summary.skipped.hours)) hours"
                        : "")
            ),
            ("Classes", "\(summary.classes.count)", "\(reached) with clips at the threshold"),
        ]
        guard let truth = summary.truth else { return cards }
        cards += [
            (
                "mAP", HTMLText.number(truth.meanAveragePrecision),
                truth.scoredClasses == 0
                    ? SummaryReport.Truth.undefinedMeans
                    : content.judged == nil
                        ? note(truth.meanAveragePrecisionInterval)
                        : "over \(counted(truth.scoredClasses, "class", "classes")) with accepted and rejected clips"
            ),
            ("Mean AUC", HTMLText.number(truth.meanAUC), note(truth.meanAUCInterval)),
            ("d′", HTMLText.number(truth.dPrime), note(truth.dPrimeInterval)),
            ("Micro AP", HTMLText.number(truth.microAveragePrecision), "all clips and classes as one ranking"),
            ("lwlrap", HTMLText.number(truth.lwlrap), note(truth.lwlrapInterval)),
        ]
        if truth.singleLabelClips > 0 {
            cards.append(
                (
                    "Top-1", HTMLText.number(truth.topOneAccuracy),
                    "\(counted(truth.singleLabelClips, "clip")) with one label, \(note(truth.topOneAccuracyInterval))"
                ))
        }
        return cards
    }

    private func note(_ interval: Interval?) -> String {
        interval.map { "95 %: \(HTMLText.number($0.low)) to \(HTMLText.number($0.high))" } ?? "no interval"
    }

    /// A table of clips that could not be processed, by reason, with the first of each kind.
    private var failures: String {
        if content.failures.isEmpty { return "" }
        let groups = Dictionary(grouping: content.failures, by: \.failureClass)
        let sorted = groups.sorted { ($1.value.count, $0.key.rawValue) < ($0.value.count, $1.key.rawValue) }
        let rows = sorted.map { reason, lines in
            [
                HTMLText.escaped(reason.rawValue), "\(lines.count)",
                HTMLText.name(lines[0].clip) + ": " + HTMLText.name(lines[0].reason),
            ]
        }
        var text = "<h3>Clips not processed</h3>\n<div class=\"wide\"><table class=\"small\" id=\"failures\">"
        text +=
            "<thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">Clips</th><th scope=\"col\" class=\"words\">The first one</th>"
        text += "</tr></thead><tbody>\n"
        for row in rows {
            text += "<tr><th scope=\"row\">\(row[0])</th><td>\(row[1])</td><td class=\"words\">\(row[2])</td></tr>\n"
        }
        return text + "</tbody></table></div>\n"
    }
}
