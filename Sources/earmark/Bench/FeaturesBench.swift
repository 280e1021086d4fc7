import Errors
import ArgumentParser
import Audio
import Cache
import Corpora
import Files
import Foundation
import Pipeline
import Sessions
import Stages

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
            let folder = (scratch ?? NSTemporaryDirectory()) + "/earmark-bench-" + UUID().uuidString
            try FileSystem.makeFolder(FileSystem.absolute(folder))
            defer { try? FileSystem.remove(folder) }
            let yaml = try ShippedFiles.pipeline(pipeline)
            let models = try NamedModels(absent: .fetch, quiet: true)
            let list = try manifest ?? Self.makeNoise(in: folder)
            var times: [Double] = []
            var audio = 0.0
            for number in 0..<repeats {
                let cache = CacheFolder(folder: "\(folder)/cache-\(number)")
                let start = DispatchTime.now().uptimeNanoseconds
                let session = try RunSession(
                    pipeline: PipelineLoader.load(path: yaml, sets: [], locate: models.locate),
                    manifest: Manifest(contentsOf: list), cache: cache)
                let seconds = SecondsOfAudio()
                let report = try session.run(session.plan(), workers: threads, stop: StopSignal()) { seconds.add($0) }
                times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
                audio = seconds.value
                guard report.failures == 0 else {
                    throw CommandError(.incomplete, "\(report.failures) clips failed, expected none to time")
                }
            }
            let milliseconds = times.sorted()[times.count / 2] / max(audio, 1e-9)
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

        private static func makeNoise(in folder: String) throws -> String {
            var state: UInt64 = 1
            var rows = "clip,path\n"
            for number in 0..<24 {
                let samples = (0..<5 * 44_100).map { _ -> Float in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Float(Int32(truncatingIfNeeded: state >> 32)) / 8_589_934_592
                }
                try AudioWriter.write("\(folder)/\(number).wav", rate: 44_100, channels: 1, samples: samples)
                rows += "\(number),\(number).wav\n"
            }
            let text = Array(rows.utf8)
            try FileSystem.write(folder + "/manifest.csv") { try $0(text[...]) }
            return folder + "/manifest.csv"
        }
    }
}

/// Adds up the seconds of audio in committed clips; called on the committer's thread.
private final class SecondsOfAudio: @unchecked Sendable {
    private let lock = NSLock()
    private var sum = 0.0

    func add(_ outcomes: [Outcome]) { lock.withLock { sum += outcomes.reduce(0) { $0 + $1.seconds } } }
    var value: Double { lock.withLock { sum } }
}
