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
                A name stands for the file NAME.safetensors in Models/ of the working folder, else in Models/ of what is
                installed, else among those that were fetched. The first that is there is taken.

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

        /// Found files in the order in which they are searched, by name; then known models of which no file is here.
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

/// One model of the list.
struct ModelRow {
    let name: String
    /// What it is, in a few words.
    let summary: String
    let licence: String
    let classCount: Int?
    /// Of the model file.
    let bytes: Int
    /// nil where it is not on this machine.
    let path: String?
    /// The kind of folder it was found in; nil where it was not.
    let kind: ModelFinder.Folder.Kind?
    /// Another file of the same name comes first.
    let isHidden: Bool
    /// Where it would be fetched from.
    let remote: RemoteFile?
    /// Why the file cannot be used.
    let fault: String?

    /// A file that was found. One that cannot be read is listed with the reason.
    init(_ found: ModelFinder.Found, isTaken: Bool, _ known: KnownModel?) {
        let file = Result { try ModelFile(path: found.path) }
        name = found.name
        path = found.path
        kind = found.kind
        isHidden = !isTaken
        remote = nil
        switch file {
        case .success(let file):
            let metadata = file.metadata
            summary = known?.summary ?? (metadata.source.isEmpty ? metadata.architecture.rawValue : metadata.source)
            licence = metadata.licence
            classCount = metadata.classes.count
            bytes = file.size
            fault = nil
        case .failure(let error):
            summary = known?.summary ?? ""
            licence = ""
            classCount = nil
            bytes = 0
            fault = "\(error)"
        }
    }

    /// A known model of which there is no file.
    ///
    /// - Throws: `CommandError` where EARMARK_MIRROR is no address.
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
        fault = model.origin == nil ? finder.refusal(of: model.name) : nil
    }

    /// Two lines: the name with its figures, then where it is.
    var text: String {
        if let fault, classCount == nil || path == nil {
            return TerminalText.plain("\(name): cannot be used: \(fault)")
        }
        let classes = counted(classCount ?? 0, "class", "classes")
        let licence = licence.isEmpty ? "licence unknown" : "licence \(licence)"
        var lines = ["\(name): \(summary); \(classes), \(Figures.bytes(Int64(bytes))), \(licence)"]
        if let path, let kind {
            lines.append("  \(path) (\(kind.rawValue))" + (isHidden ? ", not taken: the one above comes first" : ""))
        } else if let remote {
            lines.append(
                "  not on this machine; fetched when it is first named: \(Figures.bytes(Int64(remote.bytes))) from "
                    + "\(remote.url)")
        }
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
