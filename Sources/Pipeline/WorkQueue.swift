import Foundation

/// The clips of a plan that have work to do, handed out one by one in manifest order. Nothing is made per clip
/// until it is asked for.
final class WorkQueue: @unchecked Sendable {
    private let plan: Plan
    private let lock = NSLock()
    private var next = 0

    init(_ plan: Plan) { self.plan = plan }

    /// The next clip's place in the manifest and its route; nil at the end.
    func take() -> (index: Int, route: Route)? {
        lock.lock()
        defer { lock.unlock() }
        while next < plan.assignments.count {
            let index = next
            next += 1
            let assignment = plan.assignments[index]
            if assignment >= 0 { return (index, plan.routes[Int(assignment)]) }
        }
        return nil
    }
}
