import ArgumentParser
import Engines
import Errors
import Features
import Files
import Foundation
import Models
import Wording

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "List, fetch, import, describe and quantise models, and set their thresholds.",
        subcommands: [
            List.self, Classes.self, Engines.self, Fetch.self, Graph.self, Import.self, Info.self, Quantize.self,
            SetThresholds.self,
        ])

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Describe a model file, after checking all of it.")

        @Argument(help: "The model file, or a model's name.", completion: .safetensors) var file: String

        func run() throws { print(try ModelCommand.describe(NamedModels(absent: .fetch).file(file))) }
    }

    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Get a model from its official address, check its SHA-256, and import it.",
            discussion: """
                Needed only to keep the file in a place of your choice: a pipeline or command that names the model
                fetches it automatically.

                EXAMPLE  earmark model fetch yamnet --out Models/yamnet.safetensors
                """)

        @Argument(help: "The model's name: yamnet.", completion: .list(Self.names)) var name: String
        @Option(help: ArgumentHelp("Model file to write.", valueName: "safetensors"), completion: .safetensors)
        var out =
            "Models/yamnet.safetensors"
        @Option(help: ArgumentHelp("Another address for the same file, such as a mirror.", valueName: "url"))
        var url: String?

        private static let names = KnownModel.all.filter { $0.origin != nil }.map(\.name)

        func run() throws {
            let known = KnownModel.all.first { $0.name == name }
            if let instructions = known?.instructions {
                throw CommandError(.usage, "the model '\(name)' cannot be fetched: \(instructions)")
            }
            guard let model = known, model.origin != nil else {
                let near = NearestName.find(name, in: Self.names).map { " (is '\($0)' meant?)" } ?? ""
                throw CommandError(
                    .usage,
                    "no model '\(name)' can be fetched\(near), expected one of \(Self.names.joined(separator: ", "))")
            }
            try OutputPath.check(out)
            let mirror = try url.map { text in
                guard let mirror = URL(string: text), mirror.scheme != nil else {
                    throw CommandError(
                        .usage, "--url is '\(text)', expected an address such as https://host/file")
                }
                return mirror
            }
            try ModelFetch(model: model, remote: RemoteFile(of: model, url: mirror), path: out).write(to: out)
            try ModelCommand.tell(out)
        }
    }

    /// Describes the model file that was written; only says where it went if it cannot be read back.
    ///
    /// - Throws: `ModelError` if it is not sound.
    static func tell(_ out: String) throws {
        if OutputPath.isFile(out) { print(try describe(out)) } else { say("a model file was written to \(out)") }
    }

    /// Describes a model file in one line.
    ///
    /// - Throws: `ModelError` if it is not sound.
    static func describe(_ path: String) throws -> String {
        let file = try ModelFile(path: path)
        let metadata = file.metadata
        _ = try EngineRegistry.standard.load(path, precision: .float32)
        let size = metadata.architecture.headInputs
        return
            "\(path): \(metadata.architecture.rawValue), \(counted(file.layout.count, "parameter")), "
            + (metadata.classes.isEmpty
                ? "embeddings of \(size) values as \(metadata.release.rawValue) gives them, no classes, "
                : "\(counted(metadata.classes.count, "class", "classes")), ")
            + "normalization \(metadata.normalization.rawValue), \(Figures.bytes(Int64(file.size))), "
            + "licence \(metadata.licence)"
            + (metadata.thresholds.isEmpty
                ? "" : ", thresholds of \(counted(metadata.thresholds.count, "class", "classes"))")
    }
}
