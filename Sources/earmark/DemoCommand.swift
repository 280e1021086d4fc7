import ArgumentParser
import Corpus
import Foundation

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Make a small corpus and take it through a whole pipeline.",
        discussion: "EXAMPLE  earmark demo --dir Cache/demo")

    @Option(help: ArgumentHelp("Where the corpus, its manifest and the cache go.", valueName: "dir"))
    var dir = "Cache/demo"
    @Option(help: ArgumentHelp("Folder of the pipelines that ship.", valueName: "dir")) var pipelines = "Pipelines"
    @Option(help: ArgumentHelp("A YAMNet model file to label with, if it is there.", valueName: "safetensors"))
    var model = "Models/yamnet.safetensors"

    func run() throws {
        let corpus = dir + "/corpus"
        let manifest = dir + "/manifest.csv"
        say("1. earmark synth \(corpus)")
        let made = try SynthCommand.make(dir: corpus, clips: 60, seed: 1)
        say("   \(made) clips of made-up sounds in FSD50K's layout")
        say("2. earmark manifest fsd50k \(corpus) --out \(manifest)")
        _ = try ManifestCommand.make(.fsd50k, dir: corpus, out: manifest)
        var results = ["features: \(dir)/features/shards (NumPy files, and index.csv)"]
        try step(3, pipeline: "features.yaml", manifest, cache: dir + "/features", sets: [])
        if FileManager.default.fileExists(atPath: model) {
            try step(4, pipeline: "label.yaml", manifest, cache: dir + "/labels", sets: ["infer.model=\(model)"])
            say("5. earmark stats --cache \(dir)/labels --out \(dir)/stats")
            let stats = try StatsCommand.parse(["--cache", dir + "/labels", "--out", dir + "/stats"])
            try stats.run()
            let export = try ExportCommand.parse(
                ["scores", "--cache", dir + "/labels", "--out", dir + "/scores.csv"])
            try export.run()
            results += ["scores:   \(dir)/scores.csv", "report:   \(dir)/stats/report.html"]
        } else {
            say("   (for labels: earmark model fetch yamnet, then make demo again)")
        }
        say("\nDone. What you have now:")
        for line in results { say("   \(line)") }
        say("The same commands, on your own recordings: see README.md")
    }

    private func step(_ number: Int, pipeline: String, _ manifest: String, cache: String, sets: [String]) throws {
        let file = pipelines + "/" + pipeline
        say("\(number). earmark run \(file) --manifest \(manifest) --cache \(cache)")
        let work = try WorkOptions.parse(
            [file, "--manifest", manifest, "--cache", cache] + sets.flatMap { ["--set", $0] })
        let status = try RunFlow(
            work: work, workers: ProcessInfo.processInfo.activeProcessorCount, quiet: false, json: false
        ).run()
        if status != 0 { throw ExitCode(status) }
    }

    private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
