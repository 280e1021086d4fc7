import Audio
import Pipeline

/// Brings audio to the pipeline's rate. Resamplers are kept for each rate met, as making one costs as much as
/// resampling seconds of audio.
final class ResampleOperator: Operator {
    /// An archive may hold many odd rates; more than this many idle resamplers are not worth their memory.
    private static let keptRates = 8

    private let outlet: Outlet
    private let rate: Int
    private let converter: Converter
    private var kept: [Int: Resampler] = [:]
    private var current: Resampler?

    init(node: Graph.Node, outlet: Outlet) {
        self.outlet = outlet
        guard let rate = node.parameters["rate"].flatMap(Int.init) else {
            preconditionFailure("a resample stage without a rate")
        }
        self.rate = rate
        converter = node.parameters["converter"].flatMap(Converter.init) ?? .soxrHQ
    }

    func begin(_ job: ClipJob) { current = nil }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        let resampler = try current ?? open(rate: block.rate)
        try push(block.values, end: false, resampler, job)
    }

    func finish(input: Int, job: ClipJob) throws {
        if let current { try push(UnsafeBufferPointer(start: nil, count: 0), end: true, current, job) }
        current = nil
        try outlet.finish(job)
    }

    private func push(
        _ samples: UnsafeBufferPointer<Float>, end: Bool, _ resampler: Resampler, _ job: ClipJob
    ) throws {
        do {
            try resampler.process(samples, end: end) { try outlet.emit(Block($0, rate: rate), job) }
        } catch let error as AudioError {
            throw ClipFailure(failureClass: error.failureClass.rawValue, reason: error.reason, offset: error.offset)
        }
    }

    private func open(rate from: Int) throws -> Resampler {
        if let known = kept[from] {
            try known.reset()
            current = known
            return known
        }
        if kept.count >= Self.keptRates { kept.removeAll() }
        do {
            let made = try Resampler(from: from, to: rate, converter: converter)
            kept[from] = made
            current = made
            return made
        } catch {
            throw ClipFailure(failureClass: error.failureClass.rawValue, reason: error.reason, offset: error.offset)
        }
    }
}
