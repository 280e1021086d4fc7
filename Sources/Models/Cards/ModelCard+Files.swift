import Features
import Files
import Foundation

extension ModelCard {
    /// The card's folder, absolute.
    package var folder: String { FileSystem.folder(of: path) }

    /// The path at which a file of a card is, whether it is there or not.
    ///
    /// - Throws: `ModelError.line` if a link leads out of the card's folder.
    static func place(of file: File, card: String) throws -> String {
        let folder = FileSystem.folder(of: card)
        let path = folder + "/" + file.name
        if FileSystem.exists(path), FileSystem.folder(of: FileSystem.resolved(path)) != FileSystem.resolved(folder) {
            throw CardFields.error(
                card, file.line,
                "the file '\(file.name)' is a link to \(FileSystem.resolved(path)), expected a file in the card's folder"
            )
        }
        return path
    }

    /// The path at which a file of the card is, whether it is there or not.
    ///
    /// - Throws: `ModelError.line` if a link leads out of the card's folder.
    package func place(of file: File) throws -> String { try Self.place(of: file, card: path) }

    /// The files that make the model, the graph first.
    package var files: [File] { [file] + data }

    /// What must be had before the model can be run: each file that is not there.
    ///
    /// - Throws: `ModelError.line` if a link leads out of the card's folder.
    package func missing() throws -> [File] {
        try (files + (classFile.map { [$0] } ?? [])).filter { try !FileSystem.exists(place(of: $0)) }
    }

    /// Checks that every file is there and is the one that the card means, by its SHA-256.
    ///
    /// - Returns: the path of the model's file.
    /// - Throws: `ModelError.line` in the card, with what was found and what was expected; `ModelError.file` if a file
    ///   cannot be read; `FileError` if the system has run out of a resource.
    @discardableResult
    package func checkFiles() throws -> String {
        try checkData()
        for file in files {
            let place = try place(of: file)
            guard FileSystem.exists(place) else {
                throw error(file.line, Self.absent("the file", file, obtain: obtain))
            }
            let found = try Self.sha256(place)
            guard let expected = file.sha256 else {
                throw error(
                    file.line,
                    "no 'sha256' is given for '\(file.name)', expected that of the file, 'sha256: \(found)'; "
                        + "'earmark model import FILE --card CARD --out NAME.yaml' writes it")
            }
            guard found == expected else {
                throw error(
                    file.line,
                    "'\(file.name)' is not the file that the card means: found SHA-256 \(found), expected \(expected)")
            }
        }
        let graph = try place(of: file)
        if let bytes, let size = FileIdentity(of: graph).map({ Int($0.size) }), size != bytes {
            throw error(
                bytesLine ?? file.line, "'bytes' is \(bytes), but '\(file.name)' has \(size), expected the file's size")
        }
        try checkExternalData(graph)
        return graph
    }

    /// The words for a file that is not there, and how to get it.
    static func absent(_ what: String, _ file: File, obtain: String) -> String {
        "\(what) '\(file.name)' is not beside the card" + (obtain.isEmpty ? "" : "; \(obtain)")
            + (file.address == nil ? ", expected it there" : ", expected it there; 'earmark model fetch' gets it")
    }

    /// Checks that the files in which an ONNX file has values are among the card's, as results depend on them.
    private func checkExternalData(_ place: String) throws {
        guard file.name.lowercased().hasSuffix(".onnx") else { return }
        for location in try ONNXDataFiles.locations(place) {
            let isHere = location.starts(with: "./".utf8)
            let name = isHere ? Array(location.dropFirst(2)) : location
            // By bytes: names that are the same text to a reader may be two files.
            if data.contains(where: { PathText.bytes($0.name) == name }) { continue }
            let text = PathText.text(location)
            throw error(
                file.line,
                name.contains(UInt8(ascii: "/"))
                    ? "'\(file.name)' has values in '\(text)', expected a file in the card's folder, listed under 'data'"
                    : "'\(file.name)' has values in '\(text)', expected that under 'data'")
        }
    }

    /// Checks that the files that OpenVINO's format reads besides are among the card's, as results depend on them.
    private func checkData() throws {
        guard file.name.lowercased().hasSuffix(".xml") else { return }
        let weights = file.name.dropLast(4) + ".bin"
        guard data.contains(where: { $0.name.utf8.elementsEqual(weights.utf8) }) else {
            throw error(file.line, "'\(file.name)' has its weights in '\(weights)', expected that under 'data'")
        }
    }

    /// What tells the versions of the card's files, the graph first; nil for one that is not there.
    ///
    /// - Throws: `ModelError.line` if a link leads out of the card's folder.
    package func versions() throws -> [FileIdentity?] { try files.map { FileIdentity(of: try place(of: $0)) } }

    /// Checks that the files are still those of before: an engine reads them by their names, after their SHA-256 was
    /// taken.
    ///
    /// - Parameter mayBeGone: whether a file that is no longer there counts as unchanged.
    /// - Throws: `ModelError.line` in the card for the first that has changed.
    package func checkUnchanged(since versions: [FileIdentity?], mayBeGone: Bool = false) throws {
        for (file, (before, now)) in zip(files, zip(versions, try self.versions())) {
            if now == nil ? mayBeGone : now == before { continue }
            throw error(file.line, "'\(file.name)' changed while it was read, expected one file")
        }
    }

    func error(_ line: Int, _ reason: String) -> ModelError { CardFields.error(path, line, reason) }

    /// The digest of what results depend on: the files, and of the card what decides how they are run. Names, licence,
    /// thresholds and addresses can change without it.
    ///
    /// - Returns: `sha256:` and 64 digits.
    /// - Throws: as `checkFiles()`.
    package func digest() throws -> String {
        try checkFiles()
        var lines = ["card 1", "file \(file.name.lowercased().split(separator: ".").last ?? "") \(file.sha256 ?? "")"]
        lines += data.map { "data \($0.name) \($0.sha256 ?? "")" }
        lines.append("engine \(engine?.name ?? "any")")
        lines.append(
            "input \(input.rows.rawValue) \(input.tensor ?? "-") \(input.layout.text) \(input.rate) \(input.chunk) "
                + "\(input.frontEnd.map(\.description) ?? "-") \(input.normalization.rawValue) \(input.removesMean) "
                + "\(input.peak.map { "\($0)" } ?? "-") \(input.scale) \(input.offset) \(input.batch ?? 1)")
        for (name, output) in [("scores", scores), ("embeddings", embeddings)] {
            guard let output else { continue }
            lines.append(
                "\(name) \(output.tensor ?? "-") \(output.layout.text) \(output.activation.rawValue) "
                    + "\(output.pooling?.rawValue ?? "-") \(output.size)")
        }
        // Names and identifiers may hold anything, so each has its length before it.
        lines += classes.map { "class \($0.utf8.count) \($0)" } + classIDs.map { "id \($0.utf8.count) \($0)" }
        return ModelDigest.prefix + SHA256.of(Array(lines.joined(separator: "\n").utf8))
    }

    /// The SHA-256 of a whole file, as digits. A file that has not changed since it was last asked for is not read
    /// again.
    ///
    /// - Throws: `ModelError.file` if it cannot be read; `FileError` if the system has run out of a resource.
    package static func sha256(_ path: String) throws -> String {
        func taken() throws -> String { String(try ModelDigest.ofFile(path).dropFirst(ModelDigest.prefix.count)) }
        // A file that was written just now may be written again without a sign of it, as times have a coarse grain.
        guard let identity = FileIdentity(of: path),
            Date().timeIntervalSince1970 - Double(identity.modified) / 1e9 > 2
        else { return try taken() }
        return try sums.value(of: path, identity, isCurrent: { FileIdentity(of: path) == identity }, make: taken)
    }

    private static let sums = PerFileCache<String>(limit: 16)
}
