import Errors
import Audio
import Features
import Pipeline

/// Resamples audio to the pipeline's rate.
struct ResampleStage: StageKind {
    static let definition = StageDefinition(
        name: "resample", codeVersion: 2, inputs: [.init([.audio])], outputs: [.init("wave", .wave)],
        parameters: [
            ParameterDefinition(
                "rate", .integer(FrontEnd.rates), default: String(FrontEnd.standard.rate), help: "samples per second"),
            ParameterDefinition(
                "converter", .choice(Converter.allCases.map(\.rawValue)), default: Converter.soxrHQ.rawValue,
                help: "resampling algorithm"),
        ])

    let facts: StreamFacts
    private let rate: Int
    private let converter: Converter

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> ResampleStage {
        guard let rate = node.parameters["rate"].flatMap(Int.init) else {
            throw context.error(node, "has no 'rate', expected samples per second")
        }
        var facts = context.facts(above: node)
        facts.rate = rate
        return ResampleStage(
            facts: facts, rate: rate, converter: node.parameters["converter"].flatMap(Converter.init) ?? .soxrHQ)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        ResampleOperator(rate: rate, converter: converter, outlet: outlets[0])
    }
}

/// Keeps a resampler for each rate it meets, because making one costs as much as resampling seconds of audio.
private final class ResampleOperator: Operator {
    /// An archive may hold many odd rates; more than this many idle resamplers are not worth their memory.
    private static let keptRates = 8

    private let outlet: Outlet
    private let rate: Int
    private let converter: Converter
    private var kept: [Int: Resampler] = [:]
    private var current: Resampler?

    init(rate: Int, converter: Converter, outlet: Outlet) {
        self.outlet = outlet
        self.rate = rate
        self.converter = converter
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
            throw ClipFailure(failureClass: error.failureClass, reason: error.reason, offset: error.offset)
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
            throw ClipFailure(failureClass: error.failureClass, reason: error.reason, offset: error.offset)
        }
    }
}
