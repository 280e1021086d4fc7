import Ledger
import Sessions
import Wording

/// Describes the outcome of a merge.
struct MergeText {
    let report: PartMerger.Report
    /// Number of parts of the plan.
    let parts: Int

    /// A line for each part that lacks clips.
    var holes: [String] {
        report.holes.map { hole in
            let what = hole.isAbsent ? "was not begun, or is gone" : "is not finished"
            let more = hole.count - hole.named.count
            return TerminalText.plain(
                "part \(hole.part) \(what): \(counted(hole.count, "clip")) missing: \(hole.named.joined(separator: ", "))"
                    + (more > 0 ? " and \(more) more" : ""))
        }
    }

    /// One line for people.
    var summary: String {
        let counts = report.counts
        let state =
            counts.map { "\($0.done) of \(counted($0.clips, "clip")) done, \($0.failed) failed" } ?? "no clips done"
        if !report.hasMerged {
            return report.holes.isEmpty
                ? "nothing to merge: all \(counted(parts, "part")) are merged; \(state)"
                : "nothing is merged: \(counted(report.missing, "clip")) missing in \(counted(report.holes.count, "part")) of "
                    + "\(parts); run those parts again, or merge what is there with --allow-missing"
        }
        let judged = report.judgements > 0 ? ", \(counted(report.judgements, "judgement"))" : ""
        return "merged \(counted(report.parts, "part")): \(counted(report.taken.shards, "shard")), "
            + "\(counted(report.taken.results, "result"))\(judged); \(state)"
            + (counts.map { $0.pending > 0 ? ", \($0.pending) pending" : "" } ?? "")
    }

    /// One JSON object.
    var json: String {
        let holes = report.holes.map {
            #"{"part":\#($0.part),"missing":\#($0.count),"begun":\#(!$0.isAbsent),"#
                + #""clips":[\#($0.named.map(JSON.text).joined(separator: ","))]}"#
        }
        let counts = report.counts.map {
            #"{"clips":\#($0.clips),"done":\#($0.done),"failed":\#($0.failed),"pending":\#($0.pending)}"#
        }
        return #"{"merged":\#(report.hasMerged),"parts":\#(report.parts),"shards":\#(report.taken.shards),"#
            + #""results":\#(report.taken.results),"failures":\#(report.taken.failures),"runs":\#(report.taken.runs),"#
            + #""judgements":\#(report.judgements),"missing":\#(report.missing),"holes":[\#(holes.joined(separator: ","))],"#
            + #""state":\#(counts ?? "null"),"notes":[\#(report.notes.map(JSON.text).joined(separator: ","))]}"#
    }
}
