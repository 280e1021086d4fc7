import Foundation
import Testing

import Errors
import Review

/// The server by itself, and what strangers on the same machine can do to it.
struct HTTPServerTests {
    @Test("Several requests on one connection, one after the other and all at once; HEAD has no body")
    func requests() throws {
        try Serving.run { port, _ in
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

    @Test("A header or an address of 400 kB is refused before it ends, and the refusal arrives")
    func longLines() throws {
        try Serving.run { port, _ in
            for (start, status) in [("GET / HTTP/1.1\r\nCookie: ", 431), ("GET /", 414)] {
                let client = try PlainClient(port: port)
                client.send(start + String(repeating: "a", count: 400_000))
                let answer = try #require(client.response())
                #expect(answer.status == status)
                client.finish()
                #expect(client.rest() == "", "and the connection ends")
            }
        }
    }

    @Test("A client that ends its side gets the answers to what it sent before")
    func halfClosed() throws {
        try Serving.run { port, _ in
            let client = try PlainClient(port: port)
            client.send("GET /a HTTP/1.1\r\n\r\nGET /long HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
            client.finish()
            #expect(client.response()?.body == "/a")
            #expect(client.response()?.body.utf8.count == 3_000_000)
            #expect(client.response()?.body == "/b")
            #expect(client.rest() == "")
        }
    }

    @Test("Thousands of requests in one piece are answered in turn")
    func pipelined() throws {
        try Serving.run { port, _ in
            let client = try PlainClient(port: port)
            client.send("GET /a HTTP/1.1\r\n\r\n")
            #expect(client.response()?.body == "/a")
            let sender = Thread {
                client.send(String(repeating: "GET /no HTTP/1.1\r\n\r\n", count: 5000) + "GET /b HTTP/1.1\r\n\r\n")
            }
            sender.start()
            for _ in 0..<5000 { try #require(client.response()?.status == 403) }
            #expect(client.response()?.body == "/b")
        }
    }

    @Test("Only so many answers are made at a time, and the other requests wait")
    func manyAnswers() throws {
        let state = Gauge()
        let count = ServerLimits.mostAnswers + 8
        let handler = HTTPServer.Handler(
            refusal: { _ in
                state.arrive()
                return nil
            },
            answer: { _ in
                state.run()
                return .text(.ok, "done")
            })
        try Serving.run(.init(connections: count), handler) { port, _ in
            let clients = try (0..<count).map { _ in try PlainClient(port: port) }
            for client in clients { client.send("GET / HTTP/1.1\r\n\r\n") }
            state.awaitState(arrived: count, running: ServerLimits.mostAnswers)
            state.open()
            for client in clients { #expect(client.response()?.body == "done") }
            #expect(state.most == ServerLimits.mostAnswers)
        }
    }

    @Test("Many large answers keep no others from being made")
    func manyLargeAnswers() throws {
        let state = Gauge()
        let count = ServerLimits.mostAnswers + 8
        let handler = HTTPServer.Handler(
            refusal: { _ in
                state.arrive()
                return nil
            },
            isLarge: { $0.path == "/large" },
            answer: { request in
                if request.path == "/large" { state.run() }
                return .text(.ok, request.path)
            })
        try Serving.run(.init(connections: count + 1), handler) { port, _ in
            let clients = try (0..<count).map { _ in try PlainClient(port: port) }
            for client in clients { client.send("GET /large HTTP/1.1\r\n\r\n") }
            state.awaitState(arrived: count, running: ServerLimits.mostLargeAnswers)
            let other = try PlainClient(port: port)
            other.send("GET /a HTTP/1.1\r\n\r\n")
            #expect(other.response()?.body == "/a")
            state.open()
            for client in clients { #expect(client.response()?.body == "/large") }
            #expect(state.most == ServerLimits.mostLargeAnswers)
        }
    }

    @Test("Of too many requests for large answers, those that have waited longest are refused")
    func tooManyLargeAnswers() throws {
        let state = Gauge()
        let most = ServerLimits.mostLargeAnswers + ServerLimits.mostWaiting
        let handler = HTTPServer.Handler(
            refusal: { _ in
                state.arrive()
                return nil
            }, isLarge: { _ in true },
            answer: { _ in
                state.run()
                return .text(.ok, "made")
            })
        try Serving.run(.init(connections: most + 20), handler) { port, _ in
            let clients = try (0..<most + 10).map { number in
                let client = try PlainClient(port: port)
                client.send("GET / HTTP/1.1\r\n\r\n")
                state.awaitState(arrived: number + 1, running: 0)
                return client
            }
            state.open()
            let statuses = clients.map { $0.response()?.status }
            #expect(statuses == clients.indices.map { (2..<12).contains($0) ? 503 : 200 })
        }
    }

    @Test("Answers that nobody takes fill no more than the limit, and others are answered", arguments: [true, false])
    func heldBytes(isLarge: Bool) throws {
        let made = Gauge()
        let handler = HTTPServer.Handler(
            refusal: { _ in nil }, isLarge: { _ in isLarge },
            answer: { request in
                defer { made.arrive() }
                return .text(.ok, request.path == "/long" ? String(repeating: "x", count: 3_000_000) : request.path)
            })
        var limits = ServerLimits(connections: 64)
        limits.heldBytes = 10_000_000
        limits.writeSeconds = 600
        try Serving.run(limits, handler) { port, server in
            // Each of 3 MB, far more than the system's buffers take.
            let deaf = try (0..<30).map { _ in try PlainClient(port: port) }
            for client in deaf { client.send("GET /long HTTP/1.1\r\n\r\n") }
            made.awaitState(arrived: deaf.count, running: 0)
            let other = try PlainClient(port: port)
            for _ in 0..<3 {
                other.send("GET /a HTTP/1.1\r\n\r\nGET /long HTTP/1.1\r\n\r\n")
                #expect(other.response()?.body == "/a")
                #expect(other.response()?.body.utf8.count == 3_000_000)
            }
            #expect((9_000_000...limits.heldBytes).contains(server.heldBytes.most), "\(server.heldBytes)")
            // Those that were closed for want of room got a part; the last ones can still take theirs.
            let whole = deaf.compactMap { $0.response() }
            #expect((1...3).contains(whole.count) && whole.allSatisfy { $0.body.utf8.count == 3_000_000 })
            other.send("GET /b HTTP/1.1\r\n\r\n")
            #expect(other.response()?.body == "/b")
            #expect(server.heldBytes.now <= 2, "nothing is held once it is taken")
        }
    }

    @Test("One answer that is longer than the limit is sent all the same")
    func longerThanLimit() throws {
        var limits = ServerLimits(connections: 8)
        limits.heldBytes = 1000
        try Serving.run(limits) { port, server in
            let client = try PlainClient(port: port)
            client.send("GET /long HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\n")
            #expect(client.response()?.body.utf8.count == 3_000_000)
            #expect(client.response()?.body == "/a" && server.heldBytes.most == 3_000_000)
        }
    }

    @Test("Without a descriptor for a new connection, the one that has been idle longest is closed for it")
    func descriptors() async {
        // In a process of its own, whose descriptors it uses up.
        await #expect(processExitsWith: .success) {
            var limits = ServerLimits(connections: 10_000)
            limits.requestSeconds = 600
            try Serving.run(limits) { port, server in
                let own = try PlainClient(port: port)
                own.send("GET /a HTTP/1.1\r\n\r\n")
                precondition(own.response()?.body == "/a")
                let strangers = try (0..<3).map { _ in
                    let stranger = try PlainClient(port: port)
                    stranger.send("GET /a HT")
                    return stranger
                }
                while server.connectionCount < 4 { usleep(1000) }
                // One more is left, for this side of the next connection.
                let free = dup(0)
                close(free)
                var limit = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                limit.rlim_cur = rlim_t(free + 1)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let last = try PlainClient(port: port)
                last.send("GET /b HTTP/1.1\r\n\r\n")
                precondition(last.response()?.body == "/b")
                precondition(strangers[0].rest() == "")
                own.send("GET /c HTTP/1.1\r\n\r\n")
                precondition(own.response()?.body == "/c")
            }
        }
    }

    @Test("Without descriptors for its own use, the server cannot be had, and the process goes on")
    func noDescriptors() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 5
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            do {
                _ = try HTTPServer(port: 0)
                fatalError("it was made")
            } catch {
                precondition((error as? ReviewError)?.category == .shortage)
            }
        }
    }

    @Test("It is on 127.0.0.1 alone")
    func address() throws {
        try Serving.run { port, _ in
            _ = try PlainClient(port: port)
            #expect(throws: PlainClient.Failure.self) { try PlainClient(port: port, host: 0x7F00_0002) }
        }
    }

    @Test("Idle strangers make room for one another, and never take the place of whoever had a token")
    func manyConnections() throws {
        try Serving.run(.init(connections: 8)) { port, _ in
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
        try Serving.run(limits) { port, server in
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
        defer { first.stop() }
        let error = #expect(throws: ReviewError.self) { try HTTPServer(port: first.port) }
        #expect(error?.category == .busy && error?.message.contains("in use") == true)
    }
}

/// Counts answers that are being made, and holds them until it is opened.
private final class Gauge: @unchecked Sendable {
    private let condition = NSCondition()
    private var arrived = 0
    private var running = 0
    private var isOpen = false
    private(set) var most = 0

    func arrive() { change { arrived += 1 } }

    func run() {
        change {
            running += 1
            most = max(most, running)
        }
        hold { isOpen }
        change { running -= 1 }
    }

    func open() { change { isOpen = true } }

    func awaitState(arrived: Int, running: Int) { hold { self.arrived == arrived && self.running >= running } }

    private func change(_ body: () -> Void) {
        condition.lock()
        body()
        condition.broadcast()
        condition.unlock()
    }

    private func hold(_ holds: () -> Bool) {
        condition.lock()
        while !holds() { condition.wait() }
        condition.unlock()
    }
}
