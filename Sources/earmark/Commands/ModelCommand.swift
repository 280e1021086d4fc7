import ArgumentParser
import Engines
import Files
import Foundation
import Models
import Wording

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Fetch, import, describe and quantise model files.",
        subcommands: [Fetch.self, Import.self, Info.self, Quantize.self])

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read Google's YAMNet from a TensorFlow Lite file, dequantised to float32.",
            discussion:
                "EXAMPLE  earmark model import yamnet.tflite --classes yamnet_class_map.csv --out yamnet.safetensors")

        @Argument(help: "The TensorFlow Lite file.", completion: .file(extensions: ["tflite"])) var file: String
        @Option(
            help: ArgumentHelp(
                "Class map: index,mid,display_name (default: the list that the official file carries).",
                valueName: "csv"), completion: .csv)
        var classes: String?
        @Option(help: ArgumentHelp("Model file to write.", valueName: "safetensors"), completion: .safetensors)
        var out: String

        func run() throws {
            try OutputPath.check(out)
            if let classes {
                try YAMNetImporter.importModel(tflite: file, classes: classes, to: out)
            } else {
                let list = try LabelList.classMap(in: Data(try FileSystem.read(file)), of: file)
                try ModelCommand.inScratch { scratch in
                    try FileSystem.write(scratch + "/classes.csv") { try $0(list[...]) }
                    try YAMNetImporter.importModel(tflite: file, classes: scratch + "/classes.csv", to: out)
                }
            }
            try ModelCommand.tell(out)
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Describe a model file, after checking all of it.")

        @Argument(help: "The model file.", completion: .safetensors) var file: String

        func run() throws { print(try ModelCommand.describe(file)) }
    }

    struct Quantize: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a model with 8-bit weights, one scale an output channel.",
            discussion: "EXAMPLE  earmark model quantize lean.safetensors lean-int8.safetensors")

        @Argument(help: "A float32 model file.", completion: .safetensors) var input: String
        @Argument(help: "Model file to write.", completion: .safetensors) var output: String

        func run() throws {
            try OutputPath.check(output)
            try ModelQuantizer.quantize(from: input, to: output)
            try ModelCommand.tell(output)
        }
    }

    struct Fetch: ParsableCommand {
        enum Name: String, ExpressibleByArgument, CaseIterable { case yamnet }

        static let configuration = CommandConfiguration(
            abstract: "Get YAMNet from its official address, check its SHA-256, and import it.",
            discussion: "EXAMPLE  earmark model fetch yamnet --out Models/yamnet.safetensors")

        @Argument(help: "yamnet.") var name: Name
        @Option(help: ArgumentHelp("Model file to write.", valueName: "safetensors"), completion: .safetensors)
        var out =
            "Models/yamnet.safetensors"
        @Option(help: ArgumentHelp("Another address for the same file, such as a mirror.", valueName: "url"))
        var url: String?

        func run() throws {
            try OutputPath.check(out)
            var remote = RemoteFile.yamnet
            if let url {
                guard let mirror = URL(string: url), mirror.scheme != nil else {
                    throw CommandError(Status.usage, "--url is '\(url)', expected an address such as https://host/file")
                }
                remote = RemoteFile(url: mirror, sha256: remote.sha256)
            }
            let data = try remote.fetch(for: out)
            try ModelCommand.inScratch { scratch in
                let list = try LabelList.classMap(in: data, of: "\(remote.url)")
                try FileSystem.write(scratch + "/yamnet.tflite") { try $0(Array(data)[...]) }
                try FileSystem.write(scratch + "/classes.csv") { try $0(list[...]) }
                let folder = FileSystem.folder(of: FileSystem.absolute(out))
                try FileSystem.makeFolder(folder)
                try YAMNetImporter.importModel(
                    tflite: scratch + "/yamnet.tflite", classes: scratch + "/classes.csv", to: out,
                    sha256: remote.sha256)
            }
            try ModelCommand.tell(out)
        }
    }

    /// Says what was written, where that can be read back.
    private static func tell(_ out: String) throws {
        if OutputPath.isFile(out) { print(try describe(out)) } else { say("a model file was written to \(out)") }
    }

    /// Calls `body` with a new folder that is gone afterwards.
    private static func inScratch(_ body: (String) throws -> Void) throws {
        let scratch = NSTemporaryDirectory() + "/earmark-" + UUID().uuidString
        try FileSystem.makeFolder(scratch)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try body(scratch)
    }

    /// One line on a model file.
    static func describe(_ path: String) throws -> String {
        let model = try Model.load(path: path)
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64) ?? 0
        return
            "\(path): \(model.architecture.rawValue), \(counted(model.parameterCount, "parameter")), "
            + "\(counted(model.classCount, "class", "classes")), "
            + "normalization \(model.normalization.rawValue), \(Figures.bytes(size)), licence \(model.metadata.licence)"
    }
}
