import Files
import Wording

/// A search for models by name: the file `NAME.safetensors`, or else the model card `NAME.yaml`, in the first of several
/// folders that has one; a card may also be in the folder `cards` of one of them.
///
/// A pipeline that names its model `yamnet` means the same model on every machine, wherever the file is there. The
/// working folder comes first, so that a project can keep its own copy; then installed models; then fetched ones.
package struct ModelFinder: Sendable {
    /// A folder in which model files are looked for.
    package struct Folder: Sendable, Equatable {
        /// What a folder is for.
        package enum Kind: String, Sendable, CaseIterable {
            case working = "working folder"
            case shipped
            case user = "fetched"
        }

        package let kind: Kind
        package let path: String

        package init(_ kind: Kind, _ path: String) {
            self.kind = kind
            self.path = path
        }
    }

    /// A model file and the name by which it can be used.
    package struct Found: Sendable, Equatable {
        package let name: String
        package let path: String
        package let kind: Folder.Kind
    }

    /// The endings of models, in the order in which they are looked for; each with the folder below a model folder.
    private static let places = [("", ".safetensors"), ("", ".yaml"), ("cards/", ".yaml")]
    private static let ending = ".safetensors"

    /// The folders in the order in which they are searched.
    package let folders: [Folder]
    /// The folder of the pipelines that ship, or nil if it was not found. A relative path in a copied pipeline is also
    /// tried from this folder.
    package let shippedPipelines: String?
    private let known: [KnownModel]

    package init(folders: [Folder], shippedPipelines: String? = nil, known: [KnownModel] = KnownModel.all) {
        self.folders = folders
        self.shippedPipelines = shippedPipelines
        self.known = known
    }

    /// Whether a text is a model's name, not a path: it has neither a slash nor the extension of a model file or card.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && !text.utf8.contains(UInt8(ascii: "/")) && !text.lowercased().hasSuffix(ending)
            && !ModelCard.isCard(text)
    }

    /// The file of the model with this name; nil if no folder has one.
    package func file(named name: String) -> Found? { candidates(name).first { isFile($0.path) } }

    /// Every model file and card in the folders, in the folders' order and then by name. If two folders lead to the same
    /// file, it is listed once.
    package func files() -> [Found] {
        var seen = Set<String>()
        return folders.flatMap { folder in
            Self.places.flatMap { inner, ending in
                FileSystem.names(in: folder.path + "/" + inner).filter {
                    $0.hasSuffix(ending) && $0.count > ending.count
                }
                .map { file in
                    Found(
                        name: String(file.dropLast(ending.count)), path: folder.path + "/" + inner + file,
                        kind: folder.kind)
                }
            }
            .filter { isFile($0.path) && seen.insert(FileSystem.resolved($0.path)).inserted }
        }
    }

    /// The known model with this name, if there is one.
    package func known(_ name: String) -> KnownModel? { known.first { $0.name == name } }

    /// The names of all models, known or found, sorted.
    package func names() -> [String] { Set(known.map(\.name) + files().map(\.name)).sorted() }

    /// The path at which a fetched model is stored; nil if there is no folder for fetched models.
    package func place(ofFetched name: String) -> String? {
        folders.last { $0.kind == .user }.map { $0.path + "/" + name + Self.ending }
    }

    /// The message for a name without a model file: the nearest name, and all the names there are.
    package func refusal(of name: String) -> String {
        if let instructions = known(name)?.instructions {
            return "found no file of the model '\(name)', which is not fetched: \(instructions); looked in \(looked)"
        }
        if let model = known(name), model.origin == nil {
            return "the model '\(name)' ships with Earmark, but no file of it was found; looked in \(looked)"
        }
        let names = names()
        let near = NearestName.find(name, in: names).map { " (is '\($0)' meant?)" } ?? ""
        return "found no file '\(name)' and no model of this name\(near), expected a model file or one of "
            + names.joined(separator: ", ")
    }

    /// The list of folders, for messages.
    package var looked: String { folders.map { "\($0.path) (\($0.kind.rawValue))" }.joined(separator: ", ") }

    private func candidates(_ name: String) -> [Found] {
        folders.flatMap { folder in
            Self.places.map { inner, ending in
                Found(name: name, path: folder.path + "/" + inner + name + ending, kind: folder.kind)
            }
        }
    }

    private func isFile(_ path: String) -> Bool { FileSystem.isFile(path) }
}
