import Foundation
import Testing

/// The reference implementation of Scripts/fixtures, run while a test runs, for what is too large to be committed.
package enum Reference {
    package struct Failure: Error {
        let script: String
        let status: Int32
        let errors: String
    }

    /// The system's Python, or the first on the PATH, that has NumPy.
    package static let python: String? =
        (["/usr/bin/python3"]
        + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { $0 + "/python3" }).first {
            FileManager.default.isExecutableFile(atPath: $0) && (try? start($0, ["-c", "import numpy"]))?.status == 0
        }
    package static var isAtHand: Bool { python != nil }
    package static let notice: Comment =
        "needs Python 3 with NumPy, and found none as /usr/bin/python3 or as python3 on the PATH"

    private static func start(_ program: String, _ arguments: [String]) throws -> (status: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, errors)
    }

    /// Runs a script of Scripts/fixtures.
    ///
    /// - Throws: `Failure` where it fails.
    package static func run(_ script: String, _ arguments: String...) throws {
        let path = Fixture.repository.appending(path: "Scripts/fixtures/\(script)").path
        let result = try start(python ?? "/usr/bin/python3", [path] + arguments)
        guard result.status == 0 else {
            throw Failure(script: script, status: result.status, errors: result.errors)
        }
    }

    /// A TensorFlow Lite file of YAMNet's form with weights by formula, and its class map, in a folder.
    package static func madeUpYAMNet(_ folder: String) throws -> (tflite: String, classes: String) {
        let file = (tflite: folder + "/made.tflite", classes: folder + "/made.csv")
        try run("yamnet_file.py", "make", file.tflite, file.classes)
        return file
    }
}
