import Dispatch
import Foundation
import Pipeline

/// Turns the first SIGINT (Ctrl-C), SIGTERM or SIGHUP into a request to stop.
final class SignalTrap {
    /// What a second signal does.
    enum Second {
        /// It ends the process at once, as a person at a terminal expects.
        case ends
        /// Only a second SIGINT does; SIGUSR1 is a request to stop as well. For a job that a scheduler started: it may warn
        /// more than once, and what is under way shall be finished and kept.
        case isForBatchJob
    }

    private var sources: [any DispatchSourceSignal] = []

    /// - Parameter then: what else is to be done at the first signal.
    init(_ stop: StopSignal, second: Second = .ends, then: @escaping @Sendable () -> Void = {}) {
        let isJob = second == .isForBatchJob
        for number in [SIGINT, SIGTERM, SIGHUP] + (isJob ? [SIGUSR1] : []) {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                if stop.isRaised {
                    if isJob, number != SIGINT { return }
                    _exit(Status.tryAgain)
                }
                stop.raise()
                say("\nearmark: " + Self.notice(number, isJob: isJob))
                then()
            }
            source.resume()
            sources.append(source)
        }
    }

    /// What is said at the first signal: a person who pressed Ctrl-C can press it again, a scheduler presses nothing.
    private static func notice(_ number: Int32, isJob: Bool) -> String {
        let names = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP", SIGUSR1: "SIGUSR1"]
        let name = names[number] ?? "signal \(number)"
        switch (number == SIGINT, isJob) {
        case (true, _): return "stopping; what is done is kept (press Ctrl-C again to stop at once)"
        case (false, true):
            return "stopping on \(name); what is under way is finished and kept (only SIGINT ends it at once)"
        case (false, false): return "stopping on \(name); what is done is kept (a second signal ends it at once)"
        }
    }

    deinit { for source in sources { source.cancel() } }
}
