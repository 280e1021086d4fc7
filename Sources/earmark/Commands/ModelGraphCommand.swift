import ArgumentParser
import Engines
import Errors
import Files

extension ModelCommand {
    struct Graph: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the inputs and outputs of a foreign engine's graph.",
            discussion: """
                Reads ONNX (.onnx), TensorFlow Lite (.tflite) and OpenVINO IR (.xml) with the engine that would compute
                it. A dimension that the graph leaves open is shown as '?'.

                EXAMPLE  earmark model graph birdnet.tflite
                """)

        @Argument(help: "The graph's file.", completion: .file(extensions: ["onnx", "tflite", "xml"])) var file: String
        @Option(help: EngineOption.help, completion: .list(EngineOption.names)) var engine = EngineOption.any
        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            // An engine would wait for the writer of a pipe.
            if let status = FileSystem.status(file) { try FileError.requireFile(status, file) }
            let engine = try ForeignEngines.engine(for: file, asked: EngineOption.kind(engine))
            let graph = try engine.load(file)
            let format = try ForeignFormat.of(file).rawValue
            if json {
                print(
                    #"{"file":\#(JSON.text(file)),"format":\#(JSON.text(format)),"engine":\#(JSON.text(engine.kind.rawValue)),"#
                        + #""version":\#(JSON.text(engine.version)),"inputs":\#(Self.json(graph.inputs)),"#
                        + #""outputs":\#(Self.json(graph.outputs))}"#)
                return
            }
            print(TerminalText.plain("\(file): \(format), read by \(engine.title)"))
            for (role, tensors) in [("input ", graph.inputs), ("output", graph.outputs)] {
                for tensor in tensors { print(TerminalText.plain("  \(role) \(tensor)")) }
            }
        }

        private static func json(_ tensors: [ForeignTensor]) -> String {
            let rows = tensors.map { tensor in
                let sizes = tensor.shape.map { $0.map(String.init) ?? "null" }.joined(separator: ",")
                return #"{"name":\#(JSON.text(tensor.name)),"element":\#(JSON.text(tensor.element.rawValue)),"#
                    + #""shape":[\#(sizes)]}"#
            }
            return "[" + rows.joined(separator: ",") + "]"
        }
    }
}

/// The option that chooses a foreign engine.
enum EngineOption {
    /// Leaves the choice to the file's format.
    static let any = "any"
    static let names = [any] + ForeignEngineKind.allCases.map(\.rawValue)
    static let help = ArgumentHelp(
        "Engine: any (the preferred one of those found), onnxruntime, openvino or litert.", valueName: "engine")

    /// - Throws: `CommandError` if it is none of the names.
    static func kind(_ name: String) throws -> ForeignEngineKind? {
        if name == any { return nil }
        guard let kind = ForeignEngineKind(rawValue: name) else {
            throw CommandError(
                .usage, "--engine is '\(name)', expected one of \(names.joined(separator: ", "))")
        }
        return kind
    }
}
