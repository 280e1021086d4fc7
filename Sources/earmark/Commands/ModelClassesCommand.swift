import ArgumentParser
import Errors
import Files
import Foundation
import Models
import Tables
import Wording

extension ModelCommand {
    struct Classes: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a model's classes in the order of its scores, with their identifiers if it has any.",
            discussion: """
                The columns index,mid,display_name are those of a class map, as 'earmark model import --classes' takes it.
                A named model that is not on this machine is fetched.

                EXAMPLE  earmark model classes yamnet --out classes.csv
                """)

        @Argument(help: "A model's name, or a model file.", completion: .safetensors) var model: String
        @Option(help: ArgumentHelp("File to write (default: standard output).", valueName: "csv"), completion: .csv)
        var out = "-"
        @Flag(help: "Write one JSON array of objects with index, identifier (null if not known) and name.")
        var json = false
        @Flag(help: "Fetch nothing: a named model that is not on this machine is an error.") var offline = false

        func run() throws {
            try OutputPath.check(out)
            let file = try NamedModels(absent: offline ? .refuse : .fetch, quiet: true).file(model)
            let metadata = try ModelFile(path: file).metadata
            guard !metadata.classes.isEmpty else {
                throw CommandError(
                    .badInput, at: file, "'\(metadata.architecture.rawValue)' gives embeddings only: it has no classes")
            }
            let bytes = json ? Self.json(metadata) : Self.csv(metadata)
            try FileSystem.write(out) { try $0(bytes[...]) }
            if OutputPath.isStandardOutput(out) { return }
            print("\(counted(metadata.classes.count, "class", "classes")) in \(out)")
        }

        private static func rows(_ model: ModelMetadata) -> [(index: Int, identifier: String, name: String)] {
            model.classes.enumerated().map { index, name in
                (index, index < model.classIDs.count ? model.classIDs[index] : "", name)
            }
        }

        private static func csv(_ model: ModelMetadata) -> [UInt8] {
            var bytes = CSV.row(["index", "mid", "display_name"])
            for row in rows(model) { CSV.append([String(row.index), row.identifier, row.name], to: &bytes) }
            return bytes
        }

        private static func json(_ model: ModelMetadata) -> [UInt8] {
            let objects = rows(model).map { row in
                #"{"index":\#(row.index),"identifier":\#(row.identifier.isEmpty ? "null" : JSON.text(row.identifier)),"#
                    + #""name":\#(JSON.text(row.name))}"#
            }
            return Array("[\(objects.joined(separator: ",\n"))]\n".utf8)
        }
    }
}
