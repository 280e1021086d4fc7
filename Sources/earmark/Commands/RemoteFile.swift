import Errors
import Files
import Foundation
import Models

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A file to fetch, with the digest that it must have.
struct RemoteFile {
    let url: URL
    let sha256: String
    /// The size to announce, in bytes.
    let bytes: Int

    /// - Parameter url: the address; nil for the official one, or for the mirror that EARMARK_MIRROR names: the address
    ///   of a folder, such as `https://host/folder` or `file:///folder`, that has the file under its own name.
    /// - Throws: `CommandError` of category `usage` if EARMARK_MIRROR is not an address, or if the model cannot be
    ///   fetched.
    init(of model: KnownModel, url: URL? = nil) throws {
        guard let origin = model.origin else {
            throw CommandError(.usage, at: "\(model.name)", "ships with Earmark and cannot be fetched")
        }
        try self.init(address: origin.address, sha256: origin.sha256, bytes: origin.bytes, url: url)
    }

    /// - Parameters:
    ///   - address: the official address; its last part is the file's own name.
    ///   - sha256: the digest that the file must have.
    ///   - bytes: its size; 0 if it is not known.
    ///   - url: another address; nil for the official one, or for the mirror that EARMARK_MIRROR names.
    /// - Throws: `CommandError` of category `usage` if EARMARK_MIRROR is not an address.
    init(address: String, sha256: String, bytes: Int, url: URL?) throws {
        self.sha256 = sha256
        self.bytes = bytes
        if let url {
            self.url = url
            return
        }
        let mirror = ProcessInfo.processInfo.environment["EARMARK_MIRROR"] ?? ""
        var base = mirror
        while base.hasSuffix("/") { base.removeLast() }
        let name = address[(address.lastIndex(of: "/").map { address.index(after: $0) } ?? address.startIndex)...]
        let text = mirror.isEmpty ? address : base + "/" + name
        guard let url = URL(string: text), let scheme = url.scheme, Self.schemes.contains(scheme) else {
            if mirror.isEmpty {
                throw CommandError(.badInput, at: address, "found no address, expected one such as https://host/file")
            }
            throw CommandError(
                .usage, "EARMARK_MIRROR is '\(mirror)', expected an address such as https://host/folder")
        }
        self.url = url
    }

    private static let schemes: Set = ["http", "https", "file"]

    /// What the user is told before the file is requested: its size, licence and address.
    func terms(of model: KnownModel) -> String {
        "\(Figures.bytes(Int64(bytes))), licence \(model.licence), from \(url)"
    }

    /// Fetches the whole file and checks its digest.
    ///
    /// - Parameter out: the model file that the user wants to make of it, for the advice in an error.
    /// - Throws: `CommandError` with status 75 if the network fails or the transfer is cut short, 65 for a wrong digest
    ///   or an address of something other than a regular file; `FileError` if a local file cannot be read.
    func fetch(for out: String) throws -> Data {
        if url.isFileURL, FileSystem.exists(url.path), !FileSystem.isFile(url.path) {
            throw CommandError(.badInput, at: "\(url)", "it is not a regular file, expected the model's file")
        }
        let data = url.isFileURL ? Data(try FileSystem.read(url.path)) : try download(for: out)
        let found = SHA256.of([UInt8](data))
        guard found == sha256 else {
            throw CommandError(
                .badInput, at: "\(url)", "found SHA-256 \(found) over \(data.count) bytes, expected \(sha256)")
        }
        return data
    }

    private func download(for out: String) throws -> Data {
        let box = Answer()
        let session = URLSession(configuration: .ephemeral)
        defer { session.invalidateAndCancel() }
        let task = session.dataTask(with: URLRequest(url: url, timeoutInterval: 60)) { data, response, error in
            box.settle(data, response, error)
        }
        task.resume()
        let (data, response, error) = box.wait()
        if let error {
            throw CommandError(
                .busy, at: "\(url)",
                "\(Self.words(error)); nothing was written. Try again, or download the file by hand and then: "
                    + "earmark model import FILE --out \(out)")
        }
        guard let http = response as? HTTPURLResponse, http.statusCode == 200, let data else {
            let code = (response as? HTTPURLResponse).map { "status \($0.statusCode)" } ?? "no answer"
            throw CommandError(.busy, at: "\(url)", "found \(code), expected status 200")
        }
        if http.expectedContentLength >= 0, http.expectedContentLength != Int64(data.count) {
            throw CommandError(
                .busy, at: "\(url)",
                "the transfer was cut at byte \(data.count), expected \(http.expectedContentLength)")
        }
        return data
    }

    /// Describes an error, in particular for the few codes that say more than "it failed".
    private static func words(_ error: any Error) -> String {
        switch (error as? URLError)?.code {
        case .cannotFindHost?, .dnsLookupFailed?: "the host's address cannot be found (is this machine online?)"
        case .cannotConnectToHost?, .notConnectedToInternet?: "the host cannot be reached (is this machine online?)"
        case .timedOut?: "the host did not answer in time"
        case .networkConnectionLost?: "the transfer was cut"
        case .secureConnectionFailed?, .serverCertificateUntrusted?: "no secure connection to the host"
        case .unsupportedURL?: "an address of a kind that cannot be fetched, expected http or https"
        case let code?: "the transfer failed (URL error \(code.rawValue))"
        case nil: "the transfer failed"
        }
    }
}

/// Hands the answer from the session's queue to the caller's thread.
private final class Answer: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var result: (Data?, URLResponse?, (any Error)?) = (nil, nil, nil)

    func settle(_ data: Data?, _ response: URLResponse?, _ error: (any Error)?) {
        result = (data, response, error)
        done.signal()
    }

    func wait() -> (Data?, URLResponse?, (any Error)?) {
        done.wait()
        return result
    }
}
