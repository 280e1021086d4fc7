import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Wording

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Make a small corpus and run a whole pipeline over it, with the model that ships.",
        discussion: "EXAMPLE  earmark demo --dir Cache/demo")

    @Option(
        help: ArgumentHelp("Where the corpus, its manifest and the cache go.", valueName: "dir"), completion: .directory
    )
    var dir = "Cache/demo"
    @Option(
        help: ArgumentHelp("Folder with a label.yaml to use instead of the one that ships.", valueName: "dir"),
        completion: .directory)
    var pipelines: String?
    @Option(help: "Worker threads (default: one per processor).") var workers = ProcessInfo.processInfo
        .activeProcessorCount

    /// The seed of the demo's clips. The model that ships was trained on made-up clips of other seeds, so all of these
    /// are new to it.
    private static let seed: UInt64 = 1

    /// What opens the page on which events are judged. The model that ships is unsure of made-up sounds, so the threshold is low.
    private func reviewCommand(_ cache: String) -> String {
        "earmark review --cache \(cache) --threshold 0.2   (prints an address to open in a browser)"
    }

    func run() throws {
        let corpus = dir + "/corpus"
        let manifest = dir + "/manifest.csv"
        let cache = dir + "/cache"
        say("1. earmark synth \(corpus)")
        let made = try SynthCommand.make(dir: corpus, clips: 60, seed: Self.seed)
        say("   \(counted(made, "clip")) of made-up sounds in FSD50K's layout")
        say("2. earmark manifest fsd50k \(corpus) --out \(manifest)")
        _ = try ManifestCommand.make(.fsd50k, dir: corpus, out: manifest)
        let pipeline = pipelines.map { $0 + "/label.yaml" } ?? "label.yaml"
        say("3. earmark run \(pipeline) --manifest \(manifest) --cache \(cache)")
        let work = try WorkOptions.parse([pipeline, "--manifest", manifest, "--cache", cache])
        let status = try RunFlow(work: work, workers: workers, quiet: false, json: false).run()
        if status != 0 { throw ExitCode(status) }
        say("4. earmark export scores --cache \(cache) --out \(dir)/scores.csv")
        try ExportScoresCommand.parse(["--cache", cache, "--out", dir + "/scores.csv"]).run()
        say("5. earmark stats --cache \(cache) --truth \(manifest) --out \(dir)/stats")
        let stats = try StatsCommand.parse(["--cache", cache, "--truth", manifest, "--out", dir + "/stats"])
        let report = try stats.write()
        if let truth = report.truth {
            say(
                "   mAP \(Figures.fixed(truth.meanAveragePrecision, 3)) over \(counted(truth.scoredClasses, "class", "classes")), on "
                    + "\(counted(report.clips, "clip")) that the model was not trained on")
        }
        say(
            """

            Done. What you have now:
               features:   \(cache)/shards (NumPy files, and index.csv)
               scores:     \(dir)/scores.csv
               statistics: \(dir)/stats/classes.csv, summary.json and report.html (open it in a browser)
            Look at it and listen:
               \(dir)/stats/report.html   (in a browser)
               \(reviewCommand(cache))
            For the same commands on your own recordings, see README.md or 'earmark help'.
            """)
    }
}
