import Pipeline
import Sessions

/// What a run would do, and why.
public struct PipelinePlan: Sendable, Hashable {
    /// Why a clip has work to do, or has none.
    public enum Reason: String, Sendable, CaseIterable {
        /// All of it is in the cache.
        case done
        /// It failed before, and neither its file nor what could make it succeed has changed.
        case failed
        /// The cache does not know it yet.
        case new
        /// Its file has other content than the results were made of.
        case changed
        /// It lacks results of some stages, as with another model.
        case incomplete
    }

    /// What happens to clips that are in the same state.
    public struct Step: Sendable, Hashable {
        /// How many clips they are.
        public let clips: Int
        /// The stages that run, by name.
        public let runs: [String]
        /// The stages whose rows are read from the cache, so that those above them need not run.
        public let reads: [String]
    }

    /// Clips of the list.
    public let clips: Int
    /// Clips with work to do.
    public let pending: Int
    /// Clips by reason; those of all reasons add up to ``clips``.
    public let reasons: [Reason: Int]
    /// Clips whose files are not there, whether they are done or not.
    public let missing: Int
    /// What has to happen, for all clips with work to do.
    public let steps: [Step]
    /// What is otherwise than in the pipeline's last run on this cache, in words, where clips that were done are done again
    /// for that alone; nil elsewhere.
    public let changedSettings: String?

    /// Clips that are done already.
    public var done: Int { reasons[.done] ?? 0 }
    /// Clips that failed before and stay so.
    public var failed: Int { reasons[.failed] ?? 0 }

    init(_ plan: Plan, changed: ChangedSettings?) {
        clips = plan.clipCount
        pending = plan.pending
        reasons = Dictionary(
            uniqueKeysWithValues: Plan.Reason.allCases.map { (Reason($0), plan.count($0)) })
        missing = plan.missing
        steps = zip(plan.routes, plan.clipsPerRoute).map { route, count in
            Step(
                clips: count, runs: plan.graph.nodes.filter { route.runs($0.index) }.map(\.name),
                reads: route.replays.map { plan.graph.nodes[$0.cache].name })
        }
        changedSettings = changed?.text
    }
}

extension PipelinePlan.Reason {
    fileprivate init(_ reason: Plan.Reason) {
        self =
            switch reason {
            case .done: .done
            case .failed: .failed
            case .new: .new
            case .changed: .changed
            case .incomplete: .incomplete
            }
    }
}
