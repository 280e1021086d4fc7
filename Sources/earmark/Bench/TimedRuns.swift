import Audio
import Cache
import Corpora
import Errors
import Files
import Foundation
import Pipeline
import Sessions
import Stages
import Timing
import Wording

/// Whole runs of a pipeline over some clips, each into a fresh cache, from reading the manifest to the sealed shards and
/// the ledger.
struct TimedRuns {
    let pipeline: String
    /// Changed parameters, `NODE.KEY=VALUE`.
    let sets: [String]
    /// nil for two minutes of noise at 44.1 kHz, which are made.
    let manifest: String?
    let workers: Int
    let repeats: Int
    /// Where the caches are made; nil for the temporary folder.
    let scratch: String?

    /// What was measured.
    struct Times {
        /// The median run's milliseconds for a second of audio.
        let milliseconds: Double
        /// Seconds of audio in each run.
        let audio: Double
        /// The runs' mean milliseconds of processor time, of all threads, for a second of audio.
        let processor: Double
        /// The precisions of the pipeline's models, as their descriptions give them.
        let precisions: [String]
    }

    /// The most failed clips that the error names.
    private static let shownFailures = 3

    /// - Parameter profile: adds up the times of the kinds of work of all runs; nil to measure none.
    /// - Throws: what a run throws, and `CommandError` if a clip fails.
    func run(_ profile: WorkProfile? = nil) throws -> Times {
        let folder = (scratch ?? NSTemporaryDirectory()) + "/earmark-bench-" + UUID().uuidString
        try FileSystem.makeFolder(FileSystem.absolute(folder))
        defer { try? FileSystem.remove(folder) }
        let yaml = try ShippedFiles.pipeline(pipeline)
        let models = try NamedModels(absent: .fetch, quiet: true)
        let list = try manifest ?? Self.makeNoise(in: folder)
        var times: [Double] = []
        var (audio, processor) = (0.0, 0.0)
        var precisions: [String] = []
        for number in 0..<repeats {
            let cache = CacheFolder(folder: "\(folder)/cache-\(number)")
            let (start, before) = (DispatchTime.now().uptimeNanoseconds, WorkTimer.processTime())
            let seconds = SecondsOfAudio()
            let failures: [FailureLine] = try WorkProfile.measure(profile) {
                try WorkTimer.measure(.run) {
                    let loaded = try PipelineLoader.load(path: yaml, sets: sets, locate: models.locate)
                    precisions = loaded.precisions
                    let session = try RunSession(
                        pipeline: loaded, manifest: Manifest(contentsOf: list), cache: cache)
                    let report = try session.run(session.plan(), workers: workers, stop: StopSignal()) {
                        seconds.add($0)
                    }
                    return try report.failures == 0 ? [] : session.failures()
                }
            }
            times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
            processor += Double(WorkTimer.processTime() - before) / 1e6
            audio = seconds.value
            guard failures.isEmpty else { throw Self.error(failures) }
            try? FileSystem.remove(cache.folder)
        }
        let length = max(audio, 1e-9)
        return Times(
            milliseconds: times.sorted()[times.count / 2] / length, audio: audio,
            processor: processor / length / Double(repeats), precisions: precisions)
    }

    /// Names the first clips that failed, and why they did.
    private static func error(_ failures: [FailureLine]) -> CommandError {
        let named = failures.prefix(shownFailures).map { "\($0.clip) (\($0.path)): \($0.failureClass): \($0.reason)" }
        let more = failures.count - named.count
        return CommandError(
            .incomplete,
            "\(counted(failures.count, "clip")) failed, expected none to time: \(named.joined(separator: "; "))"
                + (more > 0 ? "; and \(more) more" : ""))
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

/// Adds up the seconds of audio in committed clips; called on the committer's thread.
private final class SecondsOfAudio: @unchecked Sendable {
    private let lock = NSLock()
    private var sum = 0.0

    func add(_ outcomes: [Outcome]) { lock.withLock { sum += outcomes.reduce(0) { $0 + $1.seconds } } }
    var value: Double { lock.withLock { sum } }
}
