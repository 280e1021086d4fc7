import ArgumentParser
import Engines
import Files
import Foundation
import Random

/// Times a foreign engine as the program calls it; `Scripts/bench/engines.py` compares it with the engine's own calls.
struct EngineBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "Time a foreign engine's graph on one thread, in ms per call.",
        discussion: "EXAMPLE  earmark bench engine birdnet.tflite --batch 1 --json")

    @Argument(help: "The graph's file.", completion: .file(extensions: ["onnx", "tflite", "xml"])) var file: String
    @Option(help: EngineOption.help, completion: .list(EngineOption.names)) var engine = EngineOption.any
    @Option(help: "The size of each dimension that the graph leaves open.") var batch = 16
    @Option(help: "Calls to time.") var repeats = 50
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        for (name, value) in [("batch", batch), ("repeats", repeats)] where value < 1 {
            throw ValidationError("--\(name) is \(value), expected 1 or more")
        }
    }

    func run() throws {
        // An engine would wait for the writer of a pipe.
        if let status = FileSystem.status(file) { try FileError.requireFile(status, file) }
        let engine = try ForeignEngines.engine(for: file, asked: EngineOption.kind(engine))
        let graph = try engine.load(file)
        let shapes = graph.inputs.map { $0.shape.map { $0 ?? batch } }
        let runner = try graph.makeRunner(inputShapes: shapes)
        var random = SplitMix64(seed: 1)
        let inputs = shapes.map { shape in
            AlignedFloats((0..<shape.reduce(1, *)).map { _ in Float(random.uniform()) })
        }
        let outputs = runner.outputShapes.map { AlignedFloats(count: $0.reduce(1, *)) }
        var times: [Double] = []
        // The first call prepares much that later ones use.
        for call in 0...repeats {
            let start = DispatchTime.now().uptimeNanoseconds
            try runner.run(inputs: inputs.map { UnsafePointer($0.pointer) }, outputs: outputs.map(\.pointer))
            if call > 0 { times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6) }
        }
        times.sort()
        let (best, median) = (times[0], times[times.count / 2])
        if json {
            print(
                #"{"engine":\#(JSON.text(engine.kind.rawValue)),"version":\#(JSON.text(engine.version)),"batch":\#(batch),"#
                    + #""best_ms":\#(Figures.fixed(best, 4)),"median_ms":\#(Figures.fixed(median, 4))}"#)
        } else {
            print(
                "\(engine.title), \(batch) for each open dimension: \(Figures.fixed(best, 3)) ms a call at best, "
                    + "\(Figures.fixed(median, 3)) ms in the median")
        }
    }
}
