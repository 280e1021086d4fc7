import Errors
import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// Serves a review's page to this machine only.
package final class ReviewServer: Sendable {
    /// The address to open, which includes the token.
    package let address: String
    private let server: HTTPServer
    private let running: Task<Void, any Error>
    /// Whether `stop` was called: errors of the sockets that it closes are none.
    private let isStopping = Mutex(false)

    /// Starts listening on 127.0.0.1.
    ///
    /// - Parameter port: the port; 0 for any free port.
    /// - Throws: `ReviewError` if the port is in use or not allowed.
    package init(_ session: ReviewSession, port: UInt16) async throws {
        let token = RequestGuard.makeToken()
        // Requests are checked against the port, so it must be known before the first one is answered.
        let handler = LateHandler()
        let configuration = HTTPServer.Configuration(
            address: try sockaddr_in.inet(ip4: "127.0.0.1", port: port), timeout: 120, pool: LocalPool(),
            logger: .disabled)
        let server = HTTPServer(config: configuration, handler: handler)
        self.server = server
        let begun = Begun()
        running = Task {
            do { try await server.run() } catch {
                begun.end(.failure(error))
                throw error
            }
        }
        Task {
            do {
                try await server.waitUntilListening()
                begun.end(.success(()))
            } catch {
                begun.end(.failure(error))
            }
        }
        do { try await begun.wait() } catch { throw ReviewError(port: port, error) }
        guard case .ip4(_, port: let own) = await server.listeningAddress else {
            throw ReviewError(.inputOutput, port: port, "cannot listen on 127.0.0.1")
        }
        await handler.set(ReviewHandler(session, token: token, port: own))
        address = "http://127.0.0.1:\(own)/?token=\(token)"
    }

    /// Waits until the server ends, which happens only if it fails or is stopped.
    ///
    /// - Throws: `ReviewError`.
    package func wait() async throws {
        do { try await running.value } catch {
            if isStopping.withLock({ $0 }) || error is CancellationError || (error as? SocketError) == .disconnected {
                return
            }
            throw ReviewError(port: 0, error, during: "the server ended")
        }
    }

    /// Stops the server. Answers in progress have one second to finish.
    package func stop() async {
        isStopping.withLock { $0 = true }
        await server.stop(timeout: 1)
    }
}

/// Whether the server is listening, or why not; only the first result counts.
private final class Begun: @unchecked Sendable {
    private let lock = NSLock()
    private var answer: Result<Void, any Error>?
    private var waiter: CheckedContinuation<Void, any Error>?

    func end(_ result: Result<Void, any Error>) {
        let waiter: CheckedContinuation<Void, any Error>? = lock.withLock {
            guard answer == nil else { return nil }
            answer = result
            defer { self.waiter = nil }
            return self.waiter
        }
        waiter?.resume(with: result)
    }

    func wait() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let known: Result<Void, any Error>? = lock.withLock {
                if answer == nil { waiter = continuation }
                return answer
            }
            if let known { continuation.resume(with: known) }
        }
    }
}

/// Passes requests to the page's handler, which knows nothing of the library, once the server is listening.
private actor LateHandler: HTTPHandler {
    private var handler: ReviewHandler?
    // Requests wait for files and for other threads, so they run on this queue's threads. Swift's own pool has only as
    // many threads as there are cores, so one long decode could delay every answer.
    private let queue = DispatchQueue(label: "earmark.review.answer", attributes: .concurrent)

    func set(_ handler: ReviewHandler) { self.handler = handler }

    func handleRequest(_ given: FlyingFox.HTTPRequest) async throws -> HTTPResponse {
        guard let handler else { return HTTPResponse(statusCode: .serviceUnavailable) }
        let head = HTTPRequest(given, body: Data())
        // The body of a refused request is not read.
        if let refusal = handler.refusal(of: head) { return refusal.response }
        var body = Data()
        if head.method == "POST" {
            do { body = try await given.bodyData } catch {
                return Answer.text(.badRequest, "the body was cut short").response
            }
        }
        let request = HTTPRequest(given, body: body)
        return await withCheckedContinuation { done in
            queue.async { done.resume(returning: handler.answer(request).response) }
        }
    }
}

extension HTTPRequest {
    /// A request as the library read it.
    fileprivate init(_ given: FlyingFox.HTTPRequest, body: Data) {
        var headers = HTTPHeaders()
        for (name, value) in given.headers { headers[name.rawValue] = value }
        let query = given.target.query()
        self.init(
            method: given.method.rawValue, target: given.target.path() + (query.isEmpty ? "" : "?" + query),
            headers: headers, body: body)
    }
}

extension Answer {
    /// Bytes handed to the socket at a time.
    private static let block = 1 << 18

    fileprivate var response: HTTPResponse {
        var fields = FlyingFox.HTTPHeaders()
        for (name, value) in allHeaders.pairs { fields[HTTPHeader(name)] = value }
        return HTTPResponse(
            statusCode: HTTPStatusCode(status.rawValue, phrase: status.phrase), headers: fields,
            body: HTTPBodySequence(data: body, suggestedBufferSize: Self.block))
    }
}

/// An error that prevents the page from being served.
package struct ReviewError: EarmarkError {
    package let category: ErrorCategory
    package let place: ErrorPlace?
    package let message: String
    package let code: Int32?

    /// - Parameter port: the port; 0 if unspecified.
    package init(_ category: ErrorCategory, port: UInt16, _ message: String, code: Int32? = nil) {
        self.category = category
        place = ErrorPlace("127.0.0.1" + (port == 0 ? "" : ":\(port)"))
        self.message = message
        self.code = code
    }

    /// Converts an error of the socket library.
    init(port: UInt16, _ error: any Error, during what: String = "cannot listen there") {
        guard case .failed(_, let code, _) = error as? SocketError else {
            self.init(.internal, port: port, "the server ended: \(type(of: error))")
            return
        }
        if code == EADDRINUSE {
            self.init(
                .busy, port: port,
                "the port is in use by another program; give another with --port, or none for any "
                    + "that is free")
        } else {
            self.init(
                SystemReason.isShortage(code) ? .shortage : .inputOutput, port: port, what, code: code)
        }
    }
}
