import Files
import ArgumentParser
import Engines
import Foundation
import Timing

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Time the parts whose figures are in Docs/Figures.md.",
        subcommands: [
            EngineBench.self, FeaturesBench.self, JobBench.self, NetworkBench.self, TrainingBench.self,
            ScoresBench.self, SearchBench.self,
        ])

    struct NetworkBench: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "network", abstract: "Time a model's forward pass: the best of several, in ms per chunk.",
            discussion: "EXAMPLE  earmark bench network --model yamnet.safetensors --threads 1 --batch 64 --json")

        @Option(help: ArgumentHelp("Model file.", valueName: "safetensors"), completion: .safetensors) var model: String
        @Option(help: "Arithmetic: auto (what the file is stored in), float32 or int8.") var precision = "auto"
        @Option(help: "Threads, each with its own batch.") var threads = 1
        @Option(help: "Chunks in one forward pass.") var batch = 64
        @Option(help: "Passes to time.") var repeats = 12
        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            let before = Self.residentBytes()
            let loaded = try NamedModels.engines.load(model, precision: try PrecisionOption.precision(precision))
            let grown = Self.residentBytes() - before
            let best = Box()
            let group = DispatchGroup()
            for _ in 0..<threads {
                group.enter()
                Thread {
                    best.add { try Self.time(loaded, batch: batch, repeats: repeats) }
                    group.leave()
                }.start()
            }
            group.wait()
            let worst = try best.worst()
            let milliseconds = worst.seconds * 1000 / Double(batch) / Double(threads)
            let processor = worst.processor * 1000 / Double(batch)
            let (network, precision) = (loaded.model.network, loaded.model.precision)
            let kernels = KernelName.of(precision)
            if json {
                print(
                    #"{"network":"\#(network)","precision":"\#(precision)","kernels":"\#(kernels)","threads":\#(threads),"#
                        + #""batch":\#(batch),"ms_per_chunk":\#(Figures.fixed(milliseconds, 4)),"#
                        + #""processor_ms_per_chunk":\#(Figures.fixed(processor, 4)),"#
                        + #""model_resident_mb":\#(Figures.fixed(Double(grown) / 1e6, 1))}"#)
            } else {
                print(
                    "\(network) \(precision), \(kernels): \(Figures.fixed(milliseconds, 3)) ms a chunk; "
                        + "the loaded model takes \(Figures.fixed(Double(grown) / 1e6, 1)) MB of memory")
            }
        }

        /// The resident memory of this process in bytes, as the kernel counts it; 0 if it cannot be read.
        private static func residentBytes() -> Int {
            let text = (try? FileSystem.read("/proc/self/statm")).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let fields = text.split(separator: " ")
            return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
        }

        /// Returns the seconds that the fastest forward pass took, and the least seconds of its thread's processor time; an
        /// extra first pass does not count.
        ///
        /// - Throws: what the engine throws.
        private static func time(_ engine: any InferenceEngine, batch: Int, repeats: Int) throws -> Times {
            let model = engine.model
            let session = try engine.makeSession(maxBatch: batch)
            var state: UInt64 = 1
            let noise = { () -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
            }
            let mel = (0..<batch * model.patchSize).map { _ in noise() }
            let wave = (0..<batch * model.waveSize).map { _ in noise() * 0.1 }
            var scores = [Float](repeating: 0, count: batch * model.classCount)
            var best = Times(seconds: .infinity, processor: .infinity)
            for pass in 0...repeats {
                let (start, before) = (DispatchTime.now().uptimeNanoseconds, WorkTimer.threadTime())
                try session.forward(mel: mel, wave: wave, count: batch, embeddings: nil, scores: &scores)
                let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
                let processor = Double(WorkTimer.threadTime() - before) / 1e9
                if pass > 0 {
                    best = Times(seconds: min(best.seconds, seconds), processor: min(best.processor, processor))
                }
            }
            return best
        }
    }
}

/// The kernels in use.
enum KernelName {
    /// The instruction set in which a network of a precision, as a model's description gives it, is computed.
    static func of(_ precision: String) -> String {
        precision == "int8" ? Int8Kernels.best.instructionSet.rawValue : Kernels.best.instructionSet.rawValue
    }
}

/// How long a forward pass took.
private struct Times {
    var seconds: Double
    /// Seconds of the thread's processor time.
    var processor: Double
}

/// Collects times, or the first error, from several threads.
private final class Box: @unchecked Sendable {
    private let lock = NSLock()
    private var value = Times(seconds: 0, processor: 0)
    private var failure: (any Error)?

    func add(_ measure: () throws -> Times) {
        let result = Swift.Result(catching: measure)
        lock.withLock {
            switch result {
            case .success(let times):
                value = Times(
                    seconds: max(value.seconds, times.seconds), processor: max(value.processor, times.processor))
            case .failure(let error): failure = failure ?? error
            }
        }
    }

    /// Returns the longest times.
    ///
    /// - Throws: the first error.
    func worst() throws -> Times {
        try lock.withLock {
            if let failure { throw failure }
            return value
        }
    }
}
