import ArgumentParser
import Engines
import Features
import Timing

extension BenchCommand {
    struct JobBench: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "job",
            abstract: "Time a whole run, from files to results, in ms per second of audio.",
            discussion: """
                With --profile, a table says where the processor's time goes, as the run itself measures it on each of \
                its threads.

                EXAMPLE  earmark bench job --manifest m.csv --threads 1 --profile
                """)

        @Option(
            help: ArgumentHelp("Clips (default: two minutes of generated 44.1 kHz noise).", valueName: "csv"),
            completion: .csv)
        var manifest: String?
        @Option(
            help: ArgumentHelp("The pipeline to time.", valueName: "yaml"), completion: .yaml)
        var pipeline = "label.yaml"
        @Option(help: ArgumentHelp("Change a parameter of a stage.", valueName: "stage.key=value")) var set: [String] =
            []
        @Option(help: "Worker threads.") var threads = 1
        @Option(help: "Runs to time, each in a fresh cache.") var repeats = 5
        @Option(
            help: ArgumentHelp("Folder for the caches (default: the temporary folder).", valueName: "dir"),
            completion: .directory)
        var scratch: String?
        @Flag(help: "Show where the processor's time goes.") var profile = false
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws {
            guard threads > 0, repeats > 0 else { throw ValidationError("--threads and --repeats must be positive") }
        }

        func run() throws {
            let measured = profile ? WorkProfile() : nil
            let times = try TimedRuns(
                pipeline: pipeline, sets: set, manifest: manifest, workers: threads, repeats: repeats, scratch: scratch
            ).run(measured)
            let table = measured.map {
                WorkTable(
                    seconds: $0.seconds, of: times.audio * Double(repeats), processor: times.processor,
                    precisions: times.precisions)
            }
            if json {
                print(
                    #"{"bench":"job","threads":\#(threads),"audio_s":\#(Figures.fixed(times.audio, 1)),"#
                        + #""ms_per_audio_s":\#(Figures.fixed(times.milliseconds, 4)),"#
                        + #""processor_ms_per_audio_s":\#(Figures.fixed(times.processor, 4))"#
                        + (table.map { ",\($0.json)" } ?? "") + "}")
                return
            }
            print(
                "job: \(Figures.fixed(times.milliseconds, 3)) ms a second of audio, "
                    + "\(Figures.fixed(1000 / times.milliseconds, 0)) x real time; "
                    + "\(Figures.fixed(times.processor, 3)) ms of processor time")
            if let table { print(table.text) }
        }
    }
}

/// Where the processor's time goes.
private struct WorkTable {
    private let rows: [(work: Work, milliseconds: Double)]
    /// Milliseconds of the whole process for a second of audio.
    private let whole: Double
    /// The forward passes' precisions and kernels.
    private let networks: String

    private var sum: Double { rows.reduce(0) { $0 + $1.milliseconds } }

    /// - Parameters:
    ///   - seconds: processor time by kind of work.
    ///   - audio: seconds of audio that it was spent on.
    ///   - processor: milliseconds of the whole process for a second of audio.
    ///   - precisions: of the pipeline's models.
    init(seconds: [Work: Double], of audio: Double, processor: Double, precisions: [String]) {
        networks = precisions.map { "\($0), \(KernelName.of($0))" }.joined(separator: "; ")
        rows = Work.allCases.map { ($0, (seconds[$0] ?? 0) * 1000 / max(audio, 1e-9)) }.filter { $0.1 > 0 }
        whole = processor
    }

    /// What a kind of work is, for people.
    private func name(_ work: Work) -> String {
        switch work {
        case .decode: "decoding"
        case .resample: "resampling"
        case .chunk: "chunks, their padding and levels"
        case .logMel: "features (log-mel, \(LogMel.instructionSet))"
        case .infer: "patches: cut, normalised, batched"
        case .forward: "forward pass (\(networks))"
        case .aggregate: "clip scores"
        case .cache: "shards: rows rounded, written, synced"
        case .hashing: "digests of files and rows"
        case .ledger: "ledger"
        case .run: "manifest, model, plan, index"
        case .other: "rest: queue, waking, bookkeeping"
        }
    }

    var text: String {
        let lines =
            rows.map { (name($0.work), $0.milliseconds) } + [
                ("sum", sum), ("process", whole), ("not attributed", whole - sum),
            ]
        let width = lines.map(\.0.count).max() ?? 0
        return
            (["ms of processor time a second of audio, and its share of the process:"]
            + lines.map { name, milliseconds in
                let time = Figures.fixed(milliseconds, 4)
                let share = Figures.fixed(100 * milliseconds / max(whole, 1e-9), 1)
                return "  \(name)\(String(repeating: " ", count: width - name.count))"
                    + "\(String(repeating: " ", count: max(0, 9 - time.count)))\(time)"
                    + "\(String(repeating: " ", count: max(0, 7 - share.count)))\(share) %"
            }).joined(separator: "\n")
    }

    var json: String {
        let parts = rows.map { "\"\($0.work.rawValue)\":\(Figures.fixed($0.milliseconds, 4))" }
        return "\"profile\":{\(parts.joined(separator: ","))},\"unattributed\":\(Figures.fixed(whole - sum, 4))"
    }
}
