import Foundation
import Random
import Testing

import Review

/// Requests from bytes, whatever the pieces in which they come.
struct RequestReaderTests {
    /// What came of some bytes: requests in words, then the status of a refusal.
    private static func read(_ bytes: [UInt8], pieces: [Int]) -> [String] {
        var reader = RequestReader()
        var found: [String] = []
        var start = 0
        for end in pieces + [bytes.count] {
            reader.add(bytes[start..<end])
            start = end
            reading: while true {
                switch reader.next() {
                case .needsMore: break reading
                case .request(let request, let isKept):
                    found.append(
                        "\(request.method) \(request.path) \(request.query) \(request.headers["A"] ?? "-") "
                            + "\(String(decoding: request.body, as: UTF8.self)) \(isKept)")
                case .refused(let status, _):
                    found.append("\(status.rawValue)")
                    return found
                }
            }
        }
        return found
    }

    private static func read(_ text: String) -> [String] { read(Array(text.utf8), pieces: []) }

    @Test("Several requests in a row, cut anywhere, are the same requests")
    func pieces() {
        let text =
            "GET /a?x=1&y=%C3%BC+b&z HTTP/1.1\r\nHost: h\r\na:  ü \t\r\n\r\n"
            + "POST /b HTTP/1.1\nA: 1\nA: 2\nContent-Length: 5\n\n12\r\n3" + "\r\nX /c HTTP/1.0\r\n\r\n"
            + "GET /d HTTP/1.1\r\nConnection: Close\r\n\r\n"
        let bytes = Array(text.utf8)
        let whole = Self.read(bytes, pieces: [])
        #expect(
            whole == [
                #"GET /a [(name: "x", value: "1"), (name: "y", value: "ü+b"), (name: "z", value: "")] ü  true"#,
                "POST /b [] 1, 2 12\r\n3 true", "X /c [] -  false", "GET /d [] -  false",
            ])
        for cut in 0...bytes.count { #expect(Self.read(bytes, pieces: [cut]) == whole, "cut at \(cut)") }
        #expect(Self.read(bytes, pieces: Array(0..<bytes.count)) == whole)
    }

    @Test(
        "What is not HTTP, or could be read in two ways, is refused",
        arguments: [
            ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400), ("GET http://h/ HTTP/1.1\r\n\r\n", 400),
            ("G(T / HTTP/1.1\r\n\r\n", 400), ("GET /\u{E9} HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
            ("GET / FTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\n : x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA: 1\r\n  2\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA : 1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA: \u{1}\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nA\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 1e2\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 16385\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        ])
    func refusals(text: String, status: Int) { #expect(Self.read(text) == ["\(status)"]) }

    @Test("Too long an address, line or head is refused before it ends, and one that just fits is read")
    func limits() {
        let most = RequestReader.longestLine
        func address(_ length: Int) -> String {
            "GET /" + String(repeating: "a", count: length - "GET / HTTP/1.1".utf8.count) + " HTTP/1.1"
        }
        func header(_ length: Int) -> String { "GET / HTTP/1.1\r\nB: " + String(repeating: "b", count: length - 3) }
        #expect(Self.read(address(most) + "\r\n\r\n").first?.hasPrefix("GET /aaa") == true)
        #expect(Self.read(header(most) + "\r\n\r\n") == ["GET / [] -  true"])
        // Without their ends.
        #expect(Self.read(address(most + 2)) == ["414"])
        #expect(Self.read(header(most + 2)) == ["431"])
        let line = "C: " + String(repeating: "c", count: 8000) + "\r\n"
        #expect(Self.read("GET / HTTP/1.1\r\n" + String(repeating: line, count: 9)) == ["431"])
        let short = (0..<RequestReader.mostHeaders).map { "H\($0): 1\r\n" }.joined()
        #expect(Self.read("GET / HTTP/1.1\r\n" + short + "\r\n").count == 1)
        #expect(Self.read("GET / HTTP/1.1\r\n" + short + "One: 1\r\n") == ["431"])
    }

    @Test("No bytes make it fail")
    func noise() {
        var random = SplitMix64(seed: 5)
        let good = Array("POST /b?c=%41 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Length: 3\r\n\r\nabc".utf8)
        for _ in 0..<3000 {
            var bytes = good + good
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            let cut = random.below(bytes.count)
            #expect(Self.read(bytes, pieces: [cut]) == Self.read(bytes, pieces: []))
        }
    }
}
