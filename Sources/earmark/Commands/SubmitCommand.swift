import ArgumentParser

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Run a manifest's parts as a Slurm job array, then merge them.",
        discussion: """
            Makes the plan of the parts, writes slurm/work.sh and slurm/merge.sh below the cache, and submits both: an array \
            of one task for each part, and a job that merges once all tasks have ended, however they ended. Logs are in \
            slurm/logs. 'earmark status' shows the parts with their jobs. Another 'submit' of the same command sends only \
            the parts that still have clips to do and that are neither running nor waiting, and another merge.

            Cache, manifest, recordings, this program and its models must have the same paths on all nodes. A task that is \
            warned of its time limit, preempted or requeued keeps what it has done and goes on from there. On a cluster \
            whose RequeueExit does not have 75, a task that reached its time limit has to be submitted again.

            EXAMPLE  earmark submit label.yaml --manifest m.csv --cache c --parts 64 --time 4:00:00 --mem 4G --cpus 4
            """)

    @OptionGroup var work: WorkOptions
    @Option(help: "Number of parts that the manifest is divided into.") var parts: Int
    @Option(help: ArgumentHelp("Longest time of a task, as sbatch takes it.", valueName: "time")) var time: String?
    @Option(help: ArgumentHelp("Memory of a task, as sbatch takes it, such as 4G.", valueName: "size")) var mem: String?
    @Option(help: "Processors, and worker threads, of a task.") var cpus = 1
    @Option(help: ArgumentHelp("The partition to run on.", valueName: "name")) var partition: String?
    @Option(help: ArgumentHelp("The account that is charged.", valueName: "name")) var account: String?
    @Option(help: "The most tasks that run at the same time (default: as many as the cluster allows).")
    var maxRunning: Int?
    @Flag(help: "Print the scripts and how they would be submitted; write and submit nothing.") var dryRun = false

    func validate() throws {
        guard (1...PartCountOption.most).contains(parts) else {
            throw ValidationError("--parts is \(parts), expected 1 to \(PartCountOption.most)")
        }
        guard (1...1024).contains(cpus) else { throw ValidationError("--cpus is \(cpus), expected 1 to 1024") }
        if let maxRunning, maxRunning < 1 {
            throw ValidationError("--max-running is \(maxRunning), expected at least 1")
        }
        for (name, value) in [("time", time), ("mem", mem), ("partition", partition), ("account", account)] {
            guard let value else { continue }
            let isWord = !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
            guard isWord else { throw ValidationError("--\(name) is '\(value)', expected one word") }
        }
    }

    func run() throws {
        let flow = SubmitFlow(
            work: work, parts: parts, cpus: cpus, maxRunning: maxRunning,
            shared: [("time", time), ("mem", mem), ("partition", partition), ("account", account)].compactMap {
                name, value in value.map { "--\(name)=\($0)" }
            })
        try dryRun ? flow.show() : flow.submit()
    }
}
