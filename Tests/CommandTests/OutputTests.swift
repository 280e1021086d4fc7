import Foundation
import Testing

/// What a command writes, and where: links, FIFOs, devices, standard output, files that are not to be touched.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct OutputTests {
    /// A cache with scores, and the table that a plain export of it is.
    private func cache(_ clips: Int = 3) throws -> (Scratch, table: String) {
        let scratch = try Scratch()
        try scratch.synth(clips)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        #expect(try export(scratch, to: scratch.path("plain.csv")).status == 0)
        return (scratch, try scratch.text("plain.csv"))
    }

    private func export(_ scratch: Scratch, to path: String) throws -> Tool.Result {
        try Tool.run("export", "scores", "--cache", scratch.path("cache"), "--out", path)
    }

    private func kind(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

    /// Runs a line of the shell in which `$EARMARK` is the program.
    private func shell(_ line: String, environment: [String: String] = [:]) throws -> Tool.Result {
        try Tool.start(
            ["-c", line], environment: environment.merging(["EARMARK": Tool.path]) { $1 }, executable: "/bin/bash"
        ).wait()
    }

    @Test("A link stays and its target is replaced, one to nowhere makes its target, one in a circle is told")
    func links() throws {
        let (scratch, table) = try cache()
        try scratch.write("target.csv", "old")
        chmod(scratch.path("target.csv"), 0o640)
        let manager = FileManager.default
        try manager.createDirectory(atPath: scratch.path("links"), withIntermediateDirectories: true)
        for (link, target) in [
            ("a.csv", "b.csv"), ("b.csv", "../target.csv"), ("new.csv", "../made.csv"), ("round.csv", "round.csv"),
        ] { try manager.createSymbolicLink(atPath: scratch.path("links/" + link), withDestinationPath: target) }
        #expect(try export(scratch, to: scratch.path("links/a.csv")).status == 0)
        #expect(try export(scratch, to: scratch.path("links/new.csv")).status == 0)
        for name in ["target.csv", "made.csv"] { #expect(try scratch.text(name) == table) }
        for link in ["a.csv", "b.csv", "new.csv"] { #expect(kind(scratch.path("links/" + link)) == S_IFLNK) }
        var status = stat()
        #expect(stat(scratch.path("target.csv"), &status) == 0 && status.st_mode & 0o777 == 0o640)
        let round = try export(scratch, to: scratch.path("links/round.csv"))
        #expect(round.status == 74 && round.errors.contains("round.csv"), "\(round.errors)")
        // What lies beside a table, its NAME.meta.json, apart.
        let left = try manager.contentsOfDirectory(atPath: scratch.path("links")).filter { !$0.hasSuffix(".meta.json") }
        #expect(left.count == 4, "\(left)")
    }

    @Test("A FIFO and a device are written through and stay what they are")
    func special() throws {
        let (scratch, table) = try cache()
        #expect(mkfifo(scratch.path("fifo"), 0o600) == 0)
        let read = try shell(
            "timeout -s KILL 20 cat '\(scratch.path("fifo"))' > '\(scratch.path("read"))' & \"$EARMARK\" export scores --cache "
                + "'\(scratch.path("cache"))' --out '\(scratch.path("fifo"))'; s=$?; wait; exit $s")
        #expect(read.status == 0, "\(read.errors)")
        #expect(try scratch.text("read") == table)
        #expect(kind(scratch.path("fifo")) == S_IFIFO)
        // A device of the test's own: root's mistake would replace the machine's.
        let device = scratch.path("full")
        guard mknod(device, S_IFCHR | 0o666, 0x107) == 0, access(device, W_OK) == 0 else {
            print("no device can be made here: that /dev/full is written through was not tried")
            return
        }
        let full = try export(scratch, to: device)
        #expect(full.status == 74, "\(full.errors)")
        #expect(kind(device) == S_IFCHR)
    }

    @Test(
        "- is standard output, by whatever name, and the summary goes to standard error",
        arguments: ["-", "link", "/dev/fd/1", "/proc/self/fd/1"])
    func standardOutput(given: String) throws {
        let (scratch, table) = try cache()
        // Never /dev/stdout by its own name: root's mistake would replace the machine's.
        let link = scratch.path("stdout")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/stdout")
        let name = given == "link" ? link : given
        let result = try export(scratch, to: name)
        #expect(result.status == 0 && result.output == table && result.errors.contains("3 clips"), "\(result.errors)")
        // What stood in the file before, and what others write behind it, stays.
        let path = scratch.path("appended")
        let command = "\"$EARMARK\" export scores --cache '\(scratch.path("cache"))' --out \(name)"
        let appended = try shell("{ echo before; \(command); echo behind; } >> '\(path)'")
        #expect(appended.status == 0, "\(appended.errors)")
        #expect(try scratch.text("appended") == "before\n\(table)behind\n")
        let manifest = try Tool.run("manifest", "fsd50k", scratch.path("corpus"), "--out", name)
        #expect(manifest.status == 0 && manifest.output.hasPrefix("clip,path,labels,split\n"), "\(manifest.errors)")
        let npy = try Tool.run(
            "export", "scores", "--cache", scratch.path("cache"), "--format", "npy", "--out", name)
        #expect(npy.status == 64 && npy.errors.contains("three files"), "\(npy.errors)")
    }

    @Test("What a cache keeps, folders, and a manifest that is there are refused; nothing of them changes")
    func refused() throws {
        let (scratch, _) = try cache()
        let manager = FileManager.default
        try manager.createSymbolicLink(
            atPath: scratch.path("link.csv"), withDestinationPath: scratch.path("cache/ledger.sqlite"))
        try manager.createSymbolicLink(atPath: scratch.path("way"), withDestinationPath: scratch.path("cache"))
        let shard = try #require(
            try manager.contentsOfDirectory(atPath: scratch.path("cache/shards")).first { $0.hasSuffix(".npy") })
        let before = try scratch.bytes("cache/ledger.sqlite")
        let kept = [
            "cache/ledger.sqlite", "cache/ledger.sqlite-wal", "cache/lock", "cache/in-flight", "cache/shards/new.csv",
            "cache/shards/" + shard, "link.csv", "way/lock", "way/../cache/shards/index.csv",
        ]
        for name in kept {
            for command in [
                ["export", "scores", "--cache", scratch.path("cache")], ["manifest", "fsd50k", scratch.path("corpus")],
                ["manifest", "fsd50k", scratch.path("corpus"), "--force"], ["model", "import", "none.tflite"],
            ] {
                let result = try Tool.run(command + ["--out", scratch.path(name)])
                #expect(result.status == 64 && result.errors.contains("keeps"), "\(name): \(result.errors)")
            }
        }
        for command in [
            ["stats"], ["evaluate", "m.safetensors", "--manifest", "m.csv"], ["train", "--manifest", "m.csv"],
        ] {
            let result = try Tool.run(
                command + ["--cache", scratch.path("cache"), "--out", scratch.path("cache/shards")])
            #expect(result.status == 64 && result.errors.contains("keeps"), "\(command): \(result.errors)")
        }
        #expect(try scratch.bytes("cache/ledger.sqlite") == before)
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)
        for name in ["cache", "corpus/"] {
            let result = try export(scratch, to: scratch.path(name))
            #expect(result.status == 64 && result.errors.contains("folder"), "\(result.errors)")
        }
        let hand = try scratch.text("corpus.csv") + "# mine\n"
        try scratch.write("corpus.csv", hand)
        func manifest(_ more: String...) throws -> Tool.Result {
            try Tool.run(["manifest", "fsd50k", scratch.path("corpus"), "--out", scratch.path("corpus.csv")] + more)
        }
        let again = try manifest()
        #expect(again.status == 64 && again.errors.contains("--force"), "\(again.errors)")
        #expect(try scratch.text("corpus.csv") == hand)
        #expect(try manifest("--force").status == 0)
        #expect(try scratch.text("corpus.csv") != hand)
    }

    @Test("Every combination of closed descriptors: no crash, and not a byte of text in the cache")
    func closed() throws {
        let scratch = try Scratch()
        try scratch.synth(3)
        for bits in 0..<8 {
            let closing = (0..<3).filter { bits >> $0 & 1 == 1 }.map { $0 == 0 ? "0<&-" : "\($0)>&-" }.joined(
                separator: " ")
            let cache = "cache\(bits)"
            func tool(_ words: String) throws -> Tool.Result {
                try shell("\"$EARMARK\" \(words) --cache '\(scratch.path(cache))' \(closing)")
            }
            let run = try tool(
                "run '\(Tool.pipeline("label.yaml"))' --manifest '\(scratch.path("corpus.csv"))' --workers 2")
            #expect(run.status == 0, "\(closing): \(run.status) \(run.errors)")
            let lock = try scratch.text(cache + "/lock")
            #expect(lock.hasPrefix("process ") && lock.split(separator: "\n").count == 1, "\(closing): \(lock)")
            #expect(try Tool.run("verify", "--cache", scratch.path(cache)).status == 0, "\(closing)")
            // Results that cannot be handed over are a fault; a summary that nobody wants is none.
            let isClosed = bits >> 1 & 1 == 1
            for words in ["status", "export scores --out -"] {
                #expect(try tool(words).status == (isClosed ? 74 : 0), "\(words) \(closing)")
            }
            #expect(try shell("\"$EARMARK\" fly \(closing)").status == 64, "\(closing)")
        }
    }

    @Test("A full device behind standard output or error is exit 74, with one line where one can be said")
    func full() throws {
        let (scratch, _) = try cache()
        let cache = "--cache '\(scratch.path("cache"))'"
        let pipeline = "'\(Tool.pipeline("label.yaml"))' --manifest '\(scratch.path("corpus.csv"))'"
        for words in [
            "status \(cache)", "status \(cache) --json", "verify \(cache)", "plan \(pipeline) \(cache)", "--help",
            "--version", "model info '\(Tool.lean)'", "run \(pipeline) \(cache) --json",
            "export scores \(cache) --out -", "export index \(cache) --out '\(scratch.path("i.csv"))'",
        ] {
            let result = try shell("\"$EARMARK\" \(words) > /dev/full")
            #expect(result.status == 74, "\(words): \(result.status)")
            let lines = result.errors.split(separator: "\n").filter { $0.contains("No space left") }
            #expect(lines.count == 1, "\(words): \(result.errors)")
            let mute = try shell("\"$EARMARK\" \(words) > /dev/full 2> /dev/full")
            #expect(mute.status == 74, "\(words): \(mute.status)")
        }
        let quiet = try shell("\"$EARMARK\" run \(pipeline) --cache '\(scratch.path("other"))' 2> /dev/full")
        #expect(quiet.status == 74)
        #expect(try scratch.status(cache: "other").done == 3)
    }

    @Test("A reader that goes away ends the program quietly, as SIGPIPE does; a run has noted how far it came")
    func closedPipe() throws {
        let (scratch, _) = try cache(40)
        let cache = "--cache '\(scratch.path("cache"))'"
        let pipeline = "'\(Tool.pipeline("label.yaml"))' --manifest '\(scratch.path("corpus.csv"))'"
        for words in [
            "export scores \(cache) --out -", "export index \(cache) --out -", "status \(cache)",
            "run \(pipeline) --cache '\(scratch.path("other"))' --json --workers 1",
        ] {
            // The program begins once the reader has let go of the pipe.
            let (go, code) = (scratch.path("go"), scratch.path("code"))
            let result = try shell(
                "rm -f '\(go)'; mkfifo '\(go)'; { read -r _ < '\(go)'; \"$EARMARK\" \(words); echo $? > '\(code)'; } | "
                    + "{ exec 0<&-; echo > '\(go)'; }; true")
            let ended = try scratch.text("code").trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(ended == "141", "\(words): \(ended) \(result.errors)")
            #expect(!result.errors.contains("earmark: "), "\(words): \(result.errors)")
        }
        let status = try Tool.run("status", "--cache", scratch.path("other"))
        #expect(status.output.contains("interrupted") || status.output.contains("complete"), "\(status.output)")
    }
}
