import ArgumentParser
import Cache
import Corpora
import Errors
import Foundation
import Ledger
import Pipeline
import Sessions
import Wording

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove what no pipeline or manifest of a cache needs any more.",
        discussion: """
            The rows that are needed are those that each pipeline of the cache, with the settings of its last run, \
            made of the clips in the manifest of the cache's last run. Everything else is removed: rows of earlier \
            settings and models, of clips that are gone from the manifest, and of earlier versions of files. If \
            several manifests use the cache, name the others with --manifest. No confirmation is asked for: \
            --dry-run shows beforehand what would be removed, and how much.

            A shard with no needed rows is removed. A shard with some needed rows is copied without the rest if the \
            rest is at least --share of it; the copies, up to eight at a time, take disk space before the old shards \
            are removed. A prune that is killed or runs out of space leaves the cache intact; run it again to \
            continue. The ledger itself needs some free space to record a removal, a megabyte for a small cache. An \
            export that runs at the same time may end with an error and must then be started again.

            EXAMPLE  earmark prune --cache c --dry-run
            EXAMPLE  earmark prune --cache c --manifest other.csv --drop-pipeline features
            """)

    @OptionGroup var cache: CacheOption
    @Flag(help: "Show what would be removed; change nothing.") var dryRun = false
    @Option(
        name: .customLong("manifest"), parsing: .singleValue,
        help: ArgumentHelp(
            "Another manifest whose clips stay, besides that of the last run. May be repeated.", valueName: "csv"),
        completion: .csv)
    var manifests: [String] = []
    @Option(
        name: .customLong("drop-pipeline"), parsing: .singleValue,
        help: ArgumentHelp("Forget a pipeline of the cache and remove its rows. May be repeated.", valueName: "name"))
    var dropped: [String] = []
    @Option(help: "Copy a shard if at least this share of its rows is not needed, 0 to 1.") var share = 0.2
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (0...1).contains(share) else { throw ValidationError("--share is \(share), expected 0 to 1") }
    }

    func run() throws {
        let further = try manifests.map { try Manifest.reading($0, quiet: true) }
        let names = { (clip: String) in further.contains { $0.row(of: clip) != nil } }
        if dryRun {
            let ledger = try cache.value.reading()
            try cache.value.requireNoMerge(ledger)
            let plan = try ledger.consistently {
                try PrunePlan(
                    cache: cache.value, ledger: ledger, dropping: self.dropping(ledger.pipelines()), share: share,
                    looksForStrays: CacheLock.state(folder: cache.cache) == .free, names: names)
            }
            try tell(plan, ledger)
            return
        }
        let pruner = try CachePruner(cache: cache.value)
        defer { try? pruner.close() }
        let pipelines = try pruner.ledger.pipelines()
        let dropping = try self.dropping(pipelines)
        let plan = try pruner.plan(dropping: dropping, share: share, names: names)
        try tell(plan, pruner.ledger)
        let stop = StopSignal()
        let trap = SignalTrap(stop)
        defer { withExtendedLifetime(trap) {} }
        let report = try pruner.run(
            plan, dropping: dropping, models: models(of: pipelines.filter { !dropping.contains($0.name) })
        ) { stop.isRaised }
        try conclude(report)
    }

    /// Returns the pipelines to forget.
    ///
    /// - Throws: `CommandError` of category `usage` if no pipeline has a given name, or if none would be left.
    private func dropping(_ pipelines: [PipelineRecord]) throws -> Set<String> {
        let known = pipelines.map(\.name)
        for name in dropped where !known.contains(name) {
            let near = NearestName.find(name, in: known).map { ", did you mean '\($0)'?" }
            throw CommandError(
                .usage,
                "--drop-pipeline: no pipeline '\(name)' was run on this cache"
                    + (near ?? ", expected " + known.sorted().joined(separator: ", ")))
        }
        let dropping = Set(dropped)
        if !dropping.isEmpty, dropping.count == known.count {
            throw CommandError(
                .usage, "--drop-pipeline: no pipeline would be left; remove the folder \(cache.cache) instead")
        }
        return dropping
    }

    /// The digests of the models that pipelines use; nil if a version that did not record settings ran one of them.
    private func models(of pipelines: [PipelineRecord]) -> Set<String>? {
        let settings = pipelines.map { PipelineSettings(text: $0.settings) }
        guard !settings.contains(where: { $0 == nil }) else { return nil }
        return Set(settings.compactMap(\.self).flatMap(\.stages).compactMap { $0.marks["model"] })
    }

    private func tell(_ plan: PrunePlan, _ ledger: Ledger) throws {
        let pipelines = try ledger.pipelines()
        let text = PruneText(
            plan: plan, names: StageNames(pipelines), isDryRun: dryRun, share: share,
            kept: try pipelines.filter { !dropped.contains($0.name) }.map { ($0, try ledger.counts(for: $0)) },
            dropped: dropped.sorted(), pipelines: pipelines)
        if json {
            print(text.json)
        } else {
            for line in text.lines { print(line) }
        }
    }

    private func conclude(_ report: CachePruner.Report) throws {
        for note in report.notes { say(note) }
        if report.wasInterrupted {
            say("interrupted; the cache is whole, and the same command goes on where this one stopped")
            throw ExitCode(Status.tryAgain)
        }
        if let shortage = report.shortage {
            throw CommandError(
                .busy,
                "\(shortage); \(counted(report.uncopied, "shard")) that \(report.uncopied == 1 ? "was" : "were") to be "
                    + "copied \(report.uncopied == 1 ? "is" : "are") left as before: free some space and run this again"
            )
        }
        if !json, !report.plan.isEmpty { print("freed \(Figures.bytes(report.plan.bytes))") }
    }
}
