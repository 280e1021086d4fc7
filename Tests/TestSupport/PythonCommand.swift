import Foundation

/// A Python with certain modules, which tests run programs of Scripts/tests with.
enum PythonCommand {
    /// The Python that an environment variable names, or else the one of an environment below `.build`, which `make test`
    /// makes; nil where neither has all of the modules.
    static func find(variable: String, environment: String, modules: String) -> String? {
        let named = ProcessInfo.processInfo.environment[variable]
        let made = Fixture.repository.appending(path: ".build/\(environment)/bin/python").path
        return [named, made].compactMap(\.self).first { path in
            FileManager.default.isExecutableFile(atPath: path)
                && (try? run(path, ["-c", "import \(modules)"]))?.status == 0
        }
    }

    /// Runs a program of Scripts/tests.
    ///
    /// - Parameter python: nil for the system's.
    /// - Throws: where it cannot be started.
    static func run(
        script: String, _ arguments: [String], with python: String?
    ) throws -> (status: Int32, text: String) {
        let path = Fixture.repository.appending(path: "Scripts/tests/\(script)").path
        return try run(python ?? "/usr/bin/python3", [path] + arguments)
    }

    /// What a program prints on both streams, and its status.
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
