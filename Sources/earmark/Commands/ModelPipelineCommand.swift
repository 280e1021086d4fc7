import ArgumentParser
import Engines
import Errors
import Files
import Foundation
import Models
import Stages

extension ModelCommand {
    struct Pipeline: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a pipeline whose stages give a model what it reads.",
            discussion: """
                Sampling rate, chunks and log-mel are those of the model's card or file. The pipeline caches scores and
                embeddings; edit it as you like.

                EXAMPLE  earmark model pipeline Models/birdnet.yaml --out birds.yaml
                """)

        @Argument(help: "A model card, a model file, or a model's name.", completion: .model) var model: String
        @Option(
            help: ArgumentHelp("Pipeline to write (default: standard output).", valueName: "yaml"), completion: .yaml)
        var out = "-"
        @Flag(help: "Replace a file of this name.") var force = false

        func run() throws {
            try OutputPath.check(out)
            try OutputPath.checkIsNew(out, force: force)
            let path = try NamedModels(absent: .fetch, quiet: true).file(model)
            guard !OutputPath.isSame(path, out) else {
                throw CommandError(.usage, at: out, "it is the model itself, expected another file")
            }
            let reference =
                ModelFinder.isName(model) && !FileSystem.exists(model)
                ? model
                : OutputPath.isFile(out)
                    ? FileSystem.relative(FileSystem.absolute(path), to: FileSystem.folder(of: out))
                    : FileSystem.absolute(path)
            let described = try EngineRegistry.standard.describe(path)
            let text = ModelStages.pipeline(for: described, name: Self.name(path), reference: reference)
            if let note = ModelStages(described).note { say(note) }
            try FileSystem.write(out) { try $0(Array(text.utf8)[...]) }
            if !OutputPath.isStandardOutput(out) { print("a pipeline for \(model) is in \(out)") }
        }

        /// A pipeline's name made of a file's: letters, digits, `-` and `_`.
        private static func name(_ path: String) -> String {
            let file = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let plain = file.unicodeScalars.map { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    ? Character(scalar) : "-"
            }
            return plain.isEmpty ? "model" : String(plain)
        }
    }
}
