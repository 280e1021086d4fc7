import Features
import Pipeline

/// Turns a padded wave into log-mel frames, each computed once whatever the overlap.
final class LogMelOperator: Operator {
    private let outlet: Outlet
    private let logMel: LogMel
    private let bands: Int

    init(frontEnd: FrontEnd, outlet: Outlet) throws {
        self.outlet = outlet
        logMel = try LogMel(frontEnd: frontEnd)
        bands = frontEnd.bands
    }

    func begin(_ job: ClipJob) { logMel.reset() }

    func consume(_ block: Block, input: Int, job: ClipJob) throws {
        try logMel.process(block.values) { frames, _ in
            try outlet.emit(Block(frames, columns: bands), job)
        }
    }

    func finish(input: Int, job: ClipJob) throws {
        try logMel.finish { frames, _ in try outlet.emit(Block(frames, columns: bands), job) }
        try outlet.finish(job)
    }
}
