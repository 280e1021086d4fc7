import Foundation
import NIOCore
import NIOHTTP1

/// One connection of a browser, or of anything else on this machine. For the server's event loop alone.
final class Connection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What it waits for.
    private enum State {
        /// A request, or the rest of it.
        case reading
        /// The answer to a request, which is being made.
        case answering
        /// The other side, to take the rest of a response.
        case writing
        /// The end of the other side, after the last response.
        case ending
    }

    /// The most bytes that are dropped while the end is awaited.
    private static let mostDropped = 1 << 20
    /// The most bytes that are read before an answer is due: several requests at once, of the longest a few.
    private static let mostUnanswered = 1 << 18
    /// The bytes of a body that are handed to the channel at a time, as long as it takes more.
    private static let block = 1 << 15

    private let server: HTTPServer
    private let limits: ServerLimits
    private var context: ChannelHandlerContext?
    private var state = State.reading
    /// When it last did something.
    private(set) var lastActive = NIODeadline.now()
    /// Whether a request of its had the token.
    private(set) var isAdmitted = false
    /// Closes the connection when it has waited too long.
    private var timer: Scheduled<Void>?
    private var lines = LineWatch()
    private var dropped = 0
    private var unanswered = 0
    /// The response's bytes that were not sent when its timer last ran.
    private var unsent = Int.max
    private var hasInputEnded = false
    private var isClosed = false
    /// What is left of the response's body to be handed to the channel.
    private var rest: ArraySlice<UInt8> = []
    /// The bytes of the body that is being sent; 0 for none. All of it stays in memory until the last byte is sent.
    private(set) var heldBytes = 0

    // The request that is being read or answered.
    private var isBegun = false
    private var method = ""
    private var target = ""
    private var headers = HTTPHeaders()
    private var body = Data()
    /// Whether the connection stays open for further requests.
    private var isKept = true

    init(_ server: HTTPServer, limits: ServerLimits) {
        self.server = server
        self.limits = limits
    }

    /// Whether it may be closed to make room for another: nobody waits for an answer on it.
    var isIdle: Bool { state == .ending || state == .reading }

    func close() {
        forget()
        context?.close(promise: nil)
    }

    /// From now on the server has one connection less, and an answer that comes late is dropped.
    private func forget() {
        isClosed = true
        release()
        server.closed(self)
    }

    // MARK: - What SwiftNIO tells

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        setTimer(limits.idleSeconds)
        server.opened(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        forget()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        lastActive = .now()
        sendMore()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else { return }
        hasInputEnded = true
        // A client may end its side after its last request and still take the answer.
        if isIdle { close() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return close() }
        // The parser goes on to tell what is wrong with a request that is refused already.
        guard state == .reading else { return }
        switch error {
        case .headerOverflow where lines.hasLongAddress:
            refuse(.targetTooLong, "the address is longer than \(ServerLimits.longestField) bytes")
        case .headerOverflow:
            refuse(
                .headersTooLarge,
                "expected at most \(ServerLimits.mostHeaders) headers of \(ServerLimits.longestField) bytes each and "
                    + "\(ServerLimits.longestHead) together")
        case .invalidVersion: refuse(.versionNotSupported, "expected HTTP/1.1 or 1.0")
        case .invalidEOFState: close()
        default: refuse(.badRequest, Self.expectation(error))
        }
    }

    /// What was expected where the parser found something else.
    private static func expectation(_ error: HTTPParserError) -> String {
        switch error {
        case .invalidMethod: "expected a method of HTTP at the beginning"
        case .invalidHeaderToken: "expected headers of a name, a colon and a value each"
        case .invalidContentLength: "expected one Content-Length, a number of bytes"
        case .unexpectedContentLength: "expected Content-Length or Transfer-Encoding, not both, and once"
        case .invalidChunkSize: "expected the length of a chunk as a hexadecimal number"
        default: "expected a request of HTTP/1.1"
        }
    }

    /// Whether bytes that have arrived are to be read.
    func takes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastActive = .now()
        guard isKept || state == .reading else {
            dropped += bytes.count
            if dropped > Self.mostDropped { close() }
            return false
        }
        unanswered += bytes.count
        guard unanswered <= Self.mostUnanswered else {
            close()
            return false
        }
        lines.take(bytes)
        if state == .reading, !isBegun {
            isBegun = true
            setTimer(limits.requestSeconds)
        }
        return true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What follows in a request that is refused already.
        guard state == .reading else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes):
            body.append(contentsOf: bytes.readableBytesView)
            if body.count > ServerLimits.longestBody { refuseBody() }
        case .end: end()
        }
    }

    // MARK: - Requests

    private func begin(_ head: HTTPRequestHead) {
        (method, target, headers, body) = (head.method.rawValue, head.uri, HTTPHeaders(), Data())
        // After a request for another protocol the parser reads nothing more.
        let isForOther = head.headers.contains(name: "Upgrade") || head.method == .CONNECT
        isKept = head.version == .http1_1 && head.isKeepAlive && !isForOther
        let whole = Self.parts(of: target)
        guard target.first == "/" || target == "*" || whole != nil,
            target.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return refuse(.badRequest, "expected a path as the address") }
        for (name, value) in head.headers where !headers.add(name, value) {
            return refuse(.badRequest, "the header \(name) is there twice")
        }
        if let whole {
            guard whole.server.lowercased() == headers["Host"]?.lowercased() else {
                return refuse(.badRequest, "expected the same server in the address and in the header Host")
            }
            target = whole.path
        }
        if let length = headers["Content-Length"].flatMap({ Int($0) }), length > ServerLimits.longestBody {
            return refuseBody()
        }
        if head.version == .http1_1, let expected = headers["Expect"] { meet(expected) }
    }

    /// Server and path of an address that has both (RFC 9112, 3.2.2); nil for one without a server.
    private static func parts(of target: String) -> (server: Substring, path: String)? {
        let scheme = "http://"
        guard target.prefix(scheme.count).lowercased() == scheme else { return nil }
        let rest = target.dropFirst(scheme.count)
        let server = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(server.count)
        return (server, path.first == "/" ? String(path) : "/" + path)
    }

    /// Lets a client go on that waits with its body, or tells it at once that the request is refused (RFC 9110,
    /// 10.1.1).
    private func meet(_ expected: String) {
        guard expected.lowercased() == "100-continue" else {
            return refuse(.expectationFailed, "expected no other expectation than 100-continue")
        }
        if let refusal = server.refusal(
            of: HTTPRequest(method: method, target: target, headers: headers, body: body))
        {
            return refuse(refusal)
        }
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context?.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func end() {
        let request = HTTPRequest(method: method, target: target, headers: headers, body: body)
        body = Data()
        beginAnswer()
        if let refusal = server.refusal(of: request) {
            later(refusal, isLast: !isAdmitted)
        } else {
            isAdmitted = true
            server.answer(request, for: self)
        }
    }

    private func refuseBody() {
        refuse(.contentTooLarge, "expected at most \(ServerLimits.longestBody) bytes")
    }

    /// Answers a request that cannot be read. Nothing after it can be read either.
    private func refuse(_ status: HTTPStatus, _ reason: String) { refuse(.text(status, reason)) }

    private func refuse(_ answer: Answer) {
        isKept = false
        beginAnswer()
        later(answer, isLast: true)
    }

    private func beginAnswer() {
        state = .answering
        isBegun = false
        setTimer(nil)
        server.changed()
    }

    // MARK: - Responses

    /// Sends an answer once the parser has returned: the next request follows within `send`, so that thousands in one
    /// piece would otherwise be answered one inside the other.
    private func later(_ answer: Answer, isLast: Bool) {
        context?.eventLoop.execute { self.send(answer, isLast: isLast) }
    }

    /// Sends the answer to the request that was read last.
    ///
    /// - Parameter isLast: whether the connection ends with it.
    func send(_ answer: Answer, isLast: Bool = false) {
        guard state == .answering, !isClosed, let context else { return }
        if isLast || server.isStopping { isKept = false }
        state = .writing
        let status = HTTPResponseStatus(statusCode: answer.status.rawValue)
        var head = HTTPResponseHead(version: .http1_1, status: status)
        for field in answer.allHeaders(isKept: isKept).fields { head.headers.add(name: field.name, value: field.value) }
        let hasBody = method != "HEAD" && !answer.content.isEmpty
        if hasBody {
            server.hold(answer.content.count)
            (rest, heldBytes) = (answer.content, answer.content.count)
        }
        (unsent, lastActive) = (.max, .now())
        setTimer(limits.writeSeconds)
        context.write(wrapOutboundOut(.head(head)), promise: hasBody ? nil : whenSent(context))
        if hasBody { sendMore() } else { context.flush() }
    }

    /// Hands blocks of the body to the channel, for as long as it takes them.
    private func sendMore() {
        guard state == .writing, !rest.isEmpty, let context else { return }
        while !rest.isEmpty, context.channel.isWritable {
            let block = rest.prefix(Self.block)
            rest = rest.dropFirst(block.count)
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: block)))),
                promise: rest.isEmpty ? whenSent(context) : nil)
        }
        context.flush()
    }

    /// For the last bytes of a response.
    private func whenSent(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { [self] result in
            if case .success = result { proceed() } else { close() }
        }
        return sent
    }

    /// Gives up the body.
    private func release() {
        server.release(heldBytes)
        (rest, heldBytes) = ([], 0)
    }

    /// After a response has been sent: the next request, or the end.
    private func proceed() {
        release()
        lastActive = .now()
        method = ""
        if isKept, !hasInputEnded {
            state = .reading
            unanswered = 0
            setTimer(limits.idleSeconds)
            // Only this lets the next request through, so that those who take no answers get no further ones.
            context?.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else if hasInputEnded || server.isStopping {
            return close()
        } else {
            state = .ending
            setTimer(limits.endSeconds)
            context?.close(mode: .output, promise: nil)
        }
        server.changed()
    }

    // MARK: - Waiting

    private func setTimer(_ seconds: Double?) {
        timer?.cancel()
        timer = seconds.flatMap { seconds in
            context?.eventLoop.scheduleTask(in: TimeAmount(seconds: seconds)) { self.hasWaited() }
        }
    }

    private func hasWaited() {
        if state == .writing, let buffered = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes),
            rest.count + buffered < unsent
        {
            // The other side has taken some of it since.
            unsent = rest.count + buffered
            setTimer(limits.writeSeconds)
        } else {
            close()
        }
    }
}
