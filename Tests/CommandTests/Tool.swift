import Foundation

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
    /// Google's YAMNet, which lies beside the repository on some machines only.
    static let tflite = URL(fileURLWithPath: root + "/../shared/models/yamnet.tflite").standardized.path
    static let classMap = URL(fileURLWithPath: root + "/../shared/models/yamnet_class_map.csv").standardized.path
    static let esc10 = URL(fileURLWithPath: root + "/../shared/corpora/esc10").standardized.path
    static var hasYAMNet: Bool { FileManager.default.fileExists(atPath: tflite) }
    static var hasESC10: Bool { hasYAMNet && FileManager.default.fileExists(atPath: esc10 + "/meta.csv") }

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
