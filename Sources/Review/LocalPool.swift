import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// FlyingFox's socket pool with two things that it has no settings for.
///
/// Nagle's algorithm is switched off: a response's header and body are two writes, and with the algorithm on, the second
/// would wait for the acknowledgement of the first, which adds 40 ms to every response. Connections inherit the option
/// from the listening socket (tcp(7)), which passes through `suspendSocket` while it waits for them.
///
/// And the connections that wait for a request are counted: of too many, the one that has waited longest is shut down, or
/// programs that only connect would use up the process's descriptors. A browser connects again by itself.
struct LocalPool: AsyncSocketPool {
    /// Connections that may wait at a time: at most a quarter of the descriptors that the process may have, because events,
    /// pictures and judgements need some too.
    private static var limit: Int {
        var found = rlimit()
        let most =
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &found) == 0 ? Int(clamping: found.rlim_cur) : 256
        return max(4, min(256, most / 4))
    }

    private let inner: any AsyncSocketPool = HTTPServer.defaultPool()
    private let waiting = WaitingConnections(limit: LocalPool.limit)

    func prepare() async throws { try await inner.prepare() }

    func run() async throws { try await inner.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        let file = socket.file.rawValue
        if Self.isListening(file) {
            var isOn: Int32 = 1
            setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        } else if events.contains(.read) {
            waiting.begin(file)
            defer { waiting.end(file) }
            return try await inner.suspendSocket(socket, untilReadyFor: events)
        }
        try await inner.suspendSocket(socket, untilReadyFor: events)
    }

    private static func isListening(_ file: Int32) -> Bool {
        var (found, size): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        return getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &found, &size) == 0 && found != 0
    }
}

/// The connections that wait for the other side, by descriptor. A descriptor is closed by its own task, which first takes
/// it out of here, so the lock keeps another file from being shut down in its place.
private final class WaitingConnections: Sendable {
    private struct State {
        /// When each began to wait, as a number that grows.
        var begun: [Int32: Int] = [:]
        var next = 0
        /// Those that were shut down and have not noticed yet.
        var ended: Set<Int32> = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func begin(_ file: Int32) {
        state.withLock { state in
            state.begun[file] = state.next
            state.next += 1
            guard state.begun.count - state.ended.count > limit,
                let oldest = state.begun.filter({ !state.ended.contains($0.key) }).min(by: { $0.value < $1.value })
            else { return }
            state.ended.insert(oldest.key)
            shutdown(oldest.key, Int32(SHUT_RDWR))
        }
    }

    func end(_ file: Int32) {
        state.withLock { state in
            state.begun[file] = nil
            state.ended.remove(file)
        }
    }
}
