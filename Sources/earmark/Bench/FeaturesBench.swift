import ArgumentParser

extension BenchCommand {
    struct FeaturesBench: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "features",
            abstract:
                "Time the work from files to sealed raw and mel shards and the ledger, in ms per second of audio.",
            discussion: "EXAMPLE  earmark bench features --manifest m.csv --threads 1 --json")

        @Option(
            help: ArgumentHelp("Clips (default: two minutes of generated 44.1 kHz noise).", valueName: "csv"),
            completion: .csv)
        var manifest: String?
        @Option(help: "Worker threads.") var threads = 1
        @Option(help: "Runs to time, each in a fresh cache.") var repeats = 5
        @Option(
            help: ArgumentHelp("Folder for the caches (default: the temporary folder).", valueName: "dir"),
            completion: .directory)
        var scratch: String?
        @Option(help: ArgumentHelp("The pipeline to time.", valueName: "yaml"), completion: .yaml) var pipeline =
            "features.yaml"
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws {
            guard threads > 0, repeats > 0 else { throw ValidationError("--threads and --repeats must be positive") }
        }

        func run() throws {
            let runs = try TimedRuns(
                pipeline: pipeline, sets: [], manifest: manifest, workers: threads, repeats: repeats, scratch: scratch
            ).run()
            let (milliseconds, audio) = (runs.milliseconds, runs.audio)
            if json {
                print(
                    #"{"bench":"features","threads":\#(threads),"audio_s":\#(Figures.fixed(audio, 1)),"#
                        + #""ms_per_audio_s":\#(Figures.fixed(milliseconds, 4))}"#)
            } else {
                print(
                    "features: \(Figures.fixed(milliseconds, 3)) ms a second of audio, "
                        + "\(Figures.fixed(1000 / milliseconds, 0)) x real time")
            }
        }
    }
}
