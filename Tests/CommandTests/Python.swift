import Foundation

/// A Python that has NumPy, where there is one: the system's, or the first on the PATH, as the set-up looks for it.
enum Python {
    static let path: String? =
        (["/usr/bin/python3"]
        + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { $0 + "/python3" }).first {
            path in
            FileManager.default.isExecutableFile(atPath: path)
                && (try? Tool.start(["-c", "import numpy"], executable: path).wait().status) == 0
        }

    static var hasNumPy: Bool { path != nil }

    static func run(_ arguments: String...) throws -> Tool.Result {
        try Tool.start(arguments, executable: path ?? "/usr/bin/python3").wait()
    }
}
