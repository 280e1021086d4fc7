import Cache
import Files
import Ledger
import Sessions
import Wording

/// What `status` says of a cache's parts.
struct PartsReport {
    let plan: PartPlan
    let parts: [PartOverview]
    private let submissions: [SlurmFolder.Submission]
    private let slurm: SlurmFolder

    /// The parts of the cache's plan; nil if there is no plan, or all its parts are merged.
    ///
    /// - Throws: `FileError`, `CacheError` or `CommandError` if what is kept of them cannot be read.
    init?(_ cache: CacheFolder) throws {
        let folder = PartFolder(cache)
        guard let plan = try PartPlan.read(folder.planPath), !plan.isFinished else { return nil }
        self.plan = plan
        parts = try PartOverview.all(plan, in: folder)
        slurm = SlurmFolder(cache)
        submissions = try slurm.submissions().filter { $0.plan == plan.tag }
    }

    private var done: Int { parts.reduce(0) { $0 + ($1.state?.done ?? 0) } }
    private var failed: Int { parts.reduce(0) { $0 + ($1.state?.failed ?? 0) } }

    /// The job of the last submission that had a part, and its log.
    private func job(_ part: Int) -> (task: String, log: String)? {
        guard let array = submissions.last(where: { $0.array != nil && $0.parts.contains(part) })?.array else {
            return nil
        }
        return ("\(array)_\(part)", slurm.log(array: array, part: part))
    }

    /// Lines for people: a summary, then each part that is not done.
    var lines: [String] {
        var counts: [(word: String, count: Int)] = []
        for word in ["done", "running", "interrupted", "killed", "failed", "never started"] {
            let count = parts.count { $0.phase.word == word }
            if count > 0 { counts.append((word, count)) }
        }
        var lines = [
            "parts of \(TerminalText.plain(plan.job.pipeline)), not merged yet: \(counted(plan.clips, "clip")): \(done) done, "
                + "\(failed) failed, \(plan.clips - done - failed) pending",
            "  \(parts.count) of \(counted(plan.job.parts, "part")) with clips: "
                + counts.map { "\($0.count) \($0.word)" }.joined(separator: ", "),
        ]
        for overview in parts where overview.phase != .done { lines.append(line(overview)) }
        if let merge = submissions.last?.merge { lines.append("  merge: job \(merge)") }
        return lines
    }

    private func line(_ overview: PartOverview) -> String {
        var line = "  part \(overview.part): \(overview.phase.word)"
        if let state = overview.state {
            line += ", \(state.done + state.failed) of \(counted(overview.share.clips, "clip"))"
            line += ", process \(state.process) on \(TerminalText.plain(state.host))"
        } else {
            line += ", \(counted(overview.share.clips, "clip"))"
        }
        if let job = job(overview.part) { line += ", job \(job.task), log \(TerminalText.plain(job.log))" }
        if case .fault(let words) = overview.phase { line += ": " + TerminalText.plain(words) }
        return line
    }

    /// The members of a JSON object about the whole, for a cache that has nothing else.
    var jsonOfWhole: String {
        #"{"pipeline":\#(JSON.text(plan.job.pipeline)),"clips":\#(plan.clips),"done":\#(done),"failed":\#(failed),"#
            + #""pending":\#(plan.clips - done - failed),"parts":\#(json)}"#
    }

    /// One JSON object.
    var json: String {
        let list = parts.map { overview in
            let (state, job) = (overview.state, job(overview.part))
            let fields: [(String, String?)] = [
                ("part", "\(overview.part)"), ("state", JSON.text(overview.phase.word)),
                ("clips", "\(overview.share.clips)"), ("seconds", "\(overview.share.seconds)"),
                ("done", "\(state?.done ?? 0)"), ("failed", "\(state?.failed ?? 0)"),
                ("process", state.map { "\($0.process)" }), ("host", state.map { JSON.text($0.host) }),
                ("fault", state?.fault.map(JSON.text)), ("job", job.map { JSON.text($0.task) }),
                ("log", job.map { JSON.text($0.log) }),
            ]
            return "{" + fields.map { "\"\($0)\":\($1 ?? "null")" }.joined(separator: ",") + "}"
        }
        return #"{"of":\#(plan.job.parts),"plan":"\#(plan.tag)","pipeline":\#(JSON.text(plan.job.pipeline)),"#
            + #""merge_job":\#(submissions.last.map { JSON.text($0.merge) } ?? "null"),"list":[\#(list.joined(separator: ","))]}"#
    }
}
