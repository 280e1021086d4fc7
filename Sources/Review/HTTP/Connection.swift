import Foundation
import Glibc

/// One connection of a browser, or of anything else on this machine. For the server's thread alone.
final class Connection {
    /// What it waits for.
    enum State {
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

    let socket: Socket
    private(set) var state = State.reading
    /// When it has waited too long, by the server's clock in seconds.
    private(set) var deadline: Double
    /// When it last did something.
    private(set) var lastActive: Double
    /// Whether a request of its had the token.
    var isAdmitted = false
    private let limits: ServerLimits
    private var reader = RequestReader()
    private var isKept = true
    /// Whether the body is left out, as the answer to HEAD has none.
    private var isHead = false
    private var pieces: [Data] = []
    private var written = 0
    private var dropped = 0

    init(_ socket: Socket, limits: ServerLimits, now: Double) {
        self.socket = socket
        self.limits = limits
        lastActive = now
        deadline = now + limits.idleSeconds
    }

    /// Whether it may be closed to make room for another: nobody waits for an answer on it.
    var isIdle: Bool { state == .ending || state == .reading }

    /// What `poll` is to report.
    var events: Int16 {
        switch state {
        case .reading, .ending: Int16(POLLIN)
        case .answering: 0
        case .writing: Int16(POLLOUT)
        }
    }

    /// Reads what has arrived.
    ///
    /// - Parameter buffer: room for what is read.
    /// - Returns: whether the connection is still open.
    func read(_ buffer: UnsafeMutableRawBufferPointer, now: Double) -> Bool {
        switch socket.read(into: buffer) {
        case .bytes(let count):
            lastActive = now
            if state == .ending {
                dropped += count
                return dropped < Self.mostDropped
            }
            if reader.isEmpty { deadline = now + limits.requestSeconds }
            reader.add(buffer[..<count])
            return true
        case .later: return true
        case .ended: return false
        }
    }

    /// The next request, which is then to be answered. One that cannot be read is answered here.
    ///
    /// - Returns: nil if there is none now.
    func nextRequest(now: Double) -> HTTPRequest? {
        guard state == .reading else { return nil }
        switch reader.next() {
        case .needsMore: return nil
        case .request(let request, let isKept):
            state = .answering
            (self.isKept, isHead) = (isKept, request.method == "HEAD")
            deadline = .infinity
            return request
        case .refused(let status, let reason):
            isKept = false
            send(.text(status, reason), now: now)
            return nil
        }
    }

    /// Begins to send an answer; `write` sends the rest.
    ///
    /// - Parameter isLast: whether the connection ends with it.
    func send(_ answer: Answer, isLast: Bool = false, now: Double) {
        if isLast { isKept = false }
        pieces = [answer.head(isKept: isKept)]
        if !isHead, !answer.body.isEmpty { pieces.append(answer.body) }
        (written, isHead) = (0, false)
        state = .writing
        deadline = now + limits.writeSeconds
    }

    /// Sends as much as the other side takes now.
    ///
    /// - Returns: whether the connection is still open.
    func write(now: Double) -> Bool {
        while state == .writing, let piece = pieces.first {
            let outcome = piece.withUnsafeBytes {
                socket.write(UnsafeRawBufferPointer(rebasing: $0[written...]), hasMore: pieces.count > 1)
            }
            switch outcome {
            case .later: return true
            case .ended: return false
            case .bytes(let count):
                lastActive = now
                deadline = now + limits.writeSeconds
                written += count
                if written == piece.count {
                    pieces.removeFirst()
                    written = 0
                }
            }
        }
        guard state == .writing else { return true }
        if isKept {
            state = .reading
            deadline = now + (reader.isEmpty ? limits.idleSeconds : limits.requestSeconds)
        } else {
            socket.finish()
            state = .ending
            deadline = now + limits.endSeconds
        }
        return true
    }
}
