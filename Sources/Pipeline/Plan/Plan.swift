/// What a run would do for each clip of a manifest, and why. Pure data: nothing is read or run to make it.
package struct Plan: Sendable {
    /// Why a clip has work to do, or has none.
    package enum Reason: String, Sendable, CaseIterable {
        case done
        case failed
        case new
        case changed
        case incomplete
    }

    /// What is known about a clip before planning.
    package struct ClipFacts: Sendable {
        /// Persistent nodes with a valid result, as a bit mask.
        package var available: UInt64
        /// True for a clip the ledger has never seen.
        package var isNew: Bool
        /// True if the file's content differs from the content that the results were made from.
        package var hasChanged: Bool
        /// True if a stage of this pipeline failed on this very file, as identified by `Graph.failureTarget`.
        package var hasFailed: Bool
        /// True if there is no such file.
        package var isMissing: Bool

        package init(
            available: UInt64 = 0, isNew: Bool = false, hasChanged: Bool = false, hasFailed: Bool = false,
            isMissing: Bool = false
        ) {
            self.available = available
            self.isNew = isNew
            self.hasChanged = hasChanged
            self.hasFailed = hasFailed
            self.isMissing = isMissing
        }
    }

    package let graph: Graph
    /// The distinct routes that clips still need; `assignments` says which clip needs which.
    package private(set) var routes: [Route] = []
    /// For each clip in manifest order, its index in `routes`, or -1 if there is nothing to do.
    package private(set) var assignments: [Int32] = []
    /// How many clips have each reason.
    package private(set) var reasons: [Reason: Int] = [:]
    /// Clips whose files are missing, including those that are done anyway because their cached rows still count.
    package private(set) var missing = 0
    /// Clips that are done and whose files are missing.
    package private(set) var missingDone = 0
    /// How many clips take each route.
    package private(set) var clipsPerRoute: [Int] = []

    /// - Parameter isLossless: whether a cache node's rows equal its input bit for bit.
    package init(graph: Graph, clips: some Sequence<ClipFacts>, isLossless: (Graph.Node) -> Bool) {
        self.graph = graph
        var planner = RoutePlanner(graph: graph, isLossless: isLossless)
        var indexOf: [Route: Int32] = [:]
        for clip in clips {
            var reason = Reason.incomplete
            var assignment: Int32 = -1
            if clip.hasFailed {
                reason = .failed
            } else if let route = planner.route(available: clip.hasChanged ? 0 : clip.available) {
                if clip.hasChanged { reason = .changed } else if clip.isNew { reason = .new }
                if let known = indexOf[route] {
                    assignment = known
                } else {
                    assignment = Int32(routes.count)
                    indexOf[route] = assignment
                    routes.append(route)
                    clipsPerRoute.append(0)
                }
                clipsPerRoute[Int(assignment)] += 1
            } else {
                reason = .done
            }
            reasons[reason, default: 0] += 1
            if clip.isMissing {
                missing += 1
                if reason == .done { missingDone += 1 }
            }
            assignments.append(assignment)
        }
    }

    package var clipCount: Int { assignments.count }
    /// Clips with work to do.
    package var pending: Int { clipsPerRoute.reduce(0, +) }
    /// How many clips have a given reason.
    package func count(_ reason: Reason) -> Int { reasons[reason] ?? 0 }
}
