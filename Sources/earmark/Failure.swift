import ArgumentParser
import Audio
import Cache
import Corpora
import Evaluation
import Files
import Foundation
import Ledger
import Models
import Pipeline
import Tables
import Training

/// Exit statuses, as the command line's contract has them.
enum Status {
    static let someFailed: Int32 = 3
    static let usage: Int32 = 64
    static let badInput: Int32 = 65
    static let internalFault: Int32 = 70
    static let inputOutput: Int32 = 74
    static let tryAgain: Int32 = 75
}

/// How an error leaves the program: one line on standard error and a status.
enum Failure {
    static func end(with error: any Error, parser: ParsableCommand.Type) -> Never {
        if let code = error as? ExitCode { ProgramEnd.exit(code.rawValue) }
        if error is OutputFile.ClosedPipe {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        if let status = status(of: error) { end(status, "\(error)") }
        switch parser.exitCode(for: error) {
        case .success:
            StandardStream.output.line(parser.fullMessage(for: error))
            ProgramEnd.exit(0)
        case .validationFailure: endUsage(error, parser)
        default: end(systemStatus(error), reason(error))
        }
    }

    private static func end(_ status: Int32, _ text: String) -> Never {
        say("earmark: " + TerminalText.plain(text.split(separator: "\n").joined(separator: " ")))
        ProgramEnd.exit(status)
    }

    /// Two lines: what is wrong, and where to read on.
    private static func endUsage(_ error: any Error, _ parser: ParsableCommand.Type) -> Never {
        let usage = UsageError(Array(CommandLine.arguments.dropFirst()), parser: parser)
        let words = (usage.message ?? parser.message(for: error)).split(separator: "\n").joined(separator: " ")
        let command = (["earmark"] + usage.command).joined(separator: " ")
        say("earmark: \(TerminalText.plain(words))\nSee '\(command) --help'.")
        ProgramEnd.exit(Status.usage)
    }

    /// What the system said, without the names that Foundation has for its own errors.
    static func reason(_ error: any Error) -> String {
        let outer = error as NSError
        let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError
        guard let posix = [outer, inner].compactMap({ $0 }).first(where: { $0.domain == NSPOSIXErrorDomain }) else {
            return "internal fault: \(error)"
        }
        let path = outer.userInfo[NSFilePathErrorKey] as? String
        return (path.map { $0 + ": " } ?? "") + String(cString: strerror(Int32(posix.code)))
    }

    private static func systemStatus(_ error: any Error) -> Int32 {
        reason(error).hasPrefix("internal") ? Status.internalFault : Status.inputOutput
    }

    /// nil: an error of the argument parser, which words it itself.
    private static func status(of error: any Error) -> Int32? {
        switch error {
        case let error as PipelineError:
            switch error.kind {
            case .usage: Status.usage
            case .input: Status.badInput
            case .busy: Status.tryAgain
            }
        case let error as CommandError: error.status
        case let error as FileError:
            switch error.category {
            case .badInput: Status.badInput
            case .inputOutput: Status.inputOutput
            case .shortage: Status.tryAgain
            }
        case let error as LedgerError:
            switch error.kind {
            case .corrupt: Status.badInput
            case .busy, .outOfSpace: Status.tryAgain
            case .inputOutput: Status.inputOutput
            }
        case let error as CacheError:
            switch error.kind {
            case .badInput: Status.badInput
            case .usage: Status.usage
            case .inputOutput: Status.inputOutput
            }
        case let error as CorpusError: corpusStatus(error)
        case let error as TrainingError:
            switch error.kind {
            case .badInput: Status.badInput
            case .usage: Status.usage
            case .inputOutput: Status.inputOutput
            }
        case is AudioError, NetworkError.writing: Status.inputOutput
        case is NetworkError, is EvaluationError, is TableError: Status.badInput
        default: nil
        }
    }
}

extension Failure {
    private static func corpusStatus(_ error: CorpusError) -> Int32 {
        switch error {
        case .parameter: Status.usage
        default: Status.badInput
        }
    }
}

/// A fault that a command itself finds.
struct CommandError: Error, CustomStringConvertible {
    let status: Int32
    let description: String

    init(_ status: Int32, _ description: String) {
        self.status = status
        self.description = description
    }
}
