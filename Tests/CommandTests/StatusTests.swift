import Foundation
import Testing

/// What `status` says of the last run, in each of the states that one can be in.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct StatusTests {
    private struct Told: Decodable {
        struct Run: Decodable {
            let state: String
            let pipeline: String
            let started: String
            let ended: String?
            let seconds: Double?
            let workers: Int
            let done: Int?
            let failed: Int?
            let fault: String?
            let process: Int32?
            let host: String?
        }
        let clips: Int
        let done: Int
        let failed: Int
        let pending: Int
        let run: Run?
        let models: [[String: String]]
        let file: String
    }

    private func told(_ scratch: Scratch) throws -> (json: Told, text: String) {
        let text = try Tool.run("status", "--cache", scratch.path("cache"))
        #expect(text.status == 0, "\(text.errors)")
        // The folders of a test are longer than a line.
        for line in text.output.split(separator: "\n") where !line.contains("/") {
            #expect(line.count <= 80, "\(line.count): \(line)")
        }
        let json = try Tool.run("status", "--cache", scratch.path("cache"), "--json")
        let found = try JSONDecoder().decode(Told.self, from: Data(json.output.utf8))
        #expect(found.done + found.failed + found.pending == found.clips)
        return (found, text.output)
    }

    /// A run that has got as far as its first shard.
    private func begun(_ scratch: Scratch) throws -> Tool.Running {
        let running = try Tool.start(scratch.run("features.yaml", workers: 1))
        let shards = scratch.path("cache/shards")
        let hasBegun = running.until {
            (try? FileManager.default.contentsOfDirectory(atPath: shards).contains { $0.hasSuffix(".partial") }) == true
        }
        #expect(hasBegun)
        return running
    }

    @Test(
        "Running, with process, host, start and workers; then killed; a retry of another does not bring it back to life"
    )
    func runningAndKilled() throws {
        let scratch = try Scratch()
        try scratch.synth(40)
        let running = try begun(scratch)
        running.send(SIGSTOP)
        let going = try told(scratch)
        #expect(going.json.run?.state == "running" && going.json.run?.process == running.process.processIdentifier)
        #expect(going.json.run?.host == ProcessInfo.processInfo.hostName && going.json.run?.workers == 1)
        #expect(going.json.run?.ended == nil && going.json.run?.seconds.map { $0 >= 0 } == true)
        #expect(going.text.contains("last run: running") && going.text.contains("1 worker\n"), "\(going.text)")
        running.send(SIGKILL)
        running.send(SIGCONT)
        _ = running.wait()
        let killed = try told(scratch)
        #expect(killed.json.run?.state == "killed" && killed.json.run?.process == nil)
        #expect(killed.text.contains("last run: killed, started 20"), "\(killed.text)")
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try told(scratch).json.run?.state == "complete")
    }

    @Test("Complete, with begin, end, how long, and the model; interrupted, with what was done")
    func ended() throws {
        let scratch = try Scratch()
        try scratch.synth(4)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        let complete = try told(scratch)
        let run = try #require(complete.json.run)
        #expect(run.state == "complete" && run.done == 4 && run.failed == 0 && run.fault == nil)
        #expect(try #require(run.ended) >= run.started && run.seconds.map { $0 >= 0 } == true)
        #expect(complete.json.models.count == 1 && complete.json.models[0]["path"]?.hasSuffix("safetensors") == true)
        #expect(complete.json.file.hasSuffix("label.yaml") && complete.text.contains("model: "))
        #expect(complete.text.hasPrefix("label: 4 clips: 4 done, 0 failed, 0 pending\n"), "\(complete.text)")

        let other = try Scratch()
        try other.synth(60)
        let running = try begun(other)
        running.send(SIGTERM)
        if running.wait().status == 75 {
            let interrupted = try told(other)
            #expect(interrupted.json.run?.state == "interrupted")
            #expect(interrupted.json.run?.done == interrupted.json.done)
        }
    }

    @Test("The model's path without '..', and the arithmetic that 'auto' came to, in a run's last lines and in status")
    func arithmetic() throws {
        let scratch = try Scratch()
        try scratch.synth(2)
        let words = scratch.run("label.yaml").filter { $0 != "--quiet" }
        let auto = try Tool.run(words)
        #expect(auto.status == 0)
        let lines = auto.errors.split(separator: "\n").suffix(2)
        #expect(lines.first.map { $0 == "model: \(Tool.lean) (int8)" } == true, "\(auto.errors)")
        #expect(lines.last?.contains(" x real time; 0 failed; results in ") == true, "\(auto.errors)")
        let first = try told(scratch)
        #expect(first.json.models.map { $0["precision"] } == ["int8"] && first.json.models[0]["path"] == Tool.lean)
        #expect(first.text.contains("model: \(Tool.lean) (") && first.text.contains(", int8)\n"), "\(first.text)")
        #expect(first.text.contains("precision auto (int8)") && !first.text.contains("/../"), "\(first.text)")

        // From a folder to which the paths are relative; status runs in another one.
        let relative = words.map { $0 == Tool.pipeline("label.yaml") ? "Pipelines/label.yaml" : $0 }
        let asked = try Tool.start(
            relative + ["--set", "infer.precision=float32", "--json"], folder: Tool.root
        ).wait()
        #expect(asked.status == 0, "\(asked.errors)")
        let end = try #require(asked.output.split(separator: "\n").last)
        let event = try #require(try JSONSerialization.jsonObject(with: Data(end.utf8)) as? [String: Any])
        #expect((event["models"] as? [[String: String]]) == [["path": Tool.lean, "precision": "float32"]], "\(end)")
        let second = try told(scratch)
        #expect(second.json.models.map { $0["precision"] } == ["float32"] && second.json.models[0]["path"] == Tool.lean)
        #expect(second.text.contains(", float32)\n") && !second.text.contains("precision auto"), "\(second.text)")
        #expect(!second.text.contains("/../"), "\(second.text)")
    }

    @Test("A model's class identifiers are not in the JSON: other settings are, and the model's command has them")
    func identifiers() throws {
        let scratch = try Scratch()
        try scratch.synth(2)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        let json = try Tool.run("status", "--cache", scratch.path("cache"), "--json").output
        let told = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let settings = try #require(told["settings"] as? [String: Any])
        #expect((settings["stages"] as? [Any])?.isEmpty == false)
        let models = try #require(settings["models"] as? [[String: Any]])
        #expect(!models.isEmpty && models.allSatisfy { $0["stage"] is String && $0["scores"] is [Any] })
        #expect(!json.contains("identifiers"), "\(json)")
    }

    @Test("Stopped by a fault: which one, and how far it came")
    func fault() throws {
        let scratch = try Scratch()
        for number in 0..<4 { try scratch.writeTone("t\(number).wav", number, seconds: 60) }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<4).map { "t\($0),t\($0).wav\n" }.joined())
        // A limit on the size of files stands for a disk that takes no more.
        let words = scratch.run("features.yaml", workers: 1).map { "'\($0)'" }.joined(separator: " ")
        let run = try Tool.start(
            ["-c", "trap '' XFSZ; ulimit -f 1000; '\(Tool.path)' \(words)"], executable: "/bin/bash"
        ).wait()
        #expect([74, 75].contains(run.status), "\(run.status) \(run.errors)")
        let stopped = try told(scratch)
        #expect(
            stopped.json.run?.state == "stopped by a fault" || stopped.json.run?.state == "out of space",
            "\(stopped.text)")
        let fault = try #require(stopped.json.run?.fault)
        #expect(run.errors.contains(fault) && stopped.text.contains(fault), "\(fault) / \(run.errors)")
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        #expect(try told(scratch).json.run?.state == "complete")
    }

    /// Whether a small file system can be mounted, in a namespace of its own.
    private static let canMount: Bool = {
        let tried = try? Tool.start(
            ["-c", "unshare -rm mount -t tmpfs none /mnt 2> /dev/null || unshare -m mount -t tmpfs none /mnt"],
            executable: "/bin/bash"
        ).wait()
        return tried?.status == 0
    }()

    // Needs the right to mount a file system, which containers often withhold.
    @Test("A full disk is told as such, and a prune can begin on it", .enabled(if: canMount, "needs to mount a tmpfs"))
    func fullDisk() throws {
        let scratch = try Scratch()
        for number in 0..<4 { try scratch.writeTone("t\(number).wav", number, seconds: 60) }
        try scratch.write("corpus.csv", "clip,path\n" + (0..<4).map { "t\($0),t\($0).wav\n" }.joined())
        let words = scratch.run("features.yaml", workers: 1).map { "'\($0)'" }.joined(separator: " ")
        let (tool, cache) = (Tool.path, scratch.path("cache"))
        // Filled to the last byte while the run writes, as by another program.
        let script = """
            mkdir -p '\(cache)' && mount -t tmpfs -o size=4m none '\(cache)' || exit 99
            '\(tool)' \(words); echo "run $?"
            '\(tool)' status --cache '\(cache)'
            '\(tool)' prune --cache '\(cache)'; echo "prune $?"
            """
        try scratch.write("full.sh", script)
        let full = scratch.path("full.sh")
        let ended = try Tool.start(
            ["-c", "unshare -rm bash '\(full)' 2>&1 || unshare -m bash '\(full)' 2>&1"], executable: "/bin/bash"
        ).wait()
        #expect(ended.output.contains("run 75"), "\(ended.output)")
        #expect(ended.output.contains("last run: out of space"), "\(ended.output)")
        #expect(ended.output.contains("prune 0"), "\(ended.output)")
    }
}
