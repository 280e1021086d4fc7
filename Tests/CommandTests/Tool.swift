import Foundation
import Testing

/// The program itself, run as its users run it.
struct Tool {
    struct Result {
        /// Exit status, or 128 and the signal's number.
        let status: Int32
        let output: String
        let errors: String
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let path =
        ProcessInfo.processInfo.environment["EARMARK"] ?? root + "/.build/release/earmark"
    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }
    /// The model that ships.
    static let lean = root + "/Models/lean-esc10.safetensors"
    /// Google's YAMNet and ESC-10, which lie beside the repository, or in the folder that EARMARK_TEST_DATA names, on some
    /// machines only.
    static let testData = URL(
        fileURLWithPath: ProcessInfo.processInfo.environment["EARMARK_TEST_DATA"] ?? root + "/../shared"
    ).standardized.path
    static let tflite = testData + "/models/yamnet.tflite"
    static let classMap = testData + "/models/yamnet_class_map.csv"
    static let esc10 = testData + "/corpora/esc10"
    static var hasYAMNet: Bool { [tflite, classMap].allSatisfy(FileManager.default.fileExists(atPath:)) }
    static var hasESC10: Bool { FileManager.default.fileExists(atPath: esc10 + "/meta.csv") }

    static let notBuilt: Comment =
        "needs the program, and found none as \(path); 'make build' makes it, and EARMARK names another"
    static let noYAMNet: Comment =
        "needs Google's YAMNet, and found none as \(tflite) and \(classMap); EARMARK_TEST_DATA names another folder"
    static let noESC10: Comment =
        "needs the recordings of ESC-10, and found none as \(esc10)/meta.csv; EARMARK_TEST_DATA names another folder"

    static func pipeline(_ name: String) -> String { root + "/Pipelines/" + name }

    /// Starts the program.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], executable: String = path,
        folder: String? = nil
    ) throws -> Running {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let folder = NSTemporaryDirectory()
        let names = ["out", "err"].map { "\(folder)/earmark-\($0)-\(UUID().uuidString)" }
        for name in names { _ = FileManager.default.createFile(atPath: name, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: names[0])
        process.standardError = FileHandle(forWritingAtPath: names[1])
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return Running(process: process, files: names)
    }

    /// Runs the program to its end.
    @discardableResult
    static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Result {
        try start(arguments, environment: environment).wait()
    }

    @discardableResult
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
        try start(arguments, environment: environment).wait()
    }

    final class Running {
        let process: Process
        private let files: [String]

        fileprivate init(process: Process, files: [String]) {
            self.process = process
            self.files = files
        }

        var isRunning: Bool { process.isRunning }

        /// What it has written on standard output so far.
        var output: String {
            String(decoding: FileManager.default.contents(atPath: files[0]) ?? Data(), as: UTF8.self)
        }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        /// Polls until a condition holds or the program ends; false where it ended first.
        func until(_ condition: () -> Bool) -> Bool {
            while process.isRunning {
                if condition() { return true }
                usleep(500)
            }
            return condition()
        }

        func wait() -> Result {
            process.waitUntilExit()
            let texts = files.map { name in
                defer { try? FileManager.default.removeItem(atPath: name) }
                return String(decoding: FileManager.default.contents(atPath: name) ?? Data(), as: UTF8.self)
            }
            let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
            return Result(status: status, output: texts[0], errors: texts[1])
        }
    }
}
