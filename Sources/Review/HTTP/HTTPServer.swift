import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server for one page on 127.0.0.1: SwiftNIO's event loop, one thread, reads and writes for all connections, and
/// answers are made on a few others.
///
/// Only this folder knows SwiftNIO, and hands out requests of its own type. The limits on connections are here, since
/// it has none of its own. A server keeps its threads until it is stopped.
package final class HTTPServer: @unchecked Sendable {
    /// What answers requests.
    package struct Handler: Sendable {
        /// The reason to refuse a request, decided at once and without files; nil to answer it.
        let refusal: @Sendable (HTTPRequest) -> Answer?
        /// Whether the answer may be large, so that only a few of its kind are made at a time. Decided at once.
        let isLarge: @Sendable (HTTPRequest) -> Bool
        /// The answer to a request that was not refused. Called on any thread, for several requests at a time.
        let answer: @Sendable (HTTPRequest) -> Answer

        package init(
            refusal: @escaping @Sendable (HTTPRequest) -> Answer?,
            isLarge: @escaping @Sendable (HTTPRequest) -> Bool = { _ in false },
            answer: @escaping @Sendable (HTTPRequest) -> Answer
        ) {
            self.refusal = refusal
            self.isLarge = isLarge
            self.answer = answer
        }
    }

    /// The time to wait if the system has no room for another connection.
    private static let pause = TimeAmount.milliseconds(100)
    /// The descriptors that the event loop and the listening socket take.
    private static let ownDescriptors = 6
    /// The bytes that the system may keep of a response. Its own choice grows to several MB for each connection.
    private static let socketBuffer: SocketOptionValue = 262_144

    /// The port that it listens on.
    package private(set) var port: UInt16 = 0
    private let limits: ServerLimits
    private let loops: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    // Answers wait for files and for other threads, so they are not made on the threads of Swift's own pool, which has
    // as many as there are cores.
    private let answering = NIOThreadPool(numberOfThreads: ServerLimits.mostAnswers)
    private let ended = DispatchGroup()
    private let lock = NSLock()
    // Guarded by `lock`.
    private var hasEnded = false
    private var openCount = 0
    private var failure: ReviewError?
    private var held = 0
    private var mostHeld = 0

    // For the loop alone.
    private var listener: (any Channel)?
    private var handler: Handler?
    private var open: [ObjectIdentifier: Connection] = [:]
    private(set) var isStopping = false
    private var isPaused = false
    /// Whether a connection was closed for want of descriptors, and none was accepted since.
    private var hasMadeRoom = false
    private var isAccepting = false
    /// The listening socket's last error.
    private var lastFault = EIO
    /// The requests whose answers may be large and are not begun, in the order of their arrival: one a connection. The last is served first.
    private var waiting: [(request: HTTPRequest, connection: Connection)] = []
    private var largeCount = 0

    /// Starts to listen; connections wait until `start`.
    ///
    /// - Parameter port: the port; 0 for any that is free.
    /// - Throws: `ReviewError` if the port is in use or not allowed, or no descriptors are left.
    package init(port: UInt16, limits: ServerLimits = .standard) throws {
        try Self.checkDescriptors(port)
        self.limits = limits
        loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = loops.next()
        do {
            let listener = try bootstrap().bind(to: SocketAddress(ipAddress: "127.0.0.1", port: Int(port))).wait()
            self.port = UInt16(listener.localAddress?.port ?? 0)
            ended.enter()
            listener.closeFuture.whenComplete { [self] _ in listenerEnded() }
            onLoop { self.listener = listener }
        } catch {
            loops.shutdownGracefully { _ in }
            throw ReviewError(port: port, code: (error as? IOError)?.errnoCode ?? EIO)
        }
    }

    /// Answers requests, on threads of its own.
    package func start(_ handler: Handler) {
        answering.start()
        onLoop { [self] in
            self.handler = handler
            changed()
        }
    }

    /// Waits until the server ends, which happens only if it fails or is stopped.
    ///
    /// - Throws: `ReviewError`.
    package func wait() throws {
        ended.wait()
        if let failure = lock.withLock({ failure }) { throw failure }
    }

    /// The number of connections.
    package var connectionCount: Int { lock.withLock { openCount } }

    /// The bytes of bodies that were made and not yet taken, now and at most until now.
    package var heldBytes: (now: Int, most: Int) { lock.withLock { (held, mostHeld) } }

    /// Ends the server. Answers in progress have a second to be sent.
    package func stop() { onLoop { self.beginStop() } }

    // MARK: - Setting up

    /// SwiftNIO ends the process if its event loop gets no descriptors.
    private static func checkDescriptors(_ port: UInt16) throws {
        var files: [Int32] = []
        defer { for file in files { close(file) } }
        for _ in 0..<ownDescriptors {
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard file >= 0 else { throw ReviewError(port: port, code: errno) }
            files.append(file)
        }
    }

    private func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: SOMAXCONN)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One at a time, so that many new ones do not displace one whose request has arrived.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptFaults(self))
                }
            }
            // Nagle's algorithm would hold back the end of a response until its beginning is acknowledged, for 40 ms.
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_sndbuf), value: Self.socketBuffer)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16_384))
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try setUp(channel) }
            }
    }

    private func setUp(_ channel: any Channel) throws {
        var parserLimits = NIOHTTPDecoderLimitConfiguration()
        parserLimits.maxHeaderFieldSize = ServerLimits.longestField
        parserLimits.maxHeaderListSize = ServerLimits.longestHead
        parserLimits.maxHeaderFieldCount = ServerLimits.mostHeaders
        let parser = HTTPRequestDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: parserLimits)
        let connection = Connection(self, limits: limits)
        try channel.pipeline.syncOperations.addHandlers([
            Inlet(connection), HTTPResponseEncoder(),
            ByteToMessageHandler(parser, maximumBufferSize: ServerLimits.longestHead), HTTPServerPipelineHandler(),
            NIOHTTPResponseHeadersValidator(), connection,
        ])
    }

    // MARK: - For connections, on the loop

    /// The reason to refuse a request; nil to answer it.
    func refusal(of request: HTTPRequest) -> Answer? { handler?.refusal(request) }

    /// Has a request answered, after those that wait already.
    func answer(_ request: HTTPRequest, for connection: Connection) {
        guard let handler else { return }
        guard handler.isLarge(request) else { return make(request, for: connection, with: handler) }
        waiting.append((request, connection))
        makeLarge(with: handler)
        guard waiting.count > ServerLimits.mostWaiting else { return }
        let oldest = waiting.removeFirst().connection
        // Not at once: the next request of that connection may be read within `send`.
        loop.execute { oldest.send(.text(.serviceUnavailable, "too many sounds are asked for at a time; try again")) }
    }

    private func make(
        _ request: HTTPRequest, for connection: Connection, with handler: Handler, isLarge: Bool = false
    ) {
        answering.submit { [self] state in
            guard case .active = state else { return }
            let answer = handler.answer(request)
            onLoop { [self] in
                connection.send(answer)
                guard isLarge else { return }
                largeCount -= 1
                makeLarge(with: handler)
            }
        }
    }

    /// Has the next large answers made. Connections that ended meanwhile need none.
    private func makeLarge(with handler: Handler) {
        while largeCount < ServerLimits.mostLargeAnswers, !waiting.isEmpty {
            // The newest: clients that ask for much and read nothing then keep only one another waiting.
            let next = waiting.removeLast()
            guard open[ObjectIdentifier(next.connection)] != nil else { continue }
            largeCount += 1
            make(next.request, for: next.connection, with: handler, isLarge: true)
        }
    }

    /// Counts the bytes of a body that a connection is about to send. If that makes too many, those are closed first
    /// whose other sides have taken nothing for longest: one that reads has taken some within milliseconds.
    func hold(_ count: Int) {
        while lock.withLock({ held }) + count > limits.heldBytes {
            let holders = open.values.filter { $0.heldBytes > 0 }
            guard let slowest = holders.min(by: { $0.lastActive < $1.lastActive }) else { break }
            slowest.close()
        }
        lock.withLock {
            held += count
            mostHeld = max(mostHeld, held)
        }
    }

    /// Forgets the bytes of a body that was sent, or will not be.
    func release(_ count: Int) { lock.withLock { held -= count } }

    /// Counts a new connection. Beyond the limit, it takes another's place.
    func opened(_ connection: Connection) {
        hasMadeRoom = false
        guard !isStopping else { return connection.close() }
        if open.count >= limits.connections { idlest?.close() }
        open[ObjectIdentifier(connection)] = connection
        changed()
    }

    /// Forgets a connection.
    func closed(_ connection: Connection) {
        guard open.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        changed()
        if isStopping, open.isEmpty { finish() }
    }

    /// To be called when a connection begins or ends to be idle: only an idle one makes room for another.
    func changed() {
        lock.withLock { openCount = open.count }
        let accepts =
            handler != nil && !isStopping && !isPaused && (open.count < limits.connections || idlest != nil)
        guard accepts != isAccepting else { return }
        isAccepting = accepts
        try? listener?.syncOptions?.setOption(.autoRead, value: accepts)
    }

    // MARK: - Accepting

    /// The connection to close for a new one: of those that never had the token, if there are any, the one that has
    /// been idle longest; nil if all of them wait for an answer.
    private var idlest: Connection? {
        open.values.filter(\.isIdle).min {
            $0.isAdmitted == $1.isAdmitted ? $0.lastActive < $1.lastActive : !$0.isAdmitted
        }
    }

    /// The system has no room: one connection less, and then again. If that does not help, nothing is accepted for a
    /// while, since the loop would be told of the same connection without end.
    fileprivate func acceptFailed(_ code: Int32) {
        lastFault = code
        guard [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) else { return }
        if let idlest, !hasMadeRoom {
            hasMadeRoom = true
            return idlest.close()
        }
        isPaused = true
        changed()
        loop.scheduleTask(in: Self.pause) { [self] in
            (isPaused, hasMadeRoom) = (false, false)
            changed()
        }
    }

    // MARK: - Ending

    /// Runs something on the loop, unless that has ended.
    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        lock.withLock { if !hasEnded { loop.execute(body) } }
    }

    private func beginStop() {
        guard !isStopping else { return }
        isStopping = true
        listener?.close(promise: nil)
        for connection in open.values where connection.isIdle { connection.close() }
        guard !open.isEmpty else { return finish() }
        loop.scheduleTask(in: TimeAmount(seconds: limits.stopSeconds)) { self.finish() }
    }

    private func listenerEnded() {
        guard !isStopping else { return }
        lock.withLock { failure = ReviewError(port: port, code: lastFault, "the server ended") }
        isStopping = true
        finish()
    }

    /// Ends the threads. Answers that are still being made are dropped, and not waited for.
    private func finish() {
        let isFirst = lock.withLock {
            defer { hasEnded = true }
            return !hasEnded
        }
        guard isFirst else { return }
        answering.shutdownGracefully { _ in }
        loops.shutdownGracefully { [self] _ in ended.leave() }
    }
}

extension TimeAmount {
    init(seconds: Double) { self = .nanoseconds(Int64(seconds * 1e9)) }
}

/// Takes the errors of the listening socket.
private final class AcceptFaults: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let server: HTTPServer

    init(_ server: HTTPServer) { self.server = server }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let code = (error as? IOError)?.errnoCode { server.acceptFailed(code) }
    }
}
