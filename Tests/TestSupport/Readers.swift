import Foundation
import Testing

/// Other programs' readers of events, run while a test runs: the Python that EARMARK_PYTHON names, or that of `.build/readers`, which
/// `make test` makes.
package enum Readers {
    private static let candidates: [String] =
        [ProcessInfo.processInfo.environment["EARMARK_PYTHON"]].compactMap { $0 }
        + [Fixture.repository.appending(path: ".build/readers/bin/python").path]

    /// nil where none has all of them.
    package static let python: String? = candidates.first { path in
        FileManager.default.isExecutableFile(atPath: path)
            && (try? run(path, ["-c", "import crowsetta, jams, pandas, sed_eval, soundfile, webvtt"]))?.status == 0
    }

    package static let notice: Comment =
        "needs a Python with the readers of Scripts/tests/requirements.txt: Scripts/tests/readers.sh makes one, EARMARK_PYTHON names another"

    /// Runs a program of Scripts/tests with that Python.
    ///
    /// - Throws: where it cannot be started.
    package static func run(_ script: String, _ arguments: String...) throws -> (status: Int32, text: String) {
        let path = Fixture.repository.appending(path: "Scripts/tests/\(script)").path
        return try run(python ?? "/usr/bin/python3", [path] + arguments)
    }

    /// What it prints on both streams, and its status.
    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
