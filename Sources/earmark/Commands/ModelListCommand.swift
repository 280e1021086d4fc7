import ArgumentParser
import Files
import Foundation
import Models
import Wording

extension ModelCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the models that can be called by name, and where each is or would come from.",
            discussion: """
                A name means the file NAME.safetensors, or else the model card NAME.yaml, in Models/ or Models/cards/ of
                the working folder, else of what is installed, else among those that were fetched. The first one found
                is used.

                EXAMPLE  earmark model list
                """)

        @Flag(help: "Print one JSON array.") var json = false

        func run() throws {
            let finder = try NamedModels.finder()
            let rows = try Self.rows(finder)
            if json {
                print("[" + rows.map(\.json).joined(separator: ",") + "]")
                return
            }
            for row in rows { print(row.text) }
        }

        /// Rows by name, for known models without a file too; files of the same name are in the order in which they are
        /// searched.
        private static func rows(_ finder: ModelFinder) throws -> [ModelRow] {
            let files = finder.files()
            var rows = files.map { ModelRow($0, isTaken: finder.file(named: $0.name) == $0, finder.known($0.name)) }
            for model in KnownModel.all where !files.contains(where: { $0.name == model.name }) {
                rows.append(try ModelRow(absent: model, finder))
            }
            return rows.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }.map(
                \.element)
        }
    }
}

/// One model in the list.
struct ModelRow {
    let name: String
    /// What it is, in a few words.
    let summary: String
    let licence: String
    let classCount: Int?
    /// The size of the model file.
    let bytes: Int
    /// The path of the file; nil if it is not on this machine.
    let path: String?
    /// The kind of folder that it was found in; nil if it was not found.
    let kind: ModelFinder.Folder.Kind?
    /// Whether another file of the same name comes first.
    let isHidden: Bool
    /// Where it would be fetched from; nil if it was found or has no address.
    let remote: RemoteFile?
    /// How its weights are had; nil if it was found, ships or is fetched.
    let instructions: String?
    /// Why the model cannot be used; nil if it can.
    let fault: String?

    /// Makes the row of a file that was found; if it cannot be read, the row gives the reason.
    init(_ found: ModelFinder.Found, isTaken: Bool, _ known: KnownModel?) {
        let facts = Result { try Facts(found.path) }
        name = found.name
        path = found.path
        kind = found.kind
        isHidden = !isTaken
        remote = nil
        instructions = nil
        switch facts {
        case .success(let facts):
            summary = known?.summary ?? facts.summary
            licence = facts.licence
            classCount = facts.classCount
            bytes = facts.bytes
            fault = facts.fault
        case .failure(let error):
            summary = known?.summary ?? ""
            licence = ""
            classCount = nil
            bytes = 0
            fault = "\(error)"
        }
    }

    /// What a model file or a card says of a model.
    private struct Facts {
        let summary: String
        let licence: String
        let classCount: Int
        let bytes: Int
        /// What is missing.
        let fault: String?

        init(_ path: String) throws {
            if ModelCard.isCard(path) {
                let card = try ModelCard(path: path, isClassFileOptional: true)
                summary = card.summary.isEmpty ? card.name : card.summary
                licence = card.licence
                classCount = card.scores?.size ?? 0
                let size = FileSystem.status(try card.place(of: card.file)).map { Int($0.st_size) }
                bytes = size ?? card.bytes ?? 0
                let missing = try card.missing().map { "'\($0.name)'" }
                fault =
                    missing.isEmpty
                    ? nil
                    : "\(missing.joined(separator: " and ")) not beside the card; 'earmark model info' says how to get it"
            } else if HeadFile.isOne(path) {
                let file = try HeadFile(path: path)
                summary = "head on \(file.metadata.baseName), \(file.metadata.source)"
                licence = file.metadata.licence
                classCount = file.metadata.classes.count
                bytes = file.size
                fault = nil
            } else {
                let file = try ModelFile(path: path)
                let metadata = file.metadata
                summary = metadata.source.isEmpty ? metadata.architecture.rawValue : metadata.source
                licence = metadata.licence
                classCount = metadata.classes.count
                bytes = file.size
                fault = nil
            }
        }
    }

    /// Makes the row of a known model without a file.
    ///
    /// - Throws: `CommandError` if EARMARK_MIRROR is not an address.
    init(absent model: KnownModel, _ finder: ModelFinder) throws {
        name = model.name
        summary = model.summary
        licence = model.licence
        classCount = model.classCount
        bytes = model.bytes
        path = nil
        kind = nil
        isHidden = false
        remote = try model.origin.map { _ in try RemoteFile(of: model) }
        instructions = model.instructions
        fault = model.origin == nil && instructions == nil ? finder.refusal(of: model.name) : nil
    }

    /// Two lines, the name with its figures and where the file is; or one that says why the model cannot be used.
    var text: String {
        if let fault, classCount == nil || path == nil {
            return TerminalText.plain("\(name): cannot be used: \(fault)")
        }
        let classes = classCount == 0 ? "no classes" : counted(classCount ?? 0, "class", "classes")
        let size = bytes == 0 ? "size unknown" : Figures.bytes(Int64(bytes))
        let licence = licence.isEmpty ? "licence unknown" : "licence \(licence)"
        var lines = ["\(name): \(summary); \(classes), \(size), \(licence)"]
        if let path, let kind {
            lines.append("  \(path) (\(kind.rawValue))" + (isHidden ? ", not taken: the one above comes first" : ""))
        } else if let remote {
            lines.append(
                "  not on this machine; fetched when it is first named: \(Figures.bytes(Int64(remote.bytes))) from "
                    + "\(remote.url)")
        } else if let instructions {
            lines.append("  not on this machine: \(instructions)")
        }
        if let fault { lines.append("  cannot be used yet: \(fault)") }
        return lines.map(TerminalText.plain).joined(separator: "\n")
    }

    var json: String {
        let text = { (value: String?) in value.map(JSON.text) ?? "null" }
        return #"{"name":\#(JSON.text(name)),"description":\#(JSON.text(summary)),"path":\#(text(path)),"#
            + #""where":\#(text(kind?.rawValue)),"hidden":\#(isHidden),"bytes":\#(bytes),"#
            + #""classes":\#(classCount.map(String.init) ?? "null"),"licence":\#(JSON.text(licence)),"#
            + #""address":\#(text(remote?.url.absoluteString)),"#
            + #""download_bytes":\#(remote.map { String($0.bytes) } ?? "null"),"error":\#(text(fault))}"#
    }
}
