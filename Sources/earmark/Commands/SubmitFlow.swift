import Errors
import ArgumentParser
import Cache
import Corpora
import Files
import Foundation
import Pipeline
import Sessions
import Stages
import Wording

/// Submits a manifest's parts to Slurm, those that have clips to do.
struct SubmitFlow {
    /// Seconds before a task's time limit at which Slurm warns it: enough to finish a batch, sync and commit on a slow disk.
    private static let warning = 180

    let work: WorkOptions
    let parts: Int
    let cpus: Int
    let maxRunning: Int?
    /// Options that both jobs get.
    let shared: [String]

    private var folder: SlurmFolder { SlurmFolder(work.cache.value) }

    /// Submits what there is to do.
    ///
    /// - Throws: `CommandError` if Slurm refuses, in its words, or a path cannot be written into a script; what
    ///   `PartPlanner.plan` and `PartOverview.unfinished` throw; `ExitCode` if it was interrupted.
    func submit() throws {
        try SystemLimits.require()
        let (pipeline, manifest) = try work.load()
        // Without Slurm, nothing is begun.
        _ = try ProgramRun(["sbatch", "--version"])
        let stop = StopSignal()
        let trap = SignalTrap(stop)
        defer { withExtendedLifetime(trap) {} }
        let planner = PartPlanner(pipeline, manifest, cache: work.cache.value, parts: parts)
        guard let plan = try planner.plan(.make(again: true), stop: stop) else { throw ExitCode(Status.tryAgain) }
        tell(plan)
        if plan.isFinished { return print("nothing to submit: every clip is done or failed") }
        let (idle, running) = try PartOverview.unfinished(
            plan, pipeline: pipeline, manifest: manifest, cache: work.cache.value)
        let queued = try queued(plan)
        let sent = idle.filter { !queued.tasks.contains($0) }
        let busy = Set(running).union(queued.tasks).sorted()
        if !busy.isEmpty {
            print("running or waiting already: \(counted(busy.count, "part")), \(BatchScript.array(busy))")
        }
        guard !sent.isEmpty || busy.isEmpty else { return print("nothing to submit") }
        try FileSystem.makeFolder(folder.logs)
        try folder.write(workScript(sent), to: folder.workScript)
        try folder.write(mergeScript, to: folder.mergeScript)
        let array = sent.isEmpty ? nil : try Slurm.submit([], script: folder.workScript)
        if let array {
            print(
                "submitted job \(array): \(counted(sent.count, "part")), \(BatchScript.array(sent)); logs in \(folder.logs)"
            )
        }
        let before = queued.jobs + (array.map { [$0] } ?? [])
        let merge: String
        do {
            merge = try Slurm.submit(mergeOptions(after: before), script: folder.mergeScript)
        } catch let error as CommandError {
            let sentAlready = array.map { "; job \($0) was submitted: when it has ended, run 'earmark merge' yourself" }
            throw CommandError(error.category, at: error.place?.file, error.message + (sentAlready ?? ""))
        }
        print("submitted job \(merge): merge" + (before.isEmpty ? "" : ", after \(before.joined(separator: ", "))"))
        try folder.add(.init(plan: plan.tag, array: array, parts: sent, merge: merge))
        if Slurm.requeues(status: Status.tryAgain) == false {
            sayWrapped(
                "note: this cluster does not begin a task anew that reached its time limit (its RequeueExit lacks 75); what "
                    + "such a task has done is kept, and another 'earmark submit' goes on with it")
        }
    }

    /// Prints what would be submitted if nothing of it were done yet.
    ///
    /// - Throws: what `PartPlanner` throws; `CommandError` if a path cannot be written into a script.
    func show() throws {
        let (pipeline, manifest) = try work.load()
        let planner = PartPlanner(pipeline, manifest, cache: work.cache.value, parts: parts)
        var plan = try planner.current()
        if plan?.isFinished ?? true { plan = try planner.make() }
        guard let plan else { return }
        tell(plan)
        if plan.isFinished { return print("nothing to submit: every clip is done or failed") }
        let open = plan.shares.indices.filter { plan.shares[$0].clips > 0 }
        print("\n\(folder.workScript), submitted by: sbatch --parsable \(BatchScript.quoted(folder.workScript))\n")
        print(try workScript(open).text)
        print(
            "\(folder.mergeScript), submitted by: sbatch --parsable "
                + mergeOptions(after: ["JOB"]).joined(separator: " ") + " \(BatchScript.quoted(folder.mergeScript))\n")
        print(try mergeScript.text)
    }

    private func tell(_ plan: PartPlan) {
        let longest = plan.shares.map(\.seconds).max() ?? 0
        let mean = plan.seconds / Double(plan.job.parts)
        var lengths = [(plan.lengths.known, "known"), (plan.lengths.fromHeaders, "from headers")]
        lengths.append((plan.lengths.fromSizes, "estimated from sizes"))
        let told = lengths.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        printWrapped(
            "plan \(plan.tag): \(counted(plan.clips, "clip")), \(Figures.audio(plan.seconds)) of audio, in "
                + "\(counted(plan.job.parts, "part")), the longest \(Figures.fixed(mean > 0 ? longest / mean : 1, 3)) of the mean"
                + (told.isEmpty ? "" : " (lengths: \(told))"))
    }

    /// The tasks of earlier submissions of this plan that wait or run, and their jobs.
    private func queued(_ plan: PartPlan) throws -> (tasks: Set<Int>, jobs: [String]) {
        var found: (tasks: Set<Int>, jobs: [String]) = ([], [])
        for submission in try folder.submissions() where submission.plan == plan.tag {
            guard let array = submission.array else { continue }
            let tasks = try Slurm.queued(array: array)
            if tasks.isEmpty { continue }
            found.tasks.formUnion(tasks)
            found.jobs.append(array)
        }
        return found
    }

    // MARK: - The scripts

    private func workScript(_ tasks: [Int]) throws -> BatchScript {
        let limit = maxRunning.map { "%\($0)" } ?? ""
        return BatchScript(
            comment: "Written by 'earmark submit': one part of a manifest in each task.",
            options: [
                "--job-name=earmark-work", "--array=\(BatchScript.array(tasks))\(limit)", "--requeue",
                "--signal=USR1@\(Self.warning)", "--ntasks=1", "--cpus-per-task=\(cpus)",
                "--output=\(BatchScript.pattern(folder.logs))/%A_%a.log", "--open-mode=append",
            ] + shared,
            folder: FileSystem.absolute("."),
            command: try step("work")
                + [
                    "--part", #""$SLURM_ARRAY_TASK_ID""#, "--of", "\(parts)", "--workers", "\(cpus)", "--planned",
                ] + (work.checkContent ? ["--check-content"] : []))
    }

    private var mergeScript: BatchScript {
        get throws {
            BatchScript(
                comment: "Written by 'earmark submit': makes one cache of the parts.",
                options: [
                    "--job-name=earmark-merge", "--requeue", "--ntasks=1",
                    "--output=\(BatchScript.pattern(folder.logs))/merge-%j.log", "--open-mode=append",
                ] + shared,
                folder: FileSystem.absolute("."), command: try step("merge") + ["--of", "\(parts)"])
        }
    }

    /// `afterany`: with `afterok`, the merge would wait for ever once a task was requeued for its exit status.
    private func mergeOptions(after jobs: [String]) -> [String] {
        jobs.isEmpty
            ? []
            : ["--dependency=" + jobs.map { "afterany:\($0)" }.joined(separator: ","), "--kill-on-invalid-dep=yes"]
    }

    /// The words of a command of this program as a step of a job, up to what is common to all. Models have been fetched by
    /// now: many tasks must not fetch them at once.
    private func step(_ command: String) throws -> [String] {
        let program = FileSystem.resolved("/proc/self/exe")
        // An option that the job has does not count for its steps since Slurm 22.05.
        let processors = command == "work" ? ["--cpus-per-task=\(cpus)"] : []
        var words = [
            program, command, try FileSystem.absolute(ShippedFiles.pipeline(work.pipeline)), "--manifest",
            FileSystem.absolute(work.manifest), "--cache", FileSystem.absolute(work.cache.cache), "--offline",
        ]
        for set in work.sets { words += ["--set", set] }
        for word in words + [folder.path] where word.unicodeScalars.contains(where: { $0.value < 0x20 }) {
            throw CommandError(.usage, at: word, "found a control character, which no batch script can have in a path")
        }
        return ["srun", "--ntasks=1"] + processors + words.map(BatchScript.quoted)
    }
}
