import Foundation
import Testing

/// The program away from its checkout: where it finds its pipelines and models, and what it says of itself.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct InstalledTests {
    /// The program in `bin` and what ships in `share/earmark`, as `make install` lays them out.
    private func install(_ scratch: Scratch) throws -> String {
        let files = FileManager.default
        for folder in ["bin", "share/earmark"] {
            try files.createDirectory(
                atPath: scratch.path("usr/" + folder), withIntermediateDirectories: true)
        }
        try files.copyItem(atPath: Tool.path, toPath: scratch.path("usr/bin/earmark"))
        for folder in ["Pipelines", "Models"] {
            try files.copyItem(
                atPath: Tool.root + "/" + folder, toPath: scratch.path("usr/share/earmark/" + folder))
        }
        return scratch.path("usr/bin/earmark")
    }

    /// Runs a program in a working folder.
    private func run(
        _ program: String, in folder: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Tool.Result {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try Tool.start(
            ["-C", folder, program] + arguments, environment: ["EARMARK_DATA": ""].merging(environment) { $1 },
            executable: "/usr/bin/env"
        ).wait()
    }

    private func corpus(_ scratch: Scratch) throws -> [String] {
        try scratch.writeTone("a.wav", 1)
        try scratch.write("m.csv", "clip,path\na,a.wav\n")
        return ["--manifest", scratch.path("m.csv"), "--cache", scratch.path("cache")]
    }

    @Test("Installed, a bare name is a pipeline that ships, and its model is found beside it")
    func installed() throws {
        let scratch = try Scratch()
        let program = try install(scratch)
        let options = try corpus(scratch)
        let result = try run(program, in: scratch.path("elsewhere"), ["run", "label.yaml", "--quiet"] + options)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try scratch.status().done == 1)
        let demo = try run(program, in: scratch.path("elsewhere"), ["demo"])
        #expect(demo.status == 0 && demo.errors.contains("mAP"), "\(demo.errors)")
    }

    @Test("A link to the program is followed, and in a checkout its own folders are used")
    func linked() throws {
        let scratch = try Scratch()
        let options = try corpus(scratch)
        let links = [scratch.path("installed"): try install(scratch), scratch.path("built"): Tool.path]
        for (link, program) in links {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: program)
            let result = try run(link, in: scratch.path("elsewhere"), ["plan", "fsd50k-label.yaml"] + options)
            #expect(result.status == 0 && result.output.contains("1 to do"), "\(result.errors)\(result.output)")
        }
    }

    @Test("A file of the working folder comes before the one that ships, and so does EARMARK_DATA's")
    func order() throws {
        let scratch = try Scratch()
        let program = try install(scratch)
        let options = ["plan", "label.yaml"] + (try corpus(scratch))
        let text = { (name: String) in
            """
            name: \(name)
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode}
              chunk: {uses: chunk, from: resample}
              raw: {uses: cache, from: chunk}
            """
        }
        try FileManager.default.createDirectory(
            atPath: scratch.path("data/Pipelines"), withIntermediateDirectories: true)
        try scratch.write("data/Pipelines/label.yaml", text("from-environment"))
        let data = ["EARMARK_DATA": scratch.path("data")]
        let named = try run(program, in: scratch.path("here"), options, environment: data)
        #expect(named.output.hasPrefix("from-environment:"), "\(named.output)\(named.errors)")
        try scratch.write("here/label.yaml", text("from-here"))
        let here = try run(program, in: scratch.path("here"), options, environment: data)
        #expect(here.output.hasPrefix("from-here:"), "\(here.output)\(here.errors)")
        // A folder of that name is no pipeline.
        try FileManager.default.createDirectory(
            atPath: scratch.path("folder/label.yaml"), withIntermediateDirectories: true)
        let shipped = try run(program, in: scratch.path("folder"), options)
        #expect(shipped.output.hasPrefix("label:"), "\(shipped.output)\(shipped.errors)")
    }

    @Test("What is not there is said with what is")
    func refused() throws {
        let scratch = try Scratch()
        let program = try install(scratch)
        let options = try corpus(scratch)
        let folder = scratch.path("elsewhere")
        let unknown = try run(program, in: folder, ["plan", "labels.yaml"] + options)
        #expect(
            unknown.status == 65 && unknown.errors.contains("labels.yaml: no such pipeline")
                && unknown.errors.contains("share/earmark/Pipelines, which has ")
                && unknown.errors.contains(" label.yaml"), "\(unknown.errors)")
        let wrong = try run(
            program, in: folder, ["plan", "label.yaml"] + options, environment: ["EARMARK_DATA": scratch.folder])
        #expect(wrong.status == 64 && wrong.errors.contains("EARMARK_DATA"), "\(wrong.errors)")
        try FileManager.default.removeItem(atPath: scratch.path("usr/share"))
        let bare = try run(program, in: folder, ["plan", "label.yaml"] + options)
        #expect(bare.status == 65 && bare.errors.contains("EARMARK_DATA"), "\(bare.errors)")
        for result in [unknown, wrong, bare] {
            #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        }
    }

    @Test("--version: a number, a commit, and the instruction sets of the kernels")
    func version() throws {
        let result = try Tool.run("--version")
        let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        try #require(result.status == 0 && lines.count == 3, "\(result.output)")
        #expect(lines[0].count == 2 && lines[0][0] == "earmark")
        #expect(lines[0].last?.split(separator: ".").compactMap { Int($0) }.count == 3)
        let commit = try #require(lines[1].last)
        let digits = commit.split(separator: "-")[0]
        #expect(lines[1][0] == "commit" && (commit == "unknown" || digits.allSatisfy(\.isHexDigit)), "\(commit)")
        let sets: Set = ["portable", "avx2", "avx512", "neon"]
        #expect(lines[2][0] == "kernels" && sets.contains(lines[2][1]), "\(lines[2])")
        #expect(sets.contains(lines[2][lines[2].count - 3]), "\(lines[2])")
        let bytes: Set = ["portable", "avx2", "avx-vnni", "avx512-vnni", "neon", "neon-dotprod"]
        #expect(bytes.contains(lines[2][lines[2].count - 6]), "\(lines[2])")
    }

    @Test("Completions load in each shell that is here, and bash's know commands, options and files")
    func completions() throws {
        let scratch = try Scratch()
        for shell in ["bash", "zsh", "fish"] {
            let result = try Tool.run("completions", shell)
            #expect(result.status == 0 && result.output.contains("verify"), "\(shell): \(result.errors)")
            try scratch.write("completions." + shell, result.output)
            let program = ["/bin/", "/usr/bin/"].map { $0 + shell }.first(where: FileManager.default.fileExists)
            guard let program else {
                print("skip  completions in \(shell): it is not installed")
                continue
            }
            let checked = try Tool.start(["-n", scratch.path("completions." + shell)], executable: program).wait()
            #expect(checked.status == 0, "\(shell): \(checked.errors)")
        }
        #expect(try Tool.run("completions", "ksh").status == 64)
        // As readline calls it: the words, which of them is being completed, and the line.
        try scratch.write(
            "complete.sh",
            """
            . "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
            _earmark "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """)
        func completed(_ words: String...) throws -> Set<String> {
            let result = try Tool.start(
                ["-C", scratch.folder, "bash", "complete.sh", "completions.bash"] + words, executable: "/usr/bin/env"
            ).wait()
            return Set(result.output.split(separator: "\n").map(String.init))
        }
        #expect(try completed("earmark", "ver") == ["verify"])
        #expect(try completed("earmark", "run", "--man") == ["--manifest"])
        #expect(try completed("earmark", "completions", "").isSuperset(of: ["bash", "zsh", "fish"]))
        try scratch.write("mine.yaml", "")
        try scratch.write("mine.csv", "")
        #expect(try completed("earmark", "run", "mi") == ["mine.yaml"])
        #expect(try completed("earmark", "run", "--manifest", "mi") == ["mine.csv"])
    }
}
