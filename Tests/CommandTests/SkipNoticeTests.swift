import Foundation
import Testing

/// What is not run is said: each condition on a test has a notice, and the summary after all tests counts them.
struct SkipNoticeTests {
    @Test("Every condition that may skip a test names what the test needs")
    func everyConditionHasANotice() throws {
        let folder = Tool.root + "/Tests"
        let sources = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
        // Put together, so that this file is none of its own findings.
        let marks = ["enabled", "disabled"].map { "." + $0 + "(if: " }
        var conditions = 0
        for source in sources {
            let text = try String(contentsOfFile: folder + "/" + source, encoding: .utf8)
            for mark in marks {
                for rest in text.components(separatedBy: mark).dropFirst() {
                    conditions += 1
                    #expect(hasSecondArgument(rest), "\(source): \(rest.prefix(60))")
                }
            }
        }
        #expect(conditions >= 20)
    }

    /// Whether a comma follows before the call's parenthesis closes, one within no other parenthesis or string.
    private func hasSecondArgument(_ text: String) -> Bool {
        var depth = 0
        var isText = false
        for character in text {
            switch character {
            case "\"": isText.toggle()
            case "(", "[", "{": depth += isText ? 0 : 1
            case ")", "]", "}":
                if !isText, depth == 0 { return false }
                depth -= isText ? 0 : 1
            case ",": if !isText, depth == 0 { return true }
            default: break
            }
        }
        return false
    }

    private func summary(_ log: String) throws -> [String] {
        let scratch = try Scratch()
        try scratch.write("log", log)
        let result = try Tool.start(
            ["-c", "\"$0\" < \"$1\"", Tool.root + "/Scripts/skipped.sh", scratch.path("log")], executable: "/bin/bash"
        ).wait()
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        return result.output.split(separator: "\n").map(String.init)
    }

    @Test("The summary counts skipped tests by reason, and the soak topics' checks")
    func countsByReason() throws {
        let lines = try summary(
            """
            == order
            skip  order: order of system calls: strace is not installed
            ok    order: something
            ➜ Suite YAMNetTests skipped: "needs A"
            ➜ Test "Two, with: \\"quotes\\"" skipped: "needs A"
            ➜ Test three() skipped: "needs B, at C"
            ➜ Test four(name:) skipped: "needs A"
            ➜ Test five() skipped.
            ✔ Test "That nothing is skipped" passed after 0.1 seconds.

            """)
        #expect(
            lines == [
                "Skipped: 5, as this machine lacks what they need.",
                "  1 soak check: order: order of system calls: strace is not installed", "  2 tests: needs A",
                "  1 test: needs B, at C", "  1 test: no reason given",
            ])
        #expect(try summary("✔ Test one() passed after 0.1 seconds.\n") == ["Skipped: nothing."])
    }
}
