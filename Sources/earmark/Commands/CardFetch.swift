import Errors
import Files
import Foundation
import Models

/// Gets the files of a model card from the addresses it names, and puts them beside a complete card.
struct CardFetch {
    /// The path of the card, and the card.
    let path: String
    let card: ModelCard
    private let remote: RemoteFile

    /// - Parameters:
    ///   - path: of the card.
    ///   - url: another address of the model's file; nil for the card's, or for the mirror that EARMARK_MIRROR names.
    /// - Throws: `ModelError` if the card is wrong; `CommandError` of category `usage` if it has no address.
    init(_ path: String, url: URL?) throws {
        self.path = path
        card = try ModelCard(path: path, isClassFileOptional: true)
        guard let address = card.file.address, let sha256 = card.file.sha256 else {
            throw CommandError(
                .usage, at: path,
                "the card names no 'address' with a 'sha256', so nothing can be fetched"
                    + (card.obtain.isEmpty ? "" : "; \(card.obtain)"))
        }
        remote = try RemoteFile(address: address, sha256: sha256, bytes: card.bytes ?? 0, url: url)
    }

    /// Says what is about to be fetched, fetches it, and writes the card.
    ///
    /// - Throws: `CommandError` if the network fails or a digest is wrong; `ModelError` if the card does not fit;
    ///   `FileError` if a file cannot be read or written.
    func write(to out: String) throws {
        let size = card.bytes.map { Figures.bytes(Int64($0)) } ?? "size unknown"
        say(
            "earmark: fetching \(TerminalText.plain(card.name)) (\(size), licence \(TerminalText.plain(card.licence)), from \(remote.url))"
        )
        try ModelFetch.inScratch { scratch in
            try fetch(remote, as: scratch + "/" + card.file.name, for: out)
            for file in card.data { try fetch(file, scratch, out) }
            if let list = card.classFile, !FileSystem.exists(try card.place(of: list)) { try fetch(list, scratch, out) }
            _ = try CardImport.write(
                path, file: scratch + "/" + card.file.name, classes: nil, to: out, check: CardComparison.check)
        }
    }

    private func fetch(_ file: ModelCard.File, _ scratch: String, _ out: String) throws {
        guard let address = file.address, let sha256 = file.sha256 else {
            throw CommandError(
                .badInput, at: "\(path):\(file.line)",
                "'\(file.name)' has no 'address' with a 'sha256', expected both, or the file beside the card")
        }
        try fetch(
            try RemoteFile(address: address, sha256: sha256, bytes: 0, url: nil), as: scratch + "/" + file.name,
            for: out)
    }

    private func fetch(_ remote: RemoteFile, as place: String, for out: String) throws {
        let data = try remote.fetch(for: "\(out) --card \(path)")
        try FileSystem.write(place) { try $0(Array(data)[...]) }
    }
}
