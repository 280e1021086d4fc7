import Foundation
import Testing

/// A browser, and a Python that drives it.
enum Browser {
    private static let candidates: [String] =
        [ProcessInfo.processInfo.environment["EARMARK_BROWSER_PYTHON"]].compactMap { $0 }
        + [Tool.root + "/.build/browser/bin/python"]

    private static func isOnPath(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    /// nil where Selenium, the browser or its driver is missing.
    static let python: String? =
        isOnPath("chromedriver") && (isOnPath("chromium") || isOnPath("google-chrome"))
        ? candidates.first { path in
            FileManager.default.isExecutableFile(atPath: path)
                && (try? Tool.start(["-c", "import selenium"], executable: path).wait().status) == 0
        } : nil

    static let notice: Comment =
        "needs chromium, chromedriver and a Python with Selenium: Scripts/tests/browser.sh installs them, EARMARK_BROWSER_PYTHON names a Python"
}

/// The page of `earmark review`, used in a real browser as a person uses it.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt), .enabled(if: Browser.python != nil, Browser.notice))
struct BrowserTests {
    @Test("Load, sort, search, play, judge by keyboard, undo, reload, two reviewers at once, export")
    func judge() throws {
        let scratch = try Scratch()
        try scratch.synth(24)
        // Names that a page could take for its own markup, or that turn the text around.
        let rows = try scratch.lines("corpus.csv").dropFirst().prefix(3)
        var manifest = try scratch.text("corpus.csv")
        for (number, row) in rows.enumerated() {
            let path = try #require(row.split(separator: ",").dropFirst().first.map(String.init))
            let name = "\(number) <img src=x onerror=alert(1)> '\u{202E}שלום\u{1}"
            try FileManager.default.copyItem(atPath: scratch.path(path), toPath: scratch.path(name + ".wav"))
            manifest += "\(name),\(scratch.path(name + ".wav")),,train\n"
        }
        try scratch.write("corpus.csv", manifest)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        // EARMARK_SCREENSHOTS names a folder in which the pictures stay.
        let pictures = ProcessInfo.processInfo.environment["EARMARK_SCREENSHOTS"] ?? scratch.path("pictures")
        let result = try Tool.start(
            [Tool.root + "/Scripts/tests/browser.py", Tool.path, scratch.path("cache"), pictures, "--hostile"],
            executable: try #require(Browser.python)
        ).wait()
        #expect(result.status == 0 && result.output.hasSuffix(" checks passed\n"), "\(result.output)\(result.errors)")
    }
}
