import ArgumentParser
import Audio
import Corpus
import Evaluation
import Foundation
import Ledger
import Network
import Pipeline
import Shards
import Stages
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
        if let code = error as? ExitCode { exit(code.rawValue) }
        if let status = status(of: error) {
            let line = TerminalText.plain("\(error)".split(separator: "\n").joined(separator: " "))
            FileHandle.standardError.write(Data("earmark: \(line)\n".utf8))
            exit(status)
        }
        parser.exit(withError: error)
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
        case let error as ShardError:
            error.isOutOfSpace ? Status.tryAgain : error.code == nil ? Status.badInput : Status.inputOutput
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
        case is AudioError: Status.inputOutput
        case is NetworkError, is EvaluationError: Status.badInput
        default: nil
        }
    }
}

extension Failure {
    private static func corpusStatus(_ error: CorpusError) -> Int32 {
        switch error {
        case .parameter: Status.usage
        case .file(_, let doing, _):
            doing.hasPrefix("read") || doing.hasPrefix("open") ? Status.badInput : Status.inputOutput
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
