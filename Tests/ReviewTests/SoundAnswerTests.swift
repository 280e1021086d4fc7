import Foundation
import TestSupport
import Testing

import Review

/// The sounds that the server sends: whole, in parts, and to those who do not take them.
struct SoundAnswerTests {
    /// A review of one event of 130 s, whose recording is there.
    private static func review(rate: Int, channels: Int) async throws -> (MadeReview, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let seconds = 132
        func word(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }
        let size = seconds * rate * channels * 2
        var bytes = Array("RIFF".utf8) + word(36 + size, 4) + Array("WAVEfmt ".utf8) + word(16, 4) + word(1, 2)
        bytes += word(channels, 2) + word(rate, 4) + word(rate * channels * 2, 4) + word(channels * 2, 2)
        bytes += word(16, 2) + Array("data".utf8) + word(size, 4)
        bytes += (0..<size).map { UInt8(truncatingIfNeeded: $0 / 2 * 7) & 0x3F }
        try folder.put("long.wav", bytes)
        let scores: [Float] = [0] + [Float](repeating: 0.9, count: seconds - 2) + [0]
        return (try await MadeReview([("long.wav", 0, scores)], recordings: folder.path), folder)
    }

    private static let path = "/event/0/sound.wav?generation=1"

    @Test("A part is sent only of the sound that If-Range names, and only to GET")
    func ranges() async throws {
        let (review, folder) = try await Self.review(rate: 16_000, channels: 1)
        defer { withExtendedLifetime(folder) {} }
        let whole = try await review.ask(Self.path)
        let tag = try #require(whole.headers["ETag"])
        try #require(whole.status == .ok && whole.content.count == 44 + 60 * 32_000)
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 4)
        #expect(try await review.ask(Self.path + "&part=1").headers["ETag"] != tag)
        #expect(try await review.ask(Self.path + "&lead=0.5").headers["ETag"] != tag)
        for (condition, isPart) in [
            (nil, true), (tag, true), ("W/" + tag, false), ("\"other\"", false),
            ("Wed, 21 Oct 2015 07:28:00 GMT", false), ("", false),
        ] {
            let answer = try await review.ask(Self.path, headers: ["Range": "bytes=100-299", "If-Range": condition])
            let expected = isPart ? whole.content.dropFirst(100).prefix(200) : whole.content
            #expect(answer.status == (isPart ? .partialContent : .ok) && answer.headers["ETag"] == tag)
            #expect(answer.content.elementsEqual(expected), "\(condition ?? "no condition")")
            let size = whole.content.count
            #expect(answer.headers["Content-Range"] == (isPart ? "bytes 100-299/\(size)" : nil))
        }
        let head = try await review.ask(Self.path, method: "HEAD", headers: ["Range": "bytes=100-299"])
        #expect(head.status == .ok && head.content.count == whole.content.count)
        // Events found anew are others, whose tags must differ.
        try await review.find()
        let anew = try await review.ask("/event/0/sound.wav?generation=2")
        #expect(anew.status == .ok && anew.headers["ETag"] != tag)
    }

    @Test("Sounds that nobody takes, of 100 requests, leave the process below 400 MB, and others get facts and sounds")
    func unread() async {
        // In a process of its own, whose memory it measures.
        await #expect(processExitsWith: .success) {
            let (review, folder) = try await Self.review(rate: 48_000, channels: 2)
            let server = try ReviewServer(review.session, port: 0)
            let parts = try #require(server.address.wholeMatch(of: #/http://127\.0\.0\.1:(\d+)/\?token=(.*)/#))
            let port = try #require(UInt16(parts.1))
            func ask(_ path: String, _ client: PlainClient) {
                let mark = path.contains("?") ? "&" : "?"
                client.send("GET \(path)\(mark)token=\(parts.2) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
            }
            let deaf = try (0..<100).map { _ in try PlainClient(port: port) }
            for (number, client) in deaf.enumerated() { ask(Self.path + "&part=\(number % 2)", client) }
            let own = try PlainClient(port: port)
            ask("/facts", own)
            precondition(own.response()?.status == 200)
            ask(Self.path, own)
            let sound = own.bytesOfResponse()
            precondition(sound?.status == 200 && sound?.count == 44 + 60 * 192_000, "\(String(describing: sound))")
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) })
            // 25 MB are the recording as this test makes it, 35 MB the sounds that are kept, and 64 MB those under way.
            precondition(peak < 400_000, "\(peak) kB")
            withExtendedLifetime((deaf, folder)) { server.stop() }
        }
    }
}
