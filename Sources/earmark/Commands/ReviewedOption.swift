import ArgumentParser
import Cache
import Ledger
import Results
import Wording

/// Whether reviewers' judgements are taken into account.
struct ReviewedOption: ParsableArguments {
    @Flag(
        help: """
            Add what reviewers judged ('earmark review'). Formats without a place for verdicts leave rejected events out and \
            have corrections applied.
            """)
    var reviewed = false

    /// The judgements; nil where they are not asked for.
    ///
    /// - Throws: `LedgerError` where they cannot be read.
    func contents(_ cache: CacheFolder) throws -> JudgementStore.Contents? {
        reviewed ? try cache.judgements.contents() : nil
    }
}

/// What became of judgements, on standard error.
enum ReviewedText {
    /// - Parameter isApplied: whether they changed what was written.
    static func say(_ reviews: ReviewedEvents.Summary, isApplied: Bool) {
        var text = "\(counted(reviews.judged, "event")) judged"
        if isApplied {
            text += "; \(reviews.rejected) rejected and left out, \(reviews.corrected) with corrections applied"
        }
        earmark.say(text)
        for (reason, count) in reviews.lost.sorted(by: { $0.key < $1.key }) {
            earmark.say("\(counted(count, "judged event")) without an event now: \(reason)")
        }
        for line in reviews.damage { earmark.say("earmark: \(TerminalText.plain(line))") }
    }
}
