import Foundation
import Testing

/// FFmpeg's own command, which makes files for tests and decodes them for comparison.
package enum FFmpegCommand {
    private static let path: String? = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    package static let isThere = path != nil

    package static let notice: Comment = "needs the command ffmpeg: apt-get install ffmpeg"

    /// What the command said when it failed.
    package struct Failure: Error {
        package let text: String
    }

    /// Runs the command; files that are there are overwritten.
    ///
    /// - Throws: `Failure` if it cannot do what it was asked.
    package static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "/usr/bin/ffmpeg")
        process.arguments = ["-nostdin", "-hide_banner", "-v", "error", "-y", "-threads", "1"] + arguments
        let pipe = Pipe()
        process.standardError = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(text: text) }
    }
}
