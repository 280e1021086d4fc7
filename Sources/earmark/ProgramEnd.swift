import Engines
import Foundation

/// The only way out of the program: flushes both standard streams, and makes a failed write count in the exit status.
enum ProgramEnd {
    /// Ends the process.
    ///
    /// If the reader of a stream has gone, as `head` does, the process ends silently by SIGPIPE, which shells show as
    /// status 141, as is usual. The signal is ignored until then, so that a run can end in order and record how far it
    /// got.
    static func exit(_ status: Int32) -> Never {
        StandardStream.output.flush()
        StandardStream.errors.flush()
        let faults = [StandardStream.output.fault, StandardStream.errors.fault]
        // An earlier error, such as bad input, says more than the closed pipe.
        let isEnd = status == 0 || status == Status.someFailed
        if faults.contains(.closedPipe), isEnd || status == Status.tryAgain {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
            Foundation.exit(128 + SIGPIPE)
        }
        for (fault, name) in zip(faults, ["standard output", "standard error"]) {
            guard case .failed(let reason) = fault else { continue }
            say("earmark: \(name): cannot write: \(reason)")
            if isEnd { end(Status.inputOutput) }
        }
        end(status)
    }

    private static func end(_ status: Int32) -> Never {
        // A foreign engine that still computes, or hangs, must not have what it uses destroyed at the process's end.
        if ForeignCalls.areUnderWay { _exit(status) }
        Foundation.exit(status)
    }
}
