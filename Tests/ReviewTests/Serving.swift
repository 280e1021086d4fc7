import Review

/// A server for the time of a test.
enum Serving {
    /// Refuses the path /no, and answers others with the request in words: method, path, parameters, header A and body.
    static let echo = HTTPServer.Handler(
        refusal: { $0.path == "/no" ? .text(.forbidden, "no") : nil },
        answer: { request in
            if request.path == "/long" { return .text(.ok, String(repeating: "x", count: 3_000_000)) }
            if request.path == "/all" {
                return .text(
                    .ok,
                    "\(request.method) \(request.query) \(request.headers["A"] ?? "-") "
                        + String(decoding: request.body, as: UTF8.self))
            }
            return .text(.ok, request.path + String(decoding: request.body, as: UTF8.self))
        })

    static func run(
        _ limits: ServerLimits = .init(connections: 8), _ handler: HTTPServer.Handler = echo,
        _ body: (UInt16, HTTPServer) throws -> Void
    ) throws {
        let server = try HTTPServer(port: 0, limits: limits)
        server.start(handler)
        defer { server.stop() }
        try body(server.port, server)
        server.stop()
        try server.wait()
    }
}
