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

    /// A checkout of one file with the build script, and a `swift` that only says something and ends with a status.
    private func build(_ scratch: Scratch, saying text: String, status: Int) throws -> Tool.Result {
        let files = FileManager.default
        for folder in ["Scripts", "Sources/CBuildCommit", "bin"] {
            try files.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
        }
        for name in ["build.sh", "build_progress.sh"] where !files.fileExists(atPath: scratch.path("Scripts/" + name)) {
            try files.copyItem(atPath: Tool.root + "/Scripts/" + name, toPath: scratch.path("Scripts/" + name))
        }
        try scratch.write("bin/swift", "#!/bin/sh\ncat \"$0.says\"\nexit \(status)\n")
        try scratch.write("bin/swift.says", text)
        chmod(scratch.path("bin/swift"), 0o755)
        return try Tool.start(
            ["PATH=\(scratch.path("bin")):/usr/bin:/bin", scratch.path("Scripts/build.sh"), "-c", "release"],
            executable: "/usr/bin/env"
        ).wait()
    }

    @Test("Warnings about this project's files fail the build and the next one, others do not; a failure names the log")
    func warnings() throws {
        let scratch = try Scratch()
        // As the compiler names it: the folder's own path, links resolved and slashes single.
        let folder = try #require(realpath(scratch.folder, nil).map { String(cString: $0) })
        let ours = folder + "/Sources/A.swift"
        let line = ": warning: never used\n"
        let others = try build(scratch, saying: "/elsewhere/Sources/B.swift:1:1\(line)", status: 0)
        #expect(others.status == 0 && others.output.contains("B.swift"), "\(others.output)\(others.errors)")
        try scratch.write("Sources/A.swift", "")
        let long = Date(timeIntervalSince1970: 1000)
        try FileManager.default.setAttributes([.modificationDate: long], ofItemAtPath: ours)
        let warned = try build(scratch, saying: "[1/2] Compiling A\n\(ours):3:4\(line)[2/2] Linking\n", status: 0)
        #expect(warned.status == 1 && warned.output.contains(ours + ":3:4"), "\(warned.output)\(warned.errors)")
        let touched = try FileManager.default.attributesOfItem(atPath: ours)[.modificationDate] as? Date
        #expect(touched.map { $0 > long } == true)
        let failed = try build(scratch, saying: "error: no such module\n", status: 7)
        #expect(failed.status == 7 && failed.errors.contains(".build/build.log"), "\(failed.errors)")
        #expect(try scratch.text(".build/build.log") == "error: no such module\n")
    }

    @Test("The commit is written down where it changed only, and taken away outside Git")
    func commit() throws {
        let scratch = try Scratch()
        let stamp = "Sources/CBuildCommit/commit.c"
        func git(_ arguments: String...) throws -> String {
            let result = try Tool.start(
                ["-C", scratch.folder, "-c", "user.name=a", "-c", "user.email=a@b.invalid"] + arguments,
                executable: "/usr/bin/git"
            ).wait()
            #expect(result.status == 0, "\(arguments): \(result.errors)")
            return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        _ = try build(scratch, saying: "", status: 0)
        #expect(!FileManager.default.fileExists(atPath: scratch.path(stamp)))
        try scratch.write("Package.swift", "1")
        try scratch.write(".gitignore", stamp + "\n.build\n")
        _ = try git("init", "--quiet")
        _ = try git("add", ".")
        _ = try git("commit", "--quiet", "--message", "x")
        let head = try git("rev-parse", "--short=12", "HEAD")
        _ = try build(scratch, saying: "", status: 0)
        #expect(try scratch.text(stamp).contains("return \"\(head)\""))
        let long = Date(timeIntervalSince1970: 1000)
        try FileManager.default.setAttributes([.modificationDate: long], ofItemAtPath: scratch.path(stamp))
        _ = try build(scratch, saying: "", status: 0)
        let again = try FileManager.default.attributesOfItem(atPath: scratch.path(stamp))
        #expect(again[.modificationDate] as? Date == long)
        try scratch.write("Package.swift", "2")
        _ = try build(scratch, saying: "", status: 0)
        #expect(try scratch.text(stamp).contains("return \"\(head)-modified\""))
        try FileManager.default.removeItem(atPath: scratch.path(".git"))
        _ = try build(scratch, saying: "", status: 0)
        #expect(!FileManager.default.fileExists(atPath: scratch.path(stamp)))
    }
}
