import Dispatch
import Foundation
import Pipeline

/// Turns the first SIGINT (Ctrl-C), SIGTERM or SIGHUP into a request to stop; a second one ends the process at once.
final class SignalTrap {
    private var sources: [any DispatchSourceSignal] = []

    /// - Parameter then: what else is to be done at the first signal.
    init(_ stop: StopSignal, then: @escaping @Sendable () -> Void = {}) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                if stop.isRaised { _exit(Status.tryAgain) }
                stop.raise()
                say("\nearmark: stopping; what is done is kept (press Ctrl-C again to stop at once)")
                then()
            }
            source.resume()
            sources.append(source)
        }
    }

    deinit { for source in sources { source.cancel() } }
}
