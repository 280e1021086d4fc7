import Foundation
import Testing

/// ONNX's own checker and ONNX Runtime, run while a test runs: the Python that EARMARK_ONNX_PYTHON names, or that of
/// `.build/onnx`, which `make test` makes.
package enum ONNXPython {
    /// nil where none has both.
    package static let python: String? =
        ([ProcessInfo.processInfo.environment["EARMARK_ONNX_PYTHON"]].compactMap { $0 }
        + [Fixture.repository.appending(path: ".build/onnx/bin/python").path]).first { path in
            FileManager.default.isExecutableFile(atPath: path)
                && (try? run(path, ["-c", "import numpy, onnx, onnxruntime"]))?.status == 0
        }

    package static let notice: Comment =
        "needs a Python with ONNX Runtime: Scripts/tests/onnx.sh makes one, EARMARK_ONNX_PYTHON names another"

    /// Runs Scripts/tests/check_onnx.py.
    ///
    /// - Throws: where it cannot be started.
    package static func check(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let path = Fixture.repository.appending(path: "Scripts/tests/check_onnx.py").path
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
