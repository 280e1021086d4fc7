import Foundation
import Testing

/// What `make` shows of a build.
struct BuildScriptTests {
    private func shown(_ lines: [String]) throws -> [String] {
        let scratch = try Scratch()
        try scratch.write("log", lines.joined(separator: "\n") + "\n")
        let result = try Tool.start(
            ["-c", #""$1" < "$2""#, "bash", Tool.root + "/Scripts/build_progress.sh", scratch.path("log")],
            executable: "/bin/bash"
        ).wait()
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test("A long build is a handful of lines, and all that is no progress comes out whole and in order")
    func progress() throws {
        let said = [
            "/x/Sources/Audio/Converter.swift:12:9: warning: variable 'x' was never used",
            " 10 | let \\t = \"%s\"", "   |     `- note: [1/2] is not progress here", "", "  * a line * with $signs",
            "[3/4]/odd: error: no progress either", "error: fatalError",
        ]
        var lines = ["Fetching https://example.invalid/a from cache"]
        lines += ["[0/1] Planning build", "[1/1] Compiling plugin A", "[2/2] Compiling plugin B"]
        lines.append("Building for production...")
        for step in 2..<400 {
            lines.append("[\(step)/\(380 + step / 20)] Compiling Module File\(step).swift")
            if step % 57 == 5, step / 57 < said.count { lines.append(said[step / 57]) }
        }
        lines.append("Build complete! (12.34s)")
        let output = try shown(lines)
        let progress = output.filter { $0.hasPrefix("building: ") }
        #expect(output.filter { !$0.hasPrefix("building: ") } == said)
        #expect((4...9).contains(progress.count) && progress.last?.contains("/399 ") == true, "\(progress)")
    }

    @Test("A build of nothing shows nothing")
    func nothing() throws {
        #expect(try shown(["[0/1] Planning build", "Building for production...", "Build complete! (0.4s)"]).isEmpty)
    }
}
