import FlyingFox
import FlyingSocks
import Foundation

/// FlyingFox's socket pool, with Nagle's algorithm switched off. A response's header and body are two writes; with the
/// algorithm on, the second would wait for the acknowledgement of the first, which adds 40 ms to every response.
///
/// FlyingFox has no setting for this. Connections inherit the option from the listening socket (tcp(7)), which passes
/// through `suspendSocket` while it waits for them.
struct PromptPool: AsyncSocketPool {
    private let inner: any AsyncSocketPool = HTTPServer.defaultPool()

    func prepare() async throws { try await inner.prepare() }

    func run() async throws { try await inner.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        var isOn: Int32 = 1
        setsockopt(socket.file.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        try await inner.suspendSocket(socket, untilReadyFor: events)
    }
}
