import ArgumentParser
import Engines
import Foundation
import Models
import Training

extension BenchCommand {
    struct TrainingBench: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "training", abstract: "Time training steps on made-up chunks: the median, in ms per chunk.",
            discussion: "EXAMPLE  earmark bench training --threads 2 --batch 64 --json")

        @Option(help: "lean, lean-mean, wave-encoder, yamnet-projection or yamnet.") var architecture = "lean"
        @Option(help: "Classes.") var classes = 200
        @Option(help: "Threads.") var threads = 2
        @Option(help: "Chunks per step.") var batch = 64
        @Option(help: "Steps to time.") var repeats = 12
        @Flag(help: "Print one JSON object.") var json = false

        func validate() throws {
            guard Architecture(rawValue: architecture)?.hasClassifier == true else {
                throw ValidationError(
                    "--architecture is '\(architecture)', expected one of "
                        + Architecture.classifiers.map(\.rawValue).joined(separator: ", "))
            }
            guard classes > 1, threads > 0, batch > 0, repeats > 0 else {
                throw ValidationError("--classes, --threads, --batch and --repeats must be positive")
            }
        }

        func run() throws {
            let layout = ParameterLayout(
                architecture: Architecture(rawValue: architecture) ?? .lean, classes: classes)
            let parameters = ParameterBuffer(layout)
            Initialization.fill(parameters, seed: 1)
            let network = TrainableNetwork(parameters: parameters)
            let chunks = NoiseChunks(chunkCount: batch, classes: classes)
            let runner = BatchRunner(network: network, set: chunks, batch: batch, threads: threads)
            let adam = Adam(layout)
            var times: [Double] = []
            for step in 0...repeats {
                let order = EpochOrder(count: batch, seed: 1, epoch: step)
                let start = DispatchTime.now().uptimeNanoseconds
                _ = try runner.run(0..<batch, of: order, epoch: step)
                adam.step(parameters, groups: runner.groups, rate: 1e-4, step: step + 1, threads: threads)
                network.load(threads: threads)
                if step > 0 { times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6) }
            }
            let milliseconds = times.sorted()[times.count / 2] / Double(batch)
            if json {
                print(
                    #"{"network":"\#(architecture)","training":true,"precision":"f32","threads":\#(threads),"#
                        + #""batch":\#(batch),"ms_per_chunk":\#(Figures.fixed(milliseconds, 4))}"#)
            } else {
                print("\(architecture) training step: \(Figures.fixed(milliseconds, 3)) ms a chunk")
            }
        }
    }
}

/// Chunks of noise with one label each, held in memory, so that only the training itself is timed.
private struct NoiseChunks: ChunkSource {
    let chunkCount: Int
    private let classes: Int
    private let noise: [Float]

    init(chunkCount: Int, classes: Int) {
        self.chunkCount = chunkCount
        self.classes = classes
        var random = SeededRandom(seed: 1)
        noise = (0..<chunkCount * LEANShape.samples).map { _ in random.uniform(within: 1) }
    }

    func labels(_ chunk: Int) -> [Int] { [chunk % classes] }

    func place(of chunk: Int) -> (clip: Int, chunk: Int) { (chunk, 0) }

    func isSilent(_ chunk: Int) -> Bool { false }

    func fill(
        _ chunk: Int, mel: UnsafeMutablePointer<Float>?, wave: UnsafeMutablePointer<Float>?, gain: Float
    ) {
        noise.withUnsafeBufferPointer { noise in
            guard let base = noise.baseAddress else { return }
            let start = base + chunk * LEANShape.samples
            mel?.update(from: start, count: YAMNetShape.frames * YAMNetShape.bands)
            wave?.update(from: start, count: LEANShape.samples)
        }
    }
}
