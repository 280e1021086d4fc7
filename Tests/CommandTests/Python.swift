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

    /// One with librosa and torchaudio too: that of EARMARK_PYTHON, or the one above.
    static let withAudioLibraries: String? = [ProcessInfo.processInfo.environment["EARMARK_PYTHON"], path]
        .compactMap { $0 }.first {
            (try? Tool.start(["-c", "import librosa, torchaudio"], executable: $0).wait().status) == 0
        }

    static var hasAudioLibraries: Bool { withAudioLibraries != nil }
    static var hasNumPy: Bool { path != nil }

    static func run(_ arguments: String...) throws -> Tool.Result {
        try Tool.start(arguments, executable: path ?? "/usr/bin/python3").wait()
    }
}
