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
        commandName: "model",
        abstract: "List, fetch, import, export, describe and quantise models, and set their thresholds.",
        subcommands: [
            List.self, Classes.self, Engines.self, Export.self, Fetch.self, Graph.self, Import.self, Info.self,
            Pipeline.self, Quantize.self, SetThresholds.self,
        ])

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Describe a model file, or a model card and its file, after checking all of it.",
            discussion: """
                Of a card it also says what is missing to run it, and how to get that.

                EXAMPLE  earmark model info birdnet-2.4
                """)

        @Argument(help: "The model file, the model card, or a model's name.", completion: .model) var file: String

        func run() throws { print(try ModelCommand.describe(NamedModels(absent: .fetch).file(file))) }
    }

    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Get a model from its official address, check its SHA-256, and import it.",
            discussion: """
                Needed only to keep the file in a place of your choice: a pipeline or command that names the model
                fetches it automatically. The files of a model card are fetched only by this command, which names
                their licence first.

                EXAMPLE  earmark model fetch yamnet --out Models/yamnet.safetensors
                EXAMPLE  earmark model fetch perch-2
                """)

        @Argument(
            help: "The model's name: yamnet, or that of a card with an address.", completion: .list(Self.names))
        var name: String
        @Option(
            help: ArgumentHelp(
                "Model file or card to write (default: Models/yamnet.safetensors, or Models/NAME.yaml).",
                valueName: "path"), completion: .model)
        var out: String?
        @Option(help: ArgumentHelp("Another address for the same file, such as a mirror.", valueName: "url"))
        var url: String?
        @Flag(help: "Replace the file if it exists.") var force = false

        private static let names = KnownModel.all.filter { $0.origin != nil }.map(\.name)

        func run() throws {
            if let instructions = KnownModel.all.first(where: { $0.name == name })?.instructions {
                throw CommandError(.usage, "the model '\(name)' cannot be fetched: \(instructions)")
            }
            let mirror = try url.map { text in
                guard let mirror = URL(string: text), mirror.scheme != nil else {
                    throw CommandError(
                        .usage, "--url is '\(text)', expected an address such as https://host/file")
                }
                return mirror
            }
            let path: String
            if let model = KnownModel.all.first(where: { $0.name == name && $0.origin != nil }) {
                path = out ?? "Models/yamnet.safetensors"
                try OutputPath.check(path)
                try OutputPath.checkIsNew(path, force: force)
                try ModelFetch(model: model, remote: RemoteFile(of: model, url: mirror), path: path).write(to: path)
            } else {
                path = out ?? "Models/\(name).yaml"
                let card = try Self.card(name)
                try OutputPath.check(path)
                guard ModelCard.isCard(path) else {
                    throw CommandError(.usage, at: path, "is not the name of a card, expected one that ends in .yaml")
                }
                // A card may be completed in its own place.
                if !OutputPath.isSame(card, path) { try OutputPath.checkIsNew(path, force: force) }
                try CardFetch(card, url: mirror).write(to: path)
            }
            try ModelCommand.tell(path)
        }

        /// The path of the card with this name.
        ///
        /// - Throws: `CommandError` of category `usage` if there is none; it names those that can be fetched.
        private static func card(_ name: String) throws -> String {
            let finder = try NamedModels.finder()
            if let found = finder.file(named: name), ModelCard.isCard(found.path) { return found.path }
            let cards = finder.files().filter { file in
                ModelCard.isCard(file.path)
                    && (try? ModelCard(path: file.path, isClassFileOptional: true))?.file.address != nil
            }
            let names = Set(names + cards.map(\.name)).sorted()
            let near = NearestName.find(name, in: names).map { " (is '\($0)' meant?)" } ?? ""
            throw CommandError(
                .usage, "no model '\(name)' can be fetched\(near), expected one of \(names.joined(separator: ", "))")
        }
    }

    /// Describes the model file that was written; only says where it went if it cannot be read back.
    ///
    /// - Throws: `ModelError` if it is not sound.
    static func tell(_ out: String) throws {
        if OutputPath.isFile(out) { print(try describe(out)) } else { say("a model file was written to \(out)") }
    }

    /// Describes a model file in one line, and a model card in several.
    ///
    /// - Throws: `ModelError` if it is not sound.
    static func describe(_ path: String) throws -> String {
        if ModelCard.isCard(path) {
            return try CardText.lines(path).map(TerminalText.plain).joined(separator: "\n")
        }
        if HeadFile.isOne(path) { return try describe(head: path) }
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

    /// Describes a head in one line, after finding its base.
    ///
    /// - Throws: `ModelError` if it is not sound, or its base is not on this machine.
    private static func describe(head path: String) throws -> String {
        let file = try HeadFile(path: path)
        _ = try file.parameters()
        _ = try NamedModels.engines.describe(path)
        let head = file.metadata
        let count = head.parameters.reduce(0) { $0 + $1.count }
        return
            "\(path): head on \(head.baseName) (\(head.baseDigest.prefix(23)), \(head.basePrecision)), "
            + "\(counted(count, "parameter")), \(counted(head.classes.count, "class", "classes")), pooling "
            + "\(head.pooling.rawValue), \(Figures.bytes(Int64(file.size))), licence \(head.licence)"
    }
}
