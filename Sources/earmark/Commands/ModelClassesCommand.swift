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

        @Argument(help: "A model's name, a model file or a model card.", completion: .model) var model: String
        @Option(help: ArgumentHelp("File to write (default: standard output).", valueName: "csv"), completion: .csv)
        var out = "-"
        @Flag(help: "Write one JSON array of objects with index, identifier (null if not known) and name.")
        var json = false
        @Flag(help: "Fetch nothing: a named model that is not on this machine is an error.") var offline = false

        func run() throws {
            try OutputPath.check(out)
            let file = try NamedModels(absent: offline ? .refuse : .fetch, quiet: true).file(model)
            let classes = try Self.classes(file)
            let bytes = json ? Self.json(classes) : Self.csv(classes)
            try FileSystem.write(out) { try $0(bytes[...]) }
            if OutputPath.isStandardOutput(out) { return }
            print("\(counted(classes.count, "class", "classes")) in \(out)")
        }

        private typealias Row = (index: Int, identifier: String, name: String)

        /// The classes of a model file or of a card.
        private static func classes(_ path: String) throws -> [Row] {
            let (names, identifiers): ([String], [String])
            if ModelCard.isCard(path) {
                let card = try ModelCard(path: path)
                (names, identifiers) = (card.classes, card.classIDs)
            } else if HeadFile.isOne(path) {
                let head = try HeadFile(path: path).metadata
                (names, identifiers) = (head.classes, head.classIDs)
            } else {
                let model = try ModelFile(path: path).metadata
                (names, identifiers) = (model.classes, model.classIDs)
                guard !names.isEmpty else {
                    throw CommandError(
                        .badInput, at: path, "'\(model.architecture.rawValue)' gives embeddings only: it has no classes"
                    )
                }
            }
            return names.enumerated().map { index, name in
                (index, index < identifiers.count ? identifiers[index] : "", name)
            }
        }

        private static func csv(_ rows: [Row]) -> [UInt8] {
            var bytes = CSV.row(["index", "mid", "display_name"])
            for row in rows { CSV.append([String(row.index), row.identifier, row.name], to: &bytes) }
            return bytes
        }

        private static func json(_ rows: [Row]) -> [UInt8] {
            let objects = rows.map { row in
                #"{"index":\#(row.index),"identifier":\#(row.identifier.isEmpty ? "null" : JSON.text(row.identifier)),"#
                    + #""name":\#(JSON.text(row.name))}"#
            }
            return Array("[\(objects.joined(separator: ",\n"))]\n".utf8)
        }
    }
}
