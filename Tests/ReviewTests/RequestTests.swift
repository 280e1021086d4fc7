import Foundation
import Random
import Testing

import Review

/// What the server makes of the bytes of requests, whatever the pieces in which they come.
struct RequestTests {
    /// The statuses of all responses until the connection ends, after the client has ended its side.
    private static func statuses(_ text: String, _ port: UInt16) throws -> [Int] {
        let client = try PlainClient(port: port)
        client.send(text)
        client.finish()
        return try #require(client.rest()).matches(of: #/HTTP/1\.1 (\d{3}) /#).compactMap { Int($0.1) }
    }

    @Test("Several requests in a row, cut anywhere, are the same requests")
    func pieces() throws {
        let text =
            "GET /all?x=1&y=%C3%BC+b&z HTTP/1.1\r\nHost: h\r\na:  ü \t\r\n\r\n"
            + "POST /all HTTP/1.1\r\nA: 1\r\nA: 2\r\nContent-Length: 5\r\n\r\n12\r\n3\r\n"
            + "POST /all HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
            + "PUT /all HTTP/1.1\r\nConnection: Close\r\n\r\n"
        let expected = [
            #"GET [(name: "x", value: "1"), (name: "y", value: "ü+b"), (name: "z", value: "")] ü "#,
            "POST [] 1, 2 12\r\n3", "POST [] - abc", "PUT [] - ",
        ]
        let bytes = Array(text.utf8)
        try Serving.run { port, _ in
            func check(_ cuts: [Int]) throws {
                let client = try PlainClient(port: port)
                var start = 0
                for end in cuts + [bytes.count] {
                    client.send(bytes[start..<end])
                    start = end
                }
                let found = expected.map { _ in client.response()?.body }
                #expect(found == expected, "cut at \(cuts)")
                #expect(client.rest() == "")
            }
            for cut in 0...bytes.count { try check([cut]) }
            try check(Array(0..<bytes.count))
        }
    }

    @Test("Versions before 1.1 and requests for another protocol are answered, and the connection ends")
    func lastRequests() throws {
        try Serving.run { port, _ in
            for text in [
                "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n",
                "GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            ] {
                let client = try PlainClient(port: port)
                client.send(text + "GET /b HTTP/1.1\r\n\r\n")
                let all = try #require(client.rest())
                #expect(all.hasSuffix("Connection: close\r\n\r\n/a"), "\(text): \(all)")
            }
        }
    }

    @Test("An address with the server that Host names is its path")
    func absoluteAddresses() throws {
        try Serving.run { port, _ in
            let client = try PlainClient(port: port)
            for (address, host, body) in [
                ("http://h:1/a", "h:1", "/a"), ("HTTP://H:1/all?x=1", "h:1", #"GET [(name: "x", value: "1")] - "#),
                ("http://h", "H", "/"),
            ] {
                client.send("GET \(address) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                let answer = try #require(client.response())
                #expect(answer.status == 200 && answer.body == body, "\(address): \(answer)")
            }
        }
    }

    @Test("A client that waits for 100 with its body is told to go on, or at once that it is refused")
    func expectations() throws {
        try Serving.run { port, _ in
            let waiting = try PlainClient(port: port)
            waiting.send("POST /all HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
            // Without this answer, the connection would end after ten seconds.
            waiting.awaitAnswer()
            waiting.send("abcPOST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nd")
            waiting.finish()
            let all = try #require(waiting.rest())
            #expect(all.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "\(all)")
            #expect(all.contains("POST [] - abcHTTP/1.1 200 OK") && all.hasSuffix("/ad"), "\(all)")
            let refused = try PlainClient(port: port)
            refused.send("POST /no HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(refused.response()?.status == 403)
            refused.finish()
            #expect(refused.rest() == "")
            let old = "POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"
            #expect(try Self.statuses(old, port) == [200])
            let long = "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 16385\r\n\r\n"
            #expect(try Self.statuses(long, port) == [413])
        }
    }

    @Test("What is not HTTP, or could be read in two ways, is refused, and nothing after it is read")
    func refusals() throws {
        let post = "POST / HTTP/1.1\r\n"
        let cases = [
            ("GET / HTTP/2.0\r\n\r\n", 505), ("GET /\r\n\r\n", 505), ("GET / FTP/1.1\r\n\r\n", 400),
            ("GET http://h/ HTTP/1.1\r\n\r\n", 400), ("GET http://h/ HTTP/1.1\r\nHost: i\r\n\r\n", 400),
            ("GET http://a@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            (post + "Expect: more\r\nContent-Length: 1\r\n\r\na", 417),
            ("G(T / HTTP/1.1\r\n\r\n", 400), ("X / HTTP/1.1\r\n\r\n", 400),
            ("GET /\u{E9} HTTP/1.1\r\n\r\n", 400), ("CONNECT h:80 HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n : x\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA: 1\r\n  2\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA : 1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA: \u{1}\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: 1\rB: 2\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\n\n", 400), ("\u{16}\u{3}\u{1}\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nOrigin: a\r\nOrigin: a\r\n\r\n", 400),
            // Two ways to tell where the body ends, by which a request can be smuggled.
            (post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400),
            (post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400),
            (post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
            (post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n", 400),
            (post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400),
            (post + "Content-Length: 1e2\r\n\r\n", 400), (post + "Content-Length: -1\r\n\r\n", 400),
            (post + "Content-Length: +2\r\n\r\nab", 400), (post + "Content-Length: 2, 2\r\n\r\nab", 400),
            (post + "Content-Length: 99999999999999999999\r\n\r\n", 400),
            (post + "Content-Length: 16385\r\n\r\n", 413),
            (post + "Transfer-Encoding: chunked\r\n\r\n4001\r\n" + String(repeating: "a", count: 16_385), 413),
        ]
        try Serving.run { port, _ in
            for (text, status) in cases {
                let found = try Self.statuses(text + "GET /b HTTP/1.1\r\n\r\n", port)
                #expect(found == [status], "\(text.prefix(120))")
            }
        }
    }

    @Test("An address, header or head that is too long is refused before it ends, and one that just fits is read")
    func limits() throws {
        let most = ServerLimits.longestField
        func address(_ length: Int) -> String { "GET /" + String(repeating: "a", count: length - 1) }
        func header(_ length: Int) -> String { "GET / HTTP/1.1\r\nB: " + String(repeating: "b", count: length) }
        func headers(_ count: Int) -> String {
            "GET / HTTP/1.1\r\n" + (0..<count).map { "H\($0): 1\r\n" }.joined() + "\r\n"
        }
        let body = String(repeating: "c", count: ServerLimits.longestBody)
        let line = "C: " + String(repeating: "c", count: 8000) + "\r\n"
        try Serving.run { port, _ in
            #expect(try Self.statuses(address(most) + " HTTP/1.1\r\n\r\n", port) == [200])
            #expect(try Self.statuses(header(most) + "\r\n\r\n", port) == [200])
            #expect(try Self.statuses(headers(ServerLimits.mostHeaders), port) == [200])
            #expect(
                try Self.statuses("POST / HTTP/1.1\r\nContent-Length: \(body.count)\r\n\r\n" + body, port) == [200])
            // Without their ends.
            for (text, status) in [
                (address(most + 1), 414), (header(most + 1), 431),
                ("GET / HTTP/1.1\r\n" + String(repeating: line, count: 9), 431),
                // A long address that fits, before a header that does not.
                (address(most) + " HTTP/1.1\r\nB: " + String(repeating: "b", count: most + 1), 431),
            ] {
                let client = try PlainClient(port: port)
                client.send(text)
                #expect(client.response()?.status == status)
            }
            #expect(try Self.statuses(headers(ServerLimits.mostHeaders + 1), port) == [431])
        }
    }

    @Test("No bytes make it fail")
    func noise() throws {
        var random = SplitMix64(seed: 5)
        let good = Array("POST /b?c=%41 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 3\r\n\r\nabc".utf8)
        try Serving.run { port, _ in
            for _ in 0..<1000 {
                var bytes = good + good
                for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                let client = try PlainClient(port: port)
                client.send(bytes[...])
                client.finish()
                #expect(client.rest() != nil, "\(bytes)")
            }
            #expect(try Self.statuses("GET /a HTTP/1.1\r\n\r\n", port) == [200])
        }
    }
}
