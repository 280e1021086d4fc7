import Foundation
import Testing

import Review

/// The server by itself, and what strangers on the same machine can do to it.
struct HTTPServerTests {
    /// Admits paths other than /no, and answers with the path and the body.
    private static let handler = HTTPServer.Handler(
        refusal: { $0.path == "/no" ? .text(.forbidden, "no") : nil },
        answer: { request in
            if request.path == "/long" { return .text(.ok, String(repeating: "x", count: 3_000_000)) }
            return .text(.ok, request.path + String(decoding: request.body, as: UTF8.self))
        })

    private static func serving(
        _ limits: ServerLimits = .init(connections: 8), _ body: (UInt16, HTTPServer) throws -> Void
    )
        throws
    {
        let server = try HTTPServer(port: 0, limits: limits)
        server.start(handler)
        defer { server.stop() }
        try body(server.port, server)
        server.stop()
        try server.wait()
    }

    @Test("Several requests on one connection, one after the other and all at once; HEAD has no body")
    func requests() throws {
        try Self.serving { port, _ in
            let client = try PlainClient(port: port)
            for path in ["/a", "/b"] {
                client.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
                let answer = try #require(client.response())
                #expect(answer.status == 200 && answer.body == path)
            }
            client.send("HEAD /c HTTP/1.1\r\n\r\nPOST /d HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
            client.send("GET /long HTTP/1.1\r\n\r\nGET /e HTTP/1.1\r\nConnection: close\r\n\r\n")
            let rest = try #require(client.rest())
            #expect(rest.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 5)
            #expect(rest.contains("Content-Length: 2\r\n\r\nHTTP/1.1 200 OK"), "HEAD")
            #expect(rest.contains("\r\n\r\n/dabcHTTP/1.1"))
            #expect(rest.contains(String(repeating: "x", count: 3_000_000)))
            #expect(rest.hasSuffix("Connection: close\r\n\r\n/e"))
        }
    }

    @Test("A header line or an address of 60 kB is refused before it ends, and the refusal arrives")
    func longLines() throws {
        try Self.serving { port, _ in
            for (start, status) in [("GET / HTTP/1.1\r\nCookie: ", 431), ("GET /", 414)] {
                let client = try PlainClient(port: port)
                client.send(start + String(repeating: "a", count: 60_000))
                let answer = try #require(client.response())
                #expect(answer.status == status)
                client.finish()
                #expect(client.rest() == "", "and the connection ends")
            }
        }
    }

    @Test("Idle strangers make room for one another, and never take the place of whoever had a token")
    func manyConnections() throws {
        try Self.serving(.init(connections: 8)) { port, _ in
            let own = try PlainClient(port: port)
            own.send("GET /a HTTP/1.1\r\n\r\n")
            #expect(own.response()?.body == "/a")
            var strangers: [PlainClient] = []
            for number in 0..<100 {
                let stranger = try PlainClient(port: port)
                // Some say nothing, some a part, some are refused.
                if number % 3 == 1 { stranger.send("GET /a HT") }
                if number % 3 == 2 {
                    stranger.send("GET /no HTTP/1.1\r\n\r\n")
                    #expect(stranger.response()?.status == 403)
                }
                strangers.append(stranger)
                if number % 10 == 0 {
                    let late = try PlainClient(port: port)
                    late.send("GET /late HTTP/1.1\r\n\r\n")
                    #expect(late.response()?.body == "/late")
                }
            }
            own.send("GET /b HTTP/1.1\r\n\r\n")
            #expect(own.response()?.body == "/b", "on the same connection as before")
            #expect(strangers[0].rest() == "", "the first of them was closed")
        }
    }

    @Test("Connections that stay idle, begin a request and do not end it, or do not take the answer, are closed")
    func timeLimits() throws {
        var limits = ServerLimits(connections: 8)
        (limits.idleSeconds, limits.requestSeconds, limits.writeSeconds, limits.endSeconds) = (0.5, 0.5, 0.5, 0.5)
        try Self.serving(limits) { port, server in
            for text in ["", "GET /a HTTP/1.1\r\nHost", "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\na"] {
                let client = try PlainClient(port: port)
                client.send(text)
                #expect(client.rest() == "", "\(text)")
            }
            let kept = try PlainClient(port: port)
            kept.send("GET /a HTTP/1.1\r\n\r\n")
            #expect(kept.rest()?.hasSuffix("/a") == true)
            // More than the system's buffers take, and nobody reads it.
            let deaf = try PlainClient(port: port)
            deaf.send(String(repeating: "GET /long HTTP/1.1\r\n\r\n", count: 20))
            // Before that, the server may not have seen the connection yet.
            deaf.awaitAnswer()
            // Without reading, a client is not told of the end.
            while server.connectionCount > 0 { usleep(1000) }
            let received = try #require(deaf.rest())
            #expect(received.utf8.count < 60_000_000)
        }
    }

    @Test("When it is stopped, idle connections end, and answers that are being made still arrive")
    func stop() throws {
        var limits = ServerLimits(connections: 8)
        limits.stopSeconds = 60
        let server = try HTTPServer(port: 0, limits: limits)
        let (begun, finish) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        server.start(
            .init(
                refusal: { _ in nil },
                answer: { _ in
                    begun.signal()
                    finish.wait()
                    return .text(.ok, "late")
                }))
        let (idle, busy) = (try PlainClient(port: server.port), try PlainClient(port: server.port))
        busy.send("GET / HTTP/1.1\r\n\r\n")
        begun.wait()
        server.stop()
        #expect(idle.rest() == "")
        finish.signal()
        #expect(busy.rest()?.hasSuffix("late") == true)
        try server.wait()
        #expect(throws: (any Error).self) { try PlainClient(port: server.port) }
    }

    @Test("A port in use is said, and of category busy")
    func portInUse() throws {
        let first = try HTTPServer(port: 0)
        let error = #expect(throws: ReviewError.self) { try HTTPServer(port: first.port) }
        #expect(error?.category == .busy && error?.message.contains("in use") == true)
    }
}
