import Foundation
import Testing

/// Every command with an output that cannot be written and an input that cannot be read: one line in plain words, a status of
/// the contract, and no library's own name for the fault.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct FaultTests {
    /// Names that libraries and the compiler have for errors and types.
    private static let names = [
        "Domain", "NSCocoa", "NSPOSIX", "NSError", "NSURL", "DecodingError", "EncodingError", "CodingKey", "Swift.",
        "Error(", "Optional(", "UserInfo", "internal fault",
    ]
    private static let contract: Set<Int32> = [0, 3, 64, 65, 74, 75]

    /// - Parameter isFound: verify tells of damage on standard output, and of what stopped it on standard error.
    private func check(
        _ result: Tool.Result, _ command: [String], isFound: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let shown = "\(command.joined(separator: " ")): \(result.status): \(result.errors)"
        #expect(Self.contract.contains(result.status), "\(shown)", sourceLocation: sourceLocation)
        for name in Self.names {
            #expect(!(result.errors + result.output).contains(name), "\(shown)", sourceLocation: sourceLocation)
        }
        guard ![0, 3].contains(result.status), !isFound else { return }
        // What a folder has beside audio is told before anything goes wrong.
        let lines = Self.faults(result.errors)
        #expect(lines.count == 1, "\(shown)", sourceLocation: sourceLocation)
    }

    private static func faults(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.hasPrefix("earmark: ") && !$0.hasPrefix("earmark: left out: ") }
    }

    /// A folder with a corpus, a cache with scores, and what stands in the way.
    private func prepared() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.synth(3)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        try scratch.write("file", "x")
        let manager = FileManager.default
        try manager.createDirectory(atPath: scratch.path("folder/inner"), withIntermediateDirectories: true)
        try manager.createSymbolicLink(atPath: scratch.path("round"), withDestinationPath: "round")
        try manager.createSymbolicLink(atPath: scratch.path("nowhere"), withDestinationPath: "not/there")
        try manager.createDirectory(atPath: scratch.path("locked"), withIntermediateDirectories: true)
        try scratch.write("locked/file", "x")
        chmod(scratch.path("locked"), 0o500)
        chmod(scratch.path("locked/file"), 0)
        return scratch
    }

    private func bad(outputs scratch: Scratch) -> [String] {
        [
            "file/x", "file/x/y", "folder", "folder/", "round", "nowhere", "locked/x", "locked/file",
            String(repeating: "x", count: 300), "a\nb\u{7}/x",
        ].map(scratch.path) + ["/proc/earmark", "/proc/earmark/x/y", "/proc/self/mem", "/dev/full"]
    }

    private func bad(inputs scratch: Scratch) -> [String] {
        ["none", "none/none", "file", "file/x", "folder", "round", "nowhere", "locked/file", "a\nb\u{7}"].map(
            scratch.path) + [
                "/dev/null", "/proc/self/mem", String(repeating: "y", count: 300), "/proc/self/maps",
            ]
    }

    @Test("Outputs: a file in a folder's place and a folder in a file's, circles, /proc, full devices, long names")
    func outputs() throws {
        let scratch = try prepared()
        let (cache, corpus, manifest) = (scratch.path("cache"), scratch.path("corpus"), scratch.path("corpus.csv"))
        for out in bad(outputs: scratch) {
            for command in [
                ["export", "scores", "--cache", cache, "--out", out],
                ["export", "scores", "--cache", cache, "--format", "npy", "--out", out],
                ["export", "index", "--cache", cache, "--out", out], ["stats", "--cache", cache, "--out", out],
                ["manifest", "fsd50k", corpus, "--out", out], ["manifest", "folder", corpus, "--out", out],
                ["model", "quantize", Tool.lean, out], ["model", "export", Tool.lean, "--out", out],
                ["synth", out, "--clips", "1"],
                ["run", Tool.pipeline("features.yaml"), "--manifest", manifest, "--cache", out, "--quiet"],
                ["plan", Tool.pipeline("features.yaml"), "--manifest", manifest, "--cache", out],
                ["train", "--manifest", manifest, "--cache", cache, "--out", out, "--epochs", "0"],
                ["evaluate", Tool.lean, "--manifest", manifest, "--cache", cache, "--out", out],
            ] { check(try Tool.run(command), command) }
        }
        #expect(try Tool.run("verify", "--cache", cache).status == 0)
    }

    @Test("Inputs: missing, a folder, below a file, circles, no permission, empty, unreadable halfway, of another kind")
    func inputs() throws {
        let scratch = try prepared()
        let (cache, manifest) = (scratch.path("cache"), scratch.path("corpus.csv"))
        let (pipeline, out) = (Tool.pipeline("features.yaml"), scratch.path("out"))
        for bad in bad(inputs: scratch) {
            for command in [
                ["run", bad, "--manifest", manifest, "--cache", out],
                ["run", pipeline, "--manifest", bad, "--cache", out],
                [
                    "run", Tool.pipeline("label.yaml"), "--manifest", manifest, "--cache", out, "--set",
                    "infer.model=" + bad,
                ],
                ["work", bad, "--manifest", manifest, "--cache", out, "--part", "0", "--of", "2"],
                ["work", pipeline, "--manifest", bad, "--cache", out, "--part", "0", "--of", "2"],
                ["merge", pipeline, "--manifest", manifest, "--cache", bad, "--of", "2"],
                ["submit", pipeline, "--manifest", bad, "--cache", out, "--parts", "2"],
                ["plan", pipeline, "--manifest", bad, "--cache", out], ["status", "--cache", bad],
                ["status", "--cache", bad, "--json"], ["review", "--cache", bad], ["retry", "--cache", bad],
                ["export", "scores", "--cache", bad, "--out", out], ["stats", "--cache", bad, "--out", out],
                ["stats", "--cache", cache, "--truth", bad, "--out", out],
                ["manifest", "folder", bad, "--out", out + ".csv"],
                ["manifest", "fsd50k", bad, "--out", out + ".csv"], ["model", "info", bad],
                ["model", "quantize", bad, out + ".safetensors"], ["model", "export", bad, "--out", out + ".onnx"],
                ["model", "import", bad, "--out", out + ".safetensors"],
                ["train", "--manifest", bad, "--cache", cache, "--out", out],
                ["train", "--manifest", manifest, "--cache", cache, "--init", bad, "--out", out],
                ["evaluate", bad, "--manifest", manifest, "--cache", cache],
                ["evaluate", Tool.lean, "--manifest", bad, "--cache", cache], ["bench", "network", "--model", bad],
            ] {
                let result = try Tool.run(command)
                check(result, command)
                if ["run", "work"].contains(command[0]) { try? FileManager.default.removeItem(atPath: out) }
            }
            let verify = ["verify", "--cache", bad]
            check(try Tool.run(verify), verify, isFound: true)
        }
        #expect(try Tool.run("verify", "--cache", cache).status == 0)
    }

    @Test("Clips that cannot be read fail by themselves, each with its class and the system's reason")
    func clips() throws {
        let scratch = try prepared()
        let bad = bad(inputs: scratch).filter { !$0.contains("\n") }
        try scratch.write(
            "bad.csv", "clip,path\n" + bad.enumerated().map { "\($0.offset),\($0.element)\n" }.joined())
        let result = try Tool.run(scratch.run("features.yaml", manifest: "bad.csv", cache: "bad"))
        check(result, ["run"])
        #expect(result.status == 3)
        let failures = try scratch.status(cache: "bad").failures
        #expect(failures.count == bad.count)
        let known = ["unreadable", "unsupported", "empty"]
        for failure in failures {
            #expect(known.contains(failure.class), "\(failure)")
            for name in Self.names { #expect(!failure.reason.contains(name), "\(failure)") }
            #expect(!failure.reason.isEmpty && !failure.reason.contains("\n"), "\(failure)")
        }
    }

    @Test(
        "A limit on file sizes stands for a full disk: 75 and one line where a file was to be written, and no half file"
    )
    func noRoom() throws {
        let scratch = try prepared()
        let line = "( trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\" ) 2>&1 > /dev/null | cat; exit ${PIPESTATUS[0]}"
        for command in [
            ["manifest", "fsd50k", scratch.path("corpus"), "--out", scratch.path("new.csv")],
            ["manifest", "folder", scratch.path("corpus"), "--out", scratch.path("new.csv")],
            [
                "run", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
                scratch.path("new"),
            ],
        ] {
            let ended = try Tool.start(["-c", line, Tool.path] + command, executable: "/bin/bash").wait()
            let shown = "\(command): \(ended.status): \(ended.output)"
            // SQLite has one word for every write that the system refuses.
            let isLedger = command[0] == "run"
            #expect(isLedger ? [74, 75].contains(ended.status) : ended.status == 75, "\(shown)")
            let faults = Self.faults(ended.output)
            #expect(faults.count == 1 && (isLedger || faults[0].hasSuffix("File too large")), "\(shown)")
            for name in Self.names { #expect(!ended.output.contains(name), "\(shown)") }
        }
        for name in ["new.csv", "new.csv.partial"] {
            #expect(!FileManager.default.fileExists(atPath: scratch.path(name)), "\(name)")
        }
    }
}
