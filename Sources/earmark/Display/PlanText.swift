import Cache
import Models
import Pipeline
import Sessions
import Wording

/// Describes a plan in words.
enum PlanText {
    private static let why: [Plan.Reason: String] = [
        .new: "new", .changed: "changed since they were read", .incomplete: "without results of these stages",
        .done: "done already", .failed: "failed before ('earmark retry' makes them pending again)",
    ]

    static func lines(_ plan: Plan, pipeline: String, changed: ChangedSettings?) -> String {
        var lines = ["\(pipeline): \(counted(plan.clipCount, "clip")), \(plan.pending) to do"]
        for reason in [Plan.Reason.new, .changed, .incomplete, .done, .failed] where plan.count(reason) > 0 {
            lines.append("  \(plan.count(reason)) \(why[reason] ?? reason.rawValue)")
        }
        for (route, count) in zip(plan.routes, plan.clipsPerRoute) {
            let read = route.replays.map { plan.graph.nodes[$0.cache].name }
            let runs = plan.graph.nodes.filter { route.runs($0.index) }.map(\.name)
            let start = read.isEmpty ? "" : "read \(read.joined(separator: ", ")) from the cache, "
            lines.append("  \(counted(count, "clip")): \(start)run \(runs.joined(separator: ", "))")
        }
        if let gone = gone(plan) { lines.append("  \(gone)") }
        if let changed { lines.append("  note: \(changed.text)") }
        return lines.joined(separator: "\n")
    }

    /// Describes the clips whose files are gone; nil if there are none.
    static func gone(_ plan: Plan) -> String? {
        guard plan.missing > 0 else { return nil }
        var text = gone(plan.missing)
        if plan.missingDone > 0 { text += "; the cached rows of \(counted(plan.missingDone, "done clip")) are kept" }
        return text
    }

    /// - Parameter missing: the number of clips without a file, at least one.
    static func gone(_ missing: Int) -> String {
        missing == 1 ? "the file of 1 clip is not there" : "the files of \(missing) clips are not there"
    }

    /// Names clips whose files are gone, one line each, and says how many more there are.
    ///
    /// - Parameter command: the command that names all of them.
    static func named(_ clips: ClipsWithoutFile, command: String) -> [String] {
        let lines = clips.named.map { TerminalText.plain("not there: \($0.name) (\($0.path))") }
        let more = clips.count - clips.named.count
        return lines + (more > 0 ? ["and \(more) more: \(command)"] : [])
    }

    /// A JSON object that says why finished clips are processed again; null if none are.
    static func json(_ changed: ChangedSettings?) -> String {
        changed.map {
            #"{"clips":\#($0.clips),"differences":[\#($0.differences.map(JSON.text).joined(separator: ","))]}"#
        } ?? "null"
    }

    /// - Parameter absent: the models that a run would fetch first.
    static func json(
        _ plan: Plan, changed: ChangedSettings?, estimate: WorkEstimate, absent: [KnownModel] = []
    ) -> String {
        let reasons = Plan.Reason.allCases.map { "\"\($0.rawValue)\":\(plan.count($0))" }.joined(separator: ",")
        let routes = zip(plan.routes, plan.clipsPerRoute).map { route, count in
            let runs = plan.graph.nodes.filter { route.runs($0.index) }.map { "\"\($0.name)\"" }
            let reads = route.replays.map { "\"\(plan.graph.nodes[$0.cache].name)\"" }
            return #"{"clips":\#(count),"runs":[\#(runs.joined(separator: ","))],"#
                + #""reads":[\#(reads.joined(separator: ","))]}"#
        }
        return #"{"pipeline":"\#(plan.graph.name)","clips":\#(plan.clipCount),"to_do":\#(plan.pending),"#
            + #""missing":\#(plan.missing),"changed_settings":\#(json(changed)),"estimate":\#(EstimateText.json(estimate)),"reasons":{\#(reasons)},"routes":[\#(routes.joined(separator: ","))],"#
            + #""fetches":[\#(absent.map { JSON.text($0.name) }.joined(separator: ","))]}"#
    }
}
