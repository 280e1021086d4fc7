import Foundation
import Pipeline
import Stages

/// A run as the user sees it: what is to do, progress, failures, and the last line.
struct RunFlow {
    /// Failures named on the screen; all of them are in `status`.
    private static let shownFailures = 20

    let work: WorkOptions
    let workers: Int
    let quiet: Bool
    let json: Bool
    var patience = 30

    /// - Returns: the exit status.
    func run() throws -> Int32 {
        try OpenFiles.require()
        let (pipeline, manifest) = try work.load()
        let session = try RunSession(pipeline: pipeline, manifest: manifest, cache: work.cache.value)
        defer { try? session.close() }
        let stop = StopSignal()
        let trap = SignalTrap(stop)
        defer { withExtendedLifetime(trap) {} }
        let plan = try session.plan()
        let display = ProgressDisplay(style: ProgressDisplay.style(quiet: quiet, json: json), total: plan.pending)
        if !quiet, !json { say(PlanText.lines(plan, pipeline: pipeline.graph.name)) }
        let start = Date()
        let report = try session.run(plan, workers: workers, stop: stop, patience: patience) { display.add($0) }
        if plan.pending > 0 { display.finish() }
        try name(session.failures())
        return conclude(report, seconds: -start.timeIntervalSinceNow, audio: display.audioSeconds)
    }

    private func name(_ failures: [FailureLine]) {
        for failure in failures.prefix(Self.shownFailures) {
            if json {
                print(
                    #"{"event":"failure","clip":\#(JSON.text(failure.clip)),"path":\#(JSON.text(failure.path)),"#
                        + #""class":"\#(failure.failureClass)","reason":\#(JSON.text(failure.reason))}"#)
            } else {
                say(failure.text)
            }
        }
        if failures.count > Self.shownFailures {
            say("and \(failures.count - Self.shownFailures) more: earmark status --cache \(work.cache.cache) --json")
        }
    }

    private func conclude(_ report: RunSession.Report, seconds: Double, audio: Double) -> Int32 {
        let cache = work.cache.cache
        if json {
            print(
                #"{"event":"end","clips":\#(report.plan.clipCount),"done_now":\#(report.result.done),"#
                    + #""failed":\#(report.failures),"interrupted":\#(report.result.wasInterrupted)}"#)
        } else if report.result.wasInterrupted {
            say("interrupted after \(report.result.done) clips; the same command goes on where this one stopped")
        } else if report.plan.pending == 0 {
            say(
                "nothing to do: \(report.plan.count(.done)) clips are done, \(report.failures) failed; results in \(cache)"
            )
        } else {
            let speed = seconds > 0 ? Figures.fixed(audio / seconds, 0) : "-"
            say(
                "\(report.result.done) clips (\(Figures.fixed(audio / 3600, 2)) h) done in "
                    + "\(Figures.fixed(seconds, 1)) s, \(speed) x real time; \(report.failures) failed; results in \(cache)"
            )
        }
        if report.result.wasInterrupted { return Status.tryAgain }
        return report.failures > 0 ? Status.someFailed : 0
    }

    private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
