import Errors
import Glibc

/// Serves a review's page to this machine only.
package final class ReviewServer: Sendable {
    /// The address to open, which includes the token.
    package let address: String
    private let server: HTTPServer

    /// Starts serving on 127.0.0.1.
    ///
    /// - Parameter port: the port; 0 for any free port.
    /// - Throws: `ReviewError` if the port is in use or not allowed.
    package init(_ session: ReviewSession, port: UInt16, limits: ServerLimits = .standard) throws {
        LargeBuffers.giveBack()
        let token = RequestGuard.makeToken()
        server = try HTTPServer(port: port, limits: limits)
        address = "http://127.0.0.1:\(server.port)/?token=\(token)"
        let handler = ReviewHandler(session, token: token, port: server.port)
        server.start(
            .init(
                refusal: { handler.refusal(of: $0) }, isLarge: { ReviewHandler.isLarge($0) },
                answer: { handler.answer($0) }))
    }

    /// Waits until the server ends, which happens only if it fails or is stopped.
    ///
    /// - Throws: `ReviewError`.
    package func wait() throws { try server.wait() }

    /// Stops the server. Answers in progress have one second to finish.
    package func stop() { server.stop() }
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

    /// An error of the system.
    init(port: UInt16, code: Int32, _ what: String = "cannot listen there") {
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
