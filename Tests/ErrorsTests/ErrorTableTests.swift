import Archives
import Audio
import Cache
import Engines
import Errors
import Evaluation
import Features
import Files
import Foundation
import Ledger
import Models
import Pipeline
import Results
import Review
import Tables
import Testing
import Training
import YAML

/// Every type of error, and each of its cases: a category, a place, one line.
struct ErrorTableTests {
    /// An error with the category that it must have; the text that its line must begin with is its place.
    struct Row: CustomTestStringConvertible, Sendable {
        let error: any EarmarkError
        let category: ErrorCategory
        /// "" where the command line or the program as a whole is at fault.
        let place: String
        var testDescription: String { "\(type(of: error)) \(error)" }

        init(_ error: any EarmarkError, _ category: ErrorCategory, _ place: String) {
            self.error = error
            self.category = category
            self.place = place
        }
    }

    static let rows: [Row] =
        [
            Row(FileError(path: "/a", "found 3"), .badInput, "/a: "),
            Row(FileError(path: "/a", found: "3", expected: "4"), .badInput, "/a: "),
            Row(FileError(path: "/a", "cannot read", code: EACCES, byte: 80), .inputOutput, "/a: byte 80: "),
            Row(FileError(path: "/a", "cannot read", code: EACCES, category: .badInput), .badInput, "/a: "),
            Row(TableError(file: "/a", line: 3, found: "b", expected: "c"), .badInput, "/a:3: "),
            Row(SettingError(name: "clips", found: "0", expected: "1"), .usage, "clips: "),
            Row(CacheError(.badInput, path: "/a", "b"), .badInput, "/a: "),
            Row(CacheError(.usage, path: "/a", "b"), .usage, "/a: "),
            Row(PipelineError(file: "/a", line: 3, "b"), .badInput, "/a:3: "),
            Row(PipelineError(file: "/a", line: 3, stage: "infer", "b"), .badInput, "/a:3: stage 'infer': "),
            Row(PipelineError(file: "/a", "b"), .badInput, "/a: "),
            Row(PipelineError(.usage, "b"), .usage, ""),
            Row(PipelineError(.busy, "b"), .busy, ""),
            Row(TrainingError(.usage, at: nil, "b"), .usage, ""),
            Row(TrainingError(.badInput, at: ErrorPlace("/a", line: 2), "b"), .badInput, "/a:2: "),
            Row(AudioError(.empty, path: "/a", "b", offset: 4), .badInput, "/a: "),
            Row(AudioError(.internal, path: "", "b"), .internal, ""),
            Row(AudioError(.unreadable, path: "/a", "b", isOutput: true), .inputOutput, "/a: "),
            Row(shortAudio, .shortage, "/a: "),
            Row(ForeignEngineError(.badInput, place: ErrorPlace("/a.onnx"), "b"), .badInput, "/a.onnx: "),
            Row(ForeignEngineError(.usage, "b"), .usage, ""),
            Row(
                ForeignEngineError(.badInput, place: ErrorPlace("/a.onnx", part: .tensor("x")), "b"), .badInput,
                "/a.onnx: tensor x: "),
            Row(InferenceError("b"), .internal, ""),
            Row(YAMLError(file: "/a", line: 3, "b"), .badInput, "/a:3: "),
            Row(YAMLError(file: "/a", "b"), .badInput, "/a: "),
            Row(ArchiveError(.truncated, path: "/a.zip!/b", "c"), .badInput, "/a.zip!/b: "),
            Row(ArchiveError(.unreadable, path: "/a.zip", "b", byte: 80), .badInput, "/a.zip: byte 80: "),
            Row(ArchiveError(.unreadable, path: "/a.zip", "b", code: EACCES), .badInput, "/a.zip: "),
            Row(ArchiveError(.unreadable, path: "/a.zip", "b", code: ENOSPC), .shortage, "/a.zip: "),
            Row(ArchiveError(.unreadable, path: "/a.zip", "b", code: EMFILE), .shortage, "/a.zip: "),
            Row(FrontEnd.Misfit("b"), .badInput, ""),
            Row(ReviewError(.busy, port: 80, "b"), .busy, "127.0.0.1:80: "),
            Row(ReviewError(.inputOutput, port: 0, "b", code: EACCES), .inputOutput, "127.0.0.1: "),
            Row(UnexpectedError(CancellationError()), .internal, ""),
        ]
        + [ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE, EAGAIN].map {
            Row(FileError(path: "/a", "cannot write", code: $0), .shortage, "/a: ")
        }
        + ExcerptError.Kind.allCases.map { Row(ExcerptError($0, path: "/a", "b"), .badInput, "/a: ") }
        + LedgerError.Kind.allCases.map { Row(LedgerError($0, path: "/a", "b"), category(of: $0), "/a: ") }
        + evaluation.map { Row($0, .badInput, place(of: $0)) } + models.map { Row($0, .badInput, place(of: $0)) }

    private static var shortAudio: AudioError {
        var error = AudioError(.unreadable, path: "/a", "Too many open files")
        error.systemCode = EMFILE
        return error
    }

    // A case that is added to one of these does not compile until it has its row.
    private static func category(of kind: LedgerError.Kind) -> ErrorCategory {
        switch kind {
        case .corrupt: .badInput
        case .busy: .busy
        case .outOfSpace, .outOfMemory: .shortage
        case .inputOutput: .inputOutput
        }
    }

    private static let evaluation: [EvaluationError] = [
        .shape(what: "truth", found: 1, expected: 2), .notFinite(row: 3, className: "Dog", value: .nan),
        .outOfRange(row: 3, className: "Dog", value: 2),
        .labelOutOfRange(row: 1, label: 3, classes: 3), .aggregation(found: "'x'", expected: "mean"), .noChunks,
    ]

    private static func place(of error: EvaluationError) -> String {
        switch error {
        case .shape(let what, _, _): what + ": "
        case .notFinite(let row, _, _), .outOfRange(let row, _, _): "scores: row \(row): "
        case .labelOutOfRange(let row, _, _): "truth: row \(row): "
        case .aggregation, .noChunks: "aggregation: "
        }
    }

    private static let models: [ModelError] = [
        .file(path: "/a", reason: "b"), .line(path: "/a", line: 2, reason: "b"),
        .byte(path: "/a", byte: 9, reason: "b"), .tensor(path: "/a", tensor: "head/weights", reason: "b"),
        .metadata(path: "/a", key: "classes", reason: "b"),
    ]

    private static func place(of error: ModelError) -> String {
        switch error {
        case .file(let path, _): "\(path): "
        case .line(let path, let line, _): "\(path):\(line): "
        case .byte(let path, let byte, _): "\(path): byte \(byte): "
        case .tensor(let path, let tensor, _): "\(path): tensor \(tensor): "
        case .metadata(let path, let key, _): "\(path): metadata '\(key)': "
        }
    }

    @Test("Each error has its category, begins with its place, and says something in one line", arguments: rows)
    func row(_ row: Row) {
        let (error, text) = (row.error, "\(row.error)")
        #expect(error.category == row.category)
        #expect((error.place == nil) == row.place.isEmpty)
        #expect(text.hasPrefix(row.place) && text.utf8.count > row.place.utf8.count, "\(text)")
        #expect(error.place.map { text.hasPrefix("\($0): ") } ?? true, "\(text)")
        #expect(!text.contains { $0.isNewline } && !error.message.isEmpty)
        if let code = error.code { #expect(text.hasSuffix(": " + String(cString: strerror(code))), "\(text)") }
    }

    @Test(
        "Texts of a hostile file break no error's line",
        arguments: ["\n", "\r\n", "\0", "\u{2028}", "\u{85}", "\u{0B}"])
    func hostile(text: String) {
        let text = "a\(text)b"
        let errors: [any EarmarkError] = [
            FileError(path: text, text), TableError(file: text, line: 1, found: text, expected: text),
            SettingError(name: text, found: text, expected: text), CacheError(.badInput, path: text, text),
            PipelineError(file: text, stage: text, text), TrainingError(.badInput, at: ErrorPlace(text), text),
            AudioError(.empty, path: text, text), ArchiveError(.empty, path: text, text), FrontEnd.Misfit(text),
            LedgerError(.busy, path: text, text),
            EvaluationError.aggregation(found: text, expected: text),
            ModelError.metadata(path: text, key: text, reason: text),
            ModelError.tensor(path: text, tensor: text, reason: text),
            ExcerptError(.undecodable, path: text, text),
            ForeignEngineError(.badInput, place: ErrorPlace(text, part: .tensor(text)), text),
        ]
        for error in errors { #expect(!"\(error)".contains { $0.isNewline || $0 == "\0" }, "\(type(of: error))") }
    }

    @Test("The exit statuses are those of the contract")
    func statuses() {
        let statuses = Dictionary(uniqueKeysWithValues: ErrorCategory.allCases.map { ($0, $0.exitStatus) })
        #expect(
            statuses == [
                .usage: 64, .badInput: 65, .internal: 70, .inputOutput: 74, .busy: 75, .shortage: 75, .interrupted: 75,
                .incomplete: 3,
            ])
    }

    /// Types that never reach a user as they are: each is caught, or given its place, in the module that throws it.
    private static let inner: Set = [
        "ClipFailure", "WorkerAbandoned", "ClosedPipe", "Fault", "TFLiteError", "Malformed", "Refusal", "BrokenEntry",
        "Failure", "NotFound", "Absence", "PickleFault",
    ]

    @Test("Every type of error is in the table, or known never to reach a user")
    func everyType() throws {
        let listed = Set(Self.rows.map { "\(type(of: $0.error))" }).union(Self.inner)
            // The program cannot be imported; its own errors are held by the tests that run it.
            .union(["CommandError"])
            // The library's own is made of any of these; an engine's is held by its tests.
            .union(["EarmarkKitError"])
        var found = 0
        for (path, text) in try SourceFiles.all() {
            for line in text.split(separator: "\n") where line.contains("struct ") || line.contains("enum ") {
                guard let match = line.firstMatch(of: /(?:struct|enum|class) (\w+): .*\b(?:EarmarkError|Error)\b/)
                else {
                    continue
                }
                found += 1
                #expect(listed.contains(String(match.1)), "\(path): \(match.1)")
            }
        }
        #expect(found >= 18)
    }
}
