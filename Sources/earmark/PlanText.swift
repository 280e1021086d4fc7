import Pipeline
import Wording

/// A plan in words.
enum PlanText {
    private static let why: [Plan.Reason: String] = [
        .new: "new", .changed: "changed since they were read", .incomplete: "without results of these stages",
        .done: "done already", .failed: "failed before ('earmark retry' makes them pending again)",
    ]

    static func lines(_ plan: Plan, pipeline: String) -> String {
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
        return lines.joined(separator: "\n")
    }

    static func json(_ plan: Plan) -> String {
        let reasons = Plan.Reason.allCases.map { "\"\($0.rawValue)\":\(plan.count($0))" }.joined(separator: ",")
        let routes = zip(plan.routes, plan.clipsPerRoute).map { route, count in
            let runs = plan.graph.nodes.filter { route.runs($0.index) }.map { "\"\($0.name)\"" }
            let reads = route.replays.map { "\"\(plan.graph.nodes[$0.cache].name)\"" }
            return #"{"clips":\#(count),"runs":[\#(runs.joined(separator: ","))],"#
                + #""reads":[\#(reads.joined(separator: ","))]}"#
        }
        return #"{"pipeline":"\#(plan.graph.name)","clips":\#(plan.clipCount),"to_do":\#(plan.pending),"#
            + #""reasons":{\#(reasons)},"routes":[\#(routes.joined(separator: ","))]}"#
    }
}
