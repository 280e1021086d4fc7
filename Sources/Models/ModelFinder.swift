import Files
import Wording

/// Finds models by name: the file `NAME.safetensors` in the first of a few folders that has it.
///
/// A pipeline that names its model `yamnet` means one model on every machine, wherever its file lies there. The working
/// folder comes first, so that a project can keep its own copy; then what is installed; then what was fetched.
package struct ModelFinder: Sendable {
    /// Where model files are looked for.
    package struct Folder: Sendable, Equatable {
        /// Whose folder it is.
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

    /// A model file that has a name.
    package struct Found: Sendable, Equatable {
        package let name: String
        package let path: String
        package let kind: Folder.Kind
    }

    private static let ending = ".safetensors"

    /// In the order in which they are searched.
    package let folders: [Folder]
    /// The folder of the pipelines that ship, from which a copied pipeline's relative paths are tried too; nil where
    /// none was found.
    package let shippedPipelines: String?
    private let known: [KnownModel]

    package init(folders: [Folder], shippedPipelines: String? = nil, known: [KnownModel] = KnownModel.all) {
        self.folders = folders
        self.shippedPipelines = shippedPipelines
        self.known = known
    }

    /// Whether a text is a name and not a path: without a slash and without the ending of a model file.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && !text.utf8.contains(UInt8(ascii: "/")) && !text.lowercased().hasSuffix(ending)
    }

    /// The file of a name; nil where no folder has one.
    package func file(named name: String) -> Found? { candidates(name).first { isFile($0.path) } }

    /// Every model file of the folders, in their order and by name; one that lies in two folders' same place comes once.
    package func files() -> [Found] {
        var seen = Set<String>()
        return folders.flatMap { folder in
            FileSystem.names(in: folder.path).filter { $0.hasSuffix(Self.ending) && $0.count > Self.ending.count }
                .map { file in
                    Found(
                        name: String(file.dropLast(Self.ending.count)), path: folder.path + "/" + file,
                        kind: folder.kind)
                }
                .filter { isFile($0.path) && seen.insert(FileSystem.resolved($0.path)).inserted }
        }
    }

    /// What is known of a name beyond its file.
    package func known(_ name: String) -> KnownModel? { known.first { $0.name == name } }

    /// Every name that stands for a model, known or found, sorted.
    package func names() -> [String] { Set(known.map(\.name) + files().map(\.name)).sorted() }

    /// Where a fetched model of a name is put.
    package func place(ofFetched name: String) -> String? {
        folders.last { $0.kind == .user }.map { $0.path + "/" + name + Self.ending }
    }

    /// Why a name stands for nothing: the nearest name, and all there are.
    package func refusal(of name: String) -> String {
        if let model = known(name), model.origin == nil {
            return "the model '\(name)' ships with Earmark, and found no file of it; looked in \(looked)"
        }
        let names = names()
        let near = NearestName.find(name, in: names).map { " (is '\($0)' meant?)" } ?? ""
        return "found no file '\(name)' and no model of this name\(near), expected a model file or one of "
            + names.joined(separator: ", ")
    }

    /// The folders, for messages.
    package var looked: String { folders.map { "\($0.path) (\($0.kind.rawValue))" }.joined(separator: ", ") }

    private func candidates(_ name: String) -> [Found] {
        folders.map { Found(name: name, path: $0.path + "/" + name + Self.ending, kind: $0.kind) }
    }

    private func isFile(_ path: String) -> Bool { FileSystem.isFile(path) }
}
