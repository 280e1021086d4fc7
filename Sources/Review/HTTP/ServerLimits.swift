import Glibc

/// What connections may take up.
package struct ServerLimits: Sendable {
    /// The longest address, and the longest name or value of a header, in bytes. A browser's are below 2 kB, but a
    /// host's cookies may add more.
    package static let longestField = 16_384
    /// The most bytes of an address with all header names and values, and the most headers.
    package static let longestHead = 65_536
    package static let mostHeaders = 100
    /// The longest body in bytes; a judgement takes a few hundred.
    package static let longestBody = 16_384
    /// The most answers that are made at a time; further requests wait. A browser has six connections to a server.
    package static let mostAnswers = 16
    /// The most of these that may be large. Others are then still made while many sounds are asked for.
    package static let mostLargeAnswers = 2
    /// The most requests that wait for a large answer. Beyond that, the one that has waited longest gets none: a browser
    /// asks for one or two at a time.
    package static let mostWaiting = 32

    /// The most connections at a time. A new one takes the place of the one that has been idle longest.
    package var connections: Int
    /// The most bytes of bodies that are made and not yet taken, over all connections: five of the longest sounds.
    /// Beyond that, the connection that has taken nothing for longest is closed.
    package var heldBytes = 64 << 20
    /// The seconds within which a request must be complete after its first byte.
    package var requestSeconds = 10.0
    /// The seconds for which a connection may stay without a request.
    package var idleSeconds = 60.0
    /// The seconds within which the other side must take some more of a response.
    package var writeSeconds = 30.0
    /// The seconds for which the end of the other side is awaited after the last response, so that what is still on its
    /// way does not make it lose the response.
    package var endSeconds = 2.0

    /// The seconds for which answers in progress may still be sent after the server is stopped.
    package var stopSeconds = 1.0

    package init(connections: Int) { self.connections = connections }

    /// At most 256 connections, and at most a quarter of the descriptors that the process may have: events, pictures and
    /// judgements need some too.
    package static var standard: ServerLimits {
        var limit = rlimit()
        let most =
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Int(clamping: limit.rlim_cur) : 256
        return ServerLimits(connections: max(4, min(256, most / 4)))
    }
}
