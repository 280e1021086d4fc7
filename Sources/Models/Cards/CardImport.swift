import Files
import Foundation

/// Puts a model's file, its card and its list of classes together in one folder, with the file's SHA-256 in the card.
package enum CardImport {
    /// Writes a card that is complete, with the files it names beside it. If it is refused, the copies made here are
    /// removed; files that were there before are never touched.
    ///
    /// - Parameters:
    ///   - template: the path of the card to complete.
    ///   - file: the model's file; it is copied under the name that the card has for it, unless it is there already.
    ///   - classes: the list of classes; nil for the one beside the card, or else beside the file.
    ///   - out: the path of the card to write.
    ///   - check: called with the complete card once its files are beside it, before it is written.
    /// - Returns: the paths of the files that were copied.
    /// - Throws: `ModelError` if the card is wrong, if it means another file, or if another file of a name is there;
    ///   `FileError` if a file cannot be read or written; and what `check` throws.
    package static func write(
        _ template: String, file: String, classes: String?, to out: String,
        check: (ModelCard) throws -> Void = { _ in }
    ) throws -> [String] {
        let card = try ModelCard(path: template, isClassFileOptional: true)
        let sum = try ModelCard.sha256(file)
        if let expected = card.file.sha256, expected != sum {
            throw card.error(
                card.file.line, "\(file) has SHA-256 \(sum), expected \(expected), the file that the card means")
        }
        let beside = FileSystem.folder(of: file)
        var copies = [(from: file, name: card.file.name)]
        for data in card.data { copies.append((from: try source(data, card, beside), name: data.name)) }
        if let list = card.classFile {
            copies.append((from: try classes ?? source(list, card, beside), name: list.name))
        } else if classes != nil {
            throw card.error(1, "has its classes in itself, expected no list of classes besides")
        }
        let folder = FileSystem.folder(of: out)
        let size = FileSystem.status(file).map { Int($0.st_size) } ?? 0
        let (text, added) = try completed(card, sha256: sum, bytes: size)
        let isFolderNew = !FileSystem.exists(folder)
        try FileSystem.makeFolder(folder)
        var copied: [String] = []
        do {
            for copy in copies {
                let target = folder + "/" + copy.name
                if try isThere(target, as: copy.from, card) { continue }
                try self.copy(copy.from, to: target)
                copied.append(target)
            }
            try self.check(text, out, of: card, added: added, check)
            try FileSystem.write(out) { try $0(Array(text.utf8)[...]) }
        } catch {
            for path in copied { try? FileSystem.remove(path) }
            if isFolderNew, FileSystem.names(in: folder).isEmpty { try? FileSystem.remove(folder) }
            throw error
        }
        return copied
    }

    /// Checks the complete card before it is written.
    ///
    /// - Parameter added: how many lines were added to it, below that of its file.
    /// - Throws: what is wrong with it, at the template's own line: the user can look at that one.
    private static func check(
        _ text: String, _ out: String, of template: ModelCard, added: Int, _ check: (ModelCard) throws -> Void
    ) throws {
        do {
            let card = try ModelCard(yaml: text, path: out)
            try card.checkFiles()
            try check(card)
        } catch ModelError.line(let path, let line, let reason) where path == out {
            let first = template.file.line
            throw template.error(line <= first ? line : max(first, line - added), reason)
        }
    }

    /// Finds a file that the card names: beside the card, or else beside the model's file.
    private static func source(_ file: ModelCard.File, _ card: ModelCard, _ folder: String) throws -> String {
        let places = [try card.place(of: file), folder + "/" + file.name]
        guard let found = places.first(where: FileSystem.isFile) else {
            throw card.error(
                file.line,
                "found no '\(file.name)' as \(places.joined(separator: ", or as ")), expected it there"
                    + (file == card.classFile ? ", or its path by --classes" : ""))
        }
        return found
    }

    /// Whether a file is there already.
    ///
    /// - Throws: `ModelError` if another file is there.
    private static func isThere(_ target: String, as file: String, _ card: ModelCard) throws -> Bool {
        guard FileSystem.exists(target) else { return false }
        guard try ModelCard.sha256(target) == ModelCard.sha256(file) else {
            throw ModelError.file(
                path: target, reason: "another file of this name is there, expected none, or the same as \(file)")
        }
        return true
    }

    private static func copy(_ file: String, to target: String) throws {
        try FileSystem.write(target) { put in try FileSystem.readBlocks(file) { try put(Array($0)[...]) } }
    }

    /// The card's text with the digest and the size of its file, and how many lines were added for them below that of the
    /// file; comments and order stay.
    private static func completed(_ card: ModelCard, sha256: String, bytes: Int) throws -> (text: String, added: Int) {
        let text = try ModelCard.text(of: card.path)
        func endsLine(_ character: Character) -> Bool { character == "\n" || character == "\r\n" }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: endsLine).map(String.init)
        let count = lines.count
        for (key, value) in [("bytes", "\(bytes)"), ("sha256", sha256)] {
            if let place = lines.firstIndex(where: { $0.hasPrefix(key + ":") }) {
                lines[place] = "\(key): \(value)"
            } else if let place = lines.firstIndex(where: { $0.hasPrefix("file:") }) {
                lines.insert("\(key): \(value)", at: place + 1)
            } else {
                throw card.error(card.file.line, "found no line that begins with 'file:', expected one for each key")
            }
        }
        return (lines.joined(separator: "\n"), lines.count - count)
    }
}
