import ArgumentParser
import Errors
import Files
import Foundation

/// Exit statuses by name, for exits without an `EarmarkError`; `ErrorCategory.exitStatus` has the numbers.
enum Status {
    static let someFailed = ErrorCategory.incomplete.exitStatus
    static let usage = ErrorCategory.usage.exitStatus
    static let badInput = ErrorCategory.badInput.exitStatus
    static let inputOutput = ErrorCategory.inputOutput.exitStatus
    static let tryAgain = ErrorCategory.interrupted.exitStatus
}

/// Ends the program on an error, with a message on standard error and an exit status.
enum Failure {
    static func end(with error: any Error, parser: ParsableCommand.Type) -> Never {
        if let code = error as? ExitCode { ProgramEnd.exit(code.rawValue) }
        if error is OutputFile.ClosedPipe {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        if let error = error as? any EarmarkError { end(error) }
        switch parser.exitCode(for: error) {
        case .success:
            StandardStream.output.line(parser.fullMessage(for: error))
            ProgramEnd.exit(0)
        case .validationFailure: endUsage(error, parser)
        default: end(UnexpectedError(error))
        }
    }

    private static func end(_ error: any EarmarkError) -> Never {
        say("earmark: " + TerminalText.plain(error.description.split(separator: "\n").joined(separator: " ")))
        ProgramEnd.exit(error.category.exitStatus)
    }

    /// Prints two lines, what is wrong and where to read on, and ends the program.
    private static func endUsage(_ error: any Error, _ parser: ParsableCommand.Type) -> Never {
        let usage = UsageError(Array(CommandLine.arguments.dropFirst()), parser: parser)
        let words = (usage.message ?? parser.message(for: error)).split(separator: "\n").joined(separator: " ")
        let command = (["earmark"] + usage.command).joined(separator: " ")
        say("earmark: \(TerminalText.plain(words))\nSee '\(command) --help'.")
        ProgramEnd.exit(Status.usage)
    }
}
