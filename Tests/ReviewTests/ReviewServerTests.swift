import Foundation
import Testing

import Review

/// The page's server as other programs on the machine see it.
struct ReviewServerTests {
    /// A server of an empty review, its port, and the headers of a request that it admits.
    private static func serving(_ body: @escaping @Sendable (UInt16, String) throws -> Void) async throws {
        let review = try await MadeReview([(name: "a.wav", place: 0, scores: [0.9])])
        let server = try await ReviewServer(review.session, port: 0)
        let address = try #require(URLComponents(string: server.address))
        let token = try #require(address.queryItems?.first { $0.name == "token" }?.value)
        let port = try #require(address.port.flatMap(UInt16.init))
        let headers = "Host: 127.0.0.1:\(port)\r\nCookie: earmark-\(port)=\(token)\r\n\r\n"
        // The clients wait, so they have a thread of their own: the server's tasks need those of Swift's pool.
        let result = await withCheckedContinuation { done in
            Thread.detachNewThread { done.resume(returning: Result { try body(port, headers) }) }
        }
        await server.stop()
        try await server.wait()
        try result.get()
    }

    @Test("Several requests on one connection are answered, with the headers that every answer has")
    func requests() async throws {
        try await Self.serving { port, headers in
            let client = try PlainClient(port: port)
            for path in ["/facts", "/run"] {
                client.send("GET \(path) HTTP/1.1\r\n" + headers)
                #expect(try #require(client.response()).status == 200)
            }
            client.send("GET /facts HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n")
            let rest = try #require(client.rest())
            #expect(rest.hasPrefix("HTTP/1.1 421"))
            #expect(rest.contains("Content-Security-Policy: default-src 'none'"))
        }
    }

    @Test("However many strangers only connect, or begin a request and do not end it, the page is answered")
    func manyConnections() async throws {
        try await Self.serving { port, headers in
            var strangers: [PlainClient] = []
            // More than may wait, and few enough for the descriptors of this process, which has both ends.
            for number in 0..<320 {
                let stranger = try PlainClient(port: port)
                if number % 3 == 1 { stranger.send("GET /facts HT") }
                strangers.append(stranger)
                if number % 40 == 0 {
                    let own = try PlainClient(port: port)
                    own.send("GET /facts HTTP/1.1\r\n" + headers)
                    #expect(own.response()?.status == 200)
                }
            }
            #expect(strangers[0].rest() == "", "the first of them was closed")
        }
    }

    @Test("A port in use is said, and of category busy")
    func portInUse() async throws {
        let review = try await MadeReview([(name: "a.wav", place: 0, scores: [0.9])])
        let first = try await ReviewServer(review.session, port: 0)
        let port = try #require(URLComponents(string: first.address)?.port.flatMap(UInt16.init))
        let error = await #expect(throws: ReviewError.self) { try await ReviewServer(review.session, port: port) }
        #expect(error?.category == .busy && error?.message.contains("in use") == true)
        await first.stop()
    }
}
