import Features
import Pipeline

/// Pads a wave with zeros to the end of its last chunk. The chunks themselves are views, made where they are used.
final class ChunkOperator: Operator {
    private let node: Int
    private let outlet: Outlet
    private let plan: ChunkPlan
    private let zeros: [Float]
    private var samples = 0

    init(node: Int, plan: ChunkPlan, outlet: Outlet) {
        self.node = node
        self.plan = plan
        self.outlet = outlet
        zeros = [Float](repeating: 0, count: plan.span)
    }

    func begin(_ job: ClipJob) { samples = 0 }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        samples += block.rows
        try outlet.emit(block, job)
    }

    func finish(input: Int, job: ClipJob) throws {
        guard samples > 0 else {
            throw ClipFailure(failureClass: "empty", reason: "no samples at \(plan.frontEnd.rate) Hz")
        }
        job.note(samples: samples, of: node)
        var missing = plan.paddedLength(samples: samples) - samples
        while missing > 0 {
            let count = min(missing, zeros.count)
            try zeros.withUnsafeBufferPointer {
                try outlet.emit(Block(UnsafeBufferPointer(rebasing: $0[..<count]), rate: plan.frontEnd.rate), job)
            }
            missing -= count
        }
        try outlet.finish(job)
    }
}
