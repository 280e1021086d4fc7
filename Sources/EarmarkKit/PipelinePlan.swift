import Pipeline
import Sessions

/// What a run would do, and why.
public struct PipelinePlan: Sendable, Hashable {
    /// Why a clip has work to do, or has none.
    public enum Reason: String, Sendable, CaseIterable {
        /// All its results are in the cache.
        case done
        /// It failed before, and neither its file nor anything that could make it succeed has changed.
        case failed
        /// The cache has no record of it.
        case new
        /// The content of its file is not the content that its results were made from.
        case changed
        /// Results of some stages are missing, for example because the model is a different one.
        case incomplete
    }

    /// The work for all clips in the same state.
    public struct Step: Sendable, Hashable {
        /// The number of these clips.
        public let clips: Int
        /// The names of the stages that run.
        public let runs: [String]
        /// The names of the stages whose rows are read from the cache, so that the stages before them need not run.
        public let reads: [String]
    }

    /// The number of clips in the list.
    public let clips: Int
    /// The number of clips with work to do.
    public let pending: Int
    /// The number of clips for each reason; together they add up to ``clips``.
    public let reasons: [Reason: Int]
    /// The number of clips whose files do not exist, whether the clips are done or not.
    public let missing: Int
    /// The work for all clips that have work to do.
    public let steps: [Step]
    /// A description of the settings that differ from the pipeline's last run on this cache, if clips that were done
    /// then have work to do now; nil otherwise.
    public let changedSettings: String?

    /// The number of clips that are done already.
    public var done: Int { reasons[.done] ?? 0 }
    /// The number of clips that failed before and will not be tried again.
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
