import Foundation
import Testing

/// What `submit` asks of Slurm, with stand-ins for its commands; `Scripts/slurm-test` has the real ones.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct SubmitTests {
    /// Stand-ins that write down how they were called: jobs are numbered from 101.
    private struct FakeSlurm {
        let scratch: Scratch

        init(_ scratch: Scratch) throws {
            self.scratch = scratch
            try FileManager.default.createDirectory(
                atPath: scratch.path("bin"), withIntermediateDirectories: true)
            try put(
                "sbatch",
                """
                [ "$1" = --version ] && exit 0
                [ -e "\(scratch.path("refuse"))" ] && { echo "sbatch: error: Invalid account" >&2; exit 1; }
                printf '%s\\n' "$*" >> "\(scratch.path("calls"))"
                echo $((100 + $(wc -l < "\(scratch.path("calls"))")))
                """)
            try put("squeue", "cat \"\(scratch.path("queue"))\" 2>/dev/null || exit 1")
            try put("scontrol", "echo 'RequeueExit             = 10,70-80'")
        }

        func put(_ name: String, _ body: String) throws {
            try scratch.write("bin/" + name, "#!/bin/sh\n" + body + "\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: scratch.path("bin/" + name))
        }

        func run(_ words: [String]) throws -> Tool.Result {
            let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
            return try Tool.run(words, environment: ["PATH": scratch.path("bin") + ":" + path])
        }

        func calls() -> [String] { (try? scratch.lines("calls")) ?? [] }
    }

    private func corpus() throws -> (PartCache, FakeSlurm) {
        let scratch = try Scratch()
        try scratch.synth(10)
        // A path that a shell, a directive and a pattern could each misread.
        var parts = PartCache(scratch: scratch)
        parts.cache = "it's a \"cache\" 50% $HOME"
        return (parts, try FakeSlurm(scratch))
    }

    @Test("The scripts name each path as it is, and bash takes them; the merge depends on the array")
    func scripts() throws {
        let (parts, slurm) = try corpus()
        let scratch = parts.scratch
        let result = try slurm.run(
            parts.submit("--time", "1:00", "--mem", "2G", "--cpus", "3", "--max-running", "2", "--account", "a"))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("submitted job 101: 4 parts, 0-3"))
        #expect(result.output.contains("submitted job 102: merge, after 101"))
        let folder = parts.folder + "/slurm/"
        #expect(
            slurm.calls() == [
                "--parsable \(folder)work.sh",
                "--parsable --dependency=afterany:101 --kill-on-invalid-dep=yes \(folder)merge.sh",
            ])
        let work = try String(contentsOfFile: folder + "work.sh", encoding: .utf8)
        for line in [
            "--array=0-3%2", "--requeue", "--signal=USR1@180", "--cpus-per-task=3", "--time=1:00", "--mem=2G",
            "--account=a", "--open-mode=append",
        ] { #expect(work.contains("\n#SBATCH \(line)\n"), "\(line)") }
        #expect(work.contains("50%% $HOME/slurm/logs/%A_%a.log\""))
        // The build's folder may be reached through a link, and the script names the program itself.
        let program = URL(fileURLWithPath: Tool.path).resolvingSymlinksInPath().path
        #expect(work.contains("\nexec srun --ntasks=1 --cpus-per-task=3 \(program) work "), "\(work)")

        // Run by bash, with a stand-in for srun that starts the step as it is, the part is done.
        try slurm.put("srun", "while case $1 in --*) true;; *) false;; esac; do shift; done; exec \"$@\"")
        for part in 0..<4 {
            let path = scratch.path("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
            let ran = try Tool.start(
                [folder + "work.sh"], environment: ["PATH": path, "SLURM_ARRAY_TASK_ID": "\(part)"],
                executable: "/bin/bash"
            ).wait()
            #expect(ran.status == 0, "\(ran.errors)")
        }
        let status = try parts.status()
        #expect(status.done == 10 && status.parts?.list.map(\.state) == ["done", "done", "done", "done"])
        #expect(status.parts?.list.map(\.job) == ["101_0", "101_1", "101_2", "101_3"])
        #expect(status.parts?.list[2].log == folder + "logs/101_2.log")
        let merged = try Tool.start(
            [folder + "merge.sh"],
            environment: ["PATH": scratch.path("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")],
            executable: "/bin/bash"
        ).wait()
        #expect(merged.status == 0, "\(merged.errors)")
        #expect(try scratch.status(cache: parts.cache).done == 10)
        let again = try slurm.run(parts.submit())
        #expect(again.status == 0 && again.output.contains("nothing to submit") && slurm.calls().count == 2)
    }

    @Test("A second submission sends the parts with holes that are neither running nor waiting")
    func holes() throws {
        let (parts, slurm) = try corpus()
        #expect(try slurm.run(parts.submit()).status == 0)
        for part in [0, 3] { #expect(try Tool.run(parts.work(part)).status == 0) }
        try FileManager.default.removeItem(atPath: parts.path(3))
        // Part 1 waits in the queue.
        try parts.scratch.write("queue", "1\n")
        let second = try slurm.run(parts.submit())
        #expect(second.output.contains("running or waiting already: 1 part, 1\n"), "\(second.output)")
        #expect(second.output.contains("submitted job 103: 2 parts, 2-3"), "\(second.output)")
        #expect(slurm.calls().last?.contains("--dependency=afterany:101,afterany:103 ") == true)
        try FileManager.default.removeItem(atPath: parts.scratch.path("queue"))
        for part in 1...3 { #expect(try Tool.run(parts.work(part)).status == 0) }
        // All parts are done: only the merge is sent.
        let third = try slurm.run(parts.submit())
        #expect(third.status == 0 && third.output.contains("submitted job 105: merge\n"), "\(third.output)")
        #expect(!third.output.contains("logs in"))
        #expect(slurm.calls().last == "--parsable \(parts.folder)/slurm/merge.sh" && slurm.calls().count == 5)
    }

    @Test(
        "Slurm's own words where it refuses, no command of Slurm, and a changed number of parts; --dry-run writes nothing"
    )
    func refusals() throws {
        let (parts, slurm) = try corpus()
        let shown = try slurm.run(parts.submit("--dry-run"))
        #expect(shown.status == 0 && shown.output.contains("#SBATCH --array=0-3\n"))
        #expect(!FileManager.default.fileExists(atPath: parts.folder) && slurm.calls().isEmpty)
        try parts.scratch.write("refuse", "")
        let refused = try slurm.run(parts.submit("--account", "nobody"))
        #expect(refused.status == 64 && refused.errors.contains("sbatch refused it: sbatch: error: Invalid account"))
        let none = try Tool.run(parts.submit(), environment: ["PATH": "/nonexistent"])
        #expect(
            none.status == 64 && none.errors.contains("sbatch: found no such program on the PATH"), "\(none.errors)")
        var other = parts
        other.parts = 5
        let changed = try slurm.run(other.submit())
        #expect(changed.status == 65 && changed.errors.contains("4 parts, expected 5"), "\(changed.errors)")
        for (option, value) in [("--parts", "0"), ("--cpus", "0"), ("--max-running", "0"), ("--mem", "2 G")] {
            #expect(try slurm.run(parts.submit(option, value)).status == 64, "\(option)")
        }
        // A cluster that does not begin a task anew says so.
        try FileManager.default.removeItem(atPath: parts.scratch.path("refuse"))
        try slurm.put("scontrol", "echo 'RequeueExit             = 76'")
        #expect(try slurm.run(parts.submit()).errors.contains("does not begin a task anew"))
    }
}
