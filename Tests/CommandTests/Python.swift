import Foundation
import Testing

/// A Python that has NumPy, where there is one: the system's, or the first on the PATH, as the set-up looks for it.
enum Python {
    static let path = first(having: "numpy")
    /// One that has PyTorch and NumPy: the environment's TORCH_PYTHON, or the first on the PATH.
    static let withTorch = first(having: "torch, numpy", ProcessInfo.processInfo.environment["TORCH_PYTHON"])

    private static func first(having modules: String, _ preferred: String? = nil) -> String? {
        let onPath = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
        return ([preferred].compactMap { $0 } + ["/usr/bin/python3"] + onPath).first { path in
            FileManager.default.isExecutableFile(atPath: path)
                && (try? Tool.start(["-c", "import " + modules], executable: path).wait().status) == 0
        }
    }

    static let notice: Comment =
        "needs Python 3 with NumPy, and found none as /usr/bin/python3 or as python3 on the PATH"

    /// One with librosa and torchaudio too: that of EARMARK_PYTHON, or the one above.
    static let withAudioLibraries: String? = [ProcessInfo.processInfo.environment["EARMARK_PYTHON"], path]
        .compactMap { $0 }.first {
            (try? Tool.start(["-c", "import librosa, torchaudio"], executable: $0).wait().status) == 0
        }

    static var hasAudioLibraries: Bool { withAudioLibraries != nil }
    static var hasNumPy: Bool { path != nil }

    static func run(_ arguments: String..., python: String? = path) throws -> Tool.Result {
        try Tool.start(arguments, executable: python ?? "/usr/bin/python3").wait()
    }
}
