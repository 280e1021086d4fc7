import Foundation
import Glibc

/// A server for one page on 127.0.0.1: one thread waits for all connections, answers are made on others.
///
/// A library for servers was used before. It read the lines of a request in quadratic time and let idle connections use
/// up the process's descriptors, and had no setting against either.
package final class HTTPServer: @unchecked Sendable {
    /// What answers requests.
    package struct Handler: Sendable {
        /// The reason to refuse a request, decided at once and without files; nil to answer it.
        let refusal: @Sendable (HTTPRequest) -> Answer?
        /// The answer to a request that was not refused. Called on any thread, for several requests at a time.
        let answer: @Sendable (HTTPRequest) -> Answer

        package init(
            refusal: @escaping @Sendable (HTTPRequest) -> Answer?, answer: @escaping @Sendable (HTTPRequest) -> Answer
        ) {
            self.refusal = refusal
            self.answer = answer
        }
    }

    /// The most connections accepted between two rounds of reading, so that many new ones do not displace one whose
    /// request has arrived.
    private static let mostAccepted = 32
    /// The seconds to wait if the system has no room for another connection.
    private static let pauseSeconds = 0.1

    package let port: UInt16
    private let limits: ServerLimits
    private let pipe: WakePipe
    private let lock = NSLock()
    // Guarded by `lock`.
    private var answers: [(connection: Int32, serial: Int, answer: Answer)] = []
    private var isStopping = false
    private var openCount = 0
    private var failure: ReviewError?
    private let ended = DispatchGroup()
    // Answers wait for files and for other threads, so they are not made on the threads of Swift's own pool, which has
    // as many as there are cores.
    private let queue = DispatchQueue(label: "earmark.review.answer", attributes: .concurrent)

    // For the server's thread alone.
    private var listener: Socket?
    private var handler: Handler?
    private var open: [Int32: (serial: Int, connection: Connection)] = [:]
    private var serial = 0
    private var acceptsAgain = 0.0

    /// Starts to listen; connections wait until `start`.
    ///
    /// - Parameter port: the port; 0 for any that is free.
    /// - Throws: `ReviewError` if the port is in use or not allowed.
    package init(port: UInt16, limits: ServerLimits = .standard) throws {
        let listener = try Socket(listening: port)
        self.port = try listener.port()
        self.listener = listener
        self.limits = limits
        pipe = try WakePipe()
    }

    /// Answers requests, on a thread of its own.
    package func start(_ handler: Handler) {
        self.handler = handler
        ended.enter()
        let thread = Thread { [self] in
            serve()
            ended.leave()
        }
        thread.name = "earmark.review.server"
        thread.start()
    }

    /// Waits until the server ends, which happens only if it fails or is stopped.
    ///
    /// - Throws: `ReviewError`.
    package func wait() throws {
        ended.wait()
        if let failure = lock.withLock({ failure }) { throw failure }
    }

    /// The number of connections, as of the last time that the server waited.
    package var connectionCount: Int { lock.withLock { openCount } }

    /// Ends the server. Answers in progress have a second to be sent.
    package func stop() {
        lock.withLock { isStopping = true }
        pipe.wake()
    }

    // MARK: - The thread

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func serve() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var stopBy: Double?
        while true {
            let now = Self.now
            if stopBy == nil, lock.withLock({ isStopping }) {
                stopBy = now + limits.stopSeconds
                listener = nil
            }
            if let stopBy {
                open = open.filter { !$0.value.connection.isIdle }
                if open.isEmpty || now >= stopBy { break }
            }
            guard wait(until: stopBy, now: now, buffer) else { break }
        }
        open = [:]
        listener = nil
    }

    /// Waits for something to happen, and deals with it.
    ///
    /// - Returns: false if the system cannot wait.
    private func wait(until stopBy: Double?, now: Double, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var waiting = [pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0)]
        var until = stopBy ?? .infinity
        let accepts = listener != nil && (open.count < limits.connections || idlest != nil)
        if let listener, accepts {
            if acceptsAgain <= now {
                waiting.append(pollfd(fd: listener.file, events: Int16(POLLIN), revents: 0))
            } else {
                until = min(until, acceptsAgain)
            }
        }
        for (file, entry) in open {
            waiting.append(pollfd(fd: file, events: entry.connection.events, revents: 0))
            until = min(until, entry.connection.deadline)
        }
        let milliseconds = until.isFinite ? Int32(min(60_000, max(0, ((until - now) * 1000).rounded(.up)))) : -1
        lock.withLock { openCount = open.count }
        if poll(&waiting, nfds_t(waiting.count), milliseconds) < 0, errno != EINTR {
            let code = errno
            // Without memory for a moment: the next round may have it.
            guard code == ENOMEM || code == EAGAIN else {
                lock.withLock { failure = ReviewError(port: port, code: code, "the server ended") }
                return false
            }
            usleep(10_000)
            return true
        }
        pipe.clear()
        takeAnswers()
        var mayAccept = false
        for one in waiting.dropFirst() where one.revents != 0 {
            if one.fd == listener?.file { mayAccept = true } else { serve(one.fd, one.revents, buffer) }
        }
        let after = Self.now
        for (file, entry) in open where entry.connection.deadline <= after { open[file] = nil }
        if mayAccept { accept() }
        return true
    }

    private func takeAnswers() {
        let made = lock.withLock {
            defer { answers = [] }
            return answers
        }
        for (file, serial, answer) in made {
            // The connection may have ended, and another may have its descriptor.
            guard let entry = open[file], entry.serial == serial else { continue }
            entry.connection.send(answer, now: Self.now)
            proceed(file, entry.connection)
        }
    }

    private func serve(_ file: Int32, _ events: Int16, _ buffer: UnsafeMutableRawBufferPointer) {
        guard let connection = open[file]?.connection else { return }
        // Nobody waits for the answer that is being made.
        if connection.state == .answering {
            if events & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { open[file] = nil }
            return
        }
        if connection.state != .writing, !connection.read(buffer, now: Self.now) {
            open[file] = nil
            return
        }
        proceed(file, connection)
    }

    /// Does what can be done without waiting: sends, and passes on the next request.
    private func proceed(_ file: Int32, _ connection: Connection) {
        while true {
            guard connection.write(now: Self.now) else {
                open[file] = nil
                return
            }
            guard connection.state == .reading else { return }
            if let request = connection.nextRequest(now: Self.now) { answer(request, file, connection) }
            // Refused ones are to be sent.
            guard connection.state == .writing else { return }
        }
    }

    private func answer(_ request: HTTPRequest, _ file: Int32, _ connection: Connection) {
        guard let handler, let serial = open[file]?.serial else { return }
        if let refusal = handler.refusal(request) {
            connection.send(refusal, isLast: !connection.isAdmitted, now: Self.now)
            return
        }
        connection.isAdmitted = true
        queue.async { [self] in
            let answer = handler.answer(request)
            lock.withLock { answers.append((file, serial, answer)) }
            pipe.wake()
        }
    }

    // MARK: - Accepting

    /// The connection to close for a new one: of those that never had the token, if there are any, the one that has
    /// been idle longest; nil if all of them wait for an answer.
    private var idlest: Int32? {
        open.filter { $0.value.connection.isIdle }.min {
            let (a, b) = ($0.value.connection, $1.value.connection)
            return a.isAdmitted == b.isAdmitted ? a.lastActive < b.lastActive : !a.isAdmitted
        }?.key
    }

    private func accept() {
        for _ in 0..<Self.mostAccepted {
            guard let listener else { return }
            // Only an idle one makes room.
            guard open.count < limits.connections || idlest != nil else { return }
            let (socket, code) = listener.accept()
            if let socket {
                if open.count >= limits.connections, let idlest { open[idlest] = nil }
                serial += 1
                open[socket.file] = (serial, Connection(socket, limits: limits, now: Self.now))
                continue
            }
            switch code {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN, EWOULDBLOCK: return
            default:
                // The process or the system has no room: one connection less, and then again.
                if let idlest { open[idlest] = nil }
                acceptsAgain = Self.now + Self.pauseSeconds
                return
            }
        }
    }
}
