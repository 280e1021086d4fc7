import Errors
import Files

/// A folder for files whose names come from elsewhere: no file can end up outside it.
struct OutputTree {
    /// Absolute path.
    let root: String
    private var made: Set<String> = []

    /// Makes the folder.
    ///
    /// - Throws: `FileError`.
    init(_ folder: String) throws {
        root = FileSystem.absolute(folder)
        try FileSystem.makeFolder(root)
    }

    /// The absolute path of a file; makes the file's folder.
    ///
    /// - Parameter name: relative, made of safe components.
    /// - Throws: `FileError` if the folder cannot be made, or is a link that leads out of this one.
    mutating func path(_ name: String) throws -> String {
        let path = FileSystem.absolute(name, base: root)
        let folder = FileSystem.folder(of: path)
        guard made.insert(folder).inserted else { return path }
        try FileSystem.makeFolder(folder)
        let (inner, outer) = (FileSystem.resolved(folder), FileSystem.resolved(root))
        guard inner.utf8.elementsEqual(outer.utf8) || FileSystem.relative(inner, to: outer) != inner else {
            throw FileError(path: path, "cannot write: its folder is a link out of \(root)", category: .inputOutput)
        }
        return path
    }

    /// Folders that files were written to.
    var folders: [String] { made.sorted() }
}
