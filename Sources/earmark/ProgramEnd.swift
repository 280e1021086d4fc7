import Foundation

/// The one way out of the program: what was printed is written, and what could not be written counts.
enum ProgramEnd {
    /// Ends the process.
    ///
    /// A reader that has gone, as `head` goes, ends it by SIGPIPE, which shells show as 141, with nothing said: the usual way.
    /// The signal is ignored until then, so that a run can end in order and note how far it came.
    static func exit(_ status: Int32) -> Never {
        StandardStream.output.flush()
        StandardStream.errors.flush()
        let faults = [StandardStream.output.fault, StandardStream.errors.fault]
        // What went wrong before, such as bad input, says more than the pipe.
        let isEnd = status == 0 || status == Status.someFailed
        if faults.contains(.closedPipe), isEnd || status == Status.tryAgain {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
            Foundation.exit(128 + SIGPIPE)
        }
        for (fault, name) in zip(faults, ["standard output", "standard error"]) {
            guard case .failed(let reason) = fault else { continue }
            say("earmark: \(name): cannot write: \(reason)")
            if isEnd { Foundation.exit(Status.inputOutput) }
        }
        Foundation.exit(status)
    }
}
