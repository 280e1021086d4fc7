import Files
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A file of the open web with the digest it must have.
struct RemoteFile {
    let url: URL
    let sha256: String

    /// Google's YAMNet for TensorFlow Lite, Apache License 2.0.
    static let yamnet = RemoteFile(
        url: URL(
            string: "https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/"
                + "audio_classification/android/lite-model_yamnet_classification_tflite_1.tflite")!,
        sha256: "10c95ea3eb9a7bb4cb8bddf6feb023250381008177ac162ce169694d05c317de")

    /// The whole file, once its digest was found right.
    ///
    /// - Parameter out: the model file that the user wants of it, for advice.
    /// - Throws: `CommandError` with status 75 where the network fails or the transfer is cut, 65 for a wrong digest.
    func fetch(for out: String) throws -> Data {
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
                Status.tryAgain,
                "\(url): \(Self.words(error)); nothing was written. Try again, or download the file by hand and then: "
                    + "earmark model import FILE --out \(out)")
        }
        guard let http = response as? HTTPURLResponse, http.statusCode == 200, let data else {
            let code = (response as? HTTPURLResponse).map { "status \($0.statusCode)" } ?? "no answer"
            throw CommandError(Status.tryAgain, "\(url): found \(code), expected status 200")
        }
        if http.expectedContentLength >= 0, http.expectedContentLength != Int64(data.count) {
            throw CommandError(
                Status.tryAgain,
                "\(url): the transfer was cut at byte \(data.count), expected \(http.expectedContentLength)")
        }
        let found = SHA256.of([UInt8](data))
        guard found == sha256 else {
            throw CommandError(
                Status.badInput, "\(url): found SHA-256 \(found) over \(data.count) bytes, expected \(sha256)")
        }
        return data
    }

    /// What went wrong, by the few codes that say more than "it failed".
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
