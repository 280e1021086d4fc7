import Errors
import Glibc

/// A TCP socket on 127.0.0.1 that never blocks; closed when it is released.
final class Socket: @unchecked Sendable {
    /// What came of a read or a write.
    enum Outcome {
        /// The number of bytes, at least 1.
        case bytes(Int)
        /// Nothing can be read or written now.
        case later
        /// The other side has closed the connection, or it is broken.
        case ended
    }

    let file: Int32

    private init(file: Int32) { self.file = file }

    deinit { close(file) }

    /// Starts to listen.
    ///
    /// - Parameter port: the port; 0 for any that is free.
    /// - Throws: `ReviewError` if the port is in use or not allowed.
    convenience init(listening port: UInt16) throws {
        let made = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard made >= 0 else { throw ReviewError(port: port, code: errno) }
        self.init(file: made)
        setFlags(made)
        Self.set(made, SOL_SOCKET, SO_REUSEADDR)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(made, SOMAXCONN) == 0 else { throw ReviewError(port: port, code: errno) }
    }

    /// The port that it is bound to.
    ///
    /// - Throws: `ReviewError` if the system does not tell.
    func port() throws -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &size) == 0 }
        }
        guard isKnown else { throw ReviewError(port: 0, code: errno) }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The next connection.
    ///
    /// - Returns: nil with errno's value if there is none.
    func accept() -> (socket: Socket?, code: Int32) {
        let found = Glibc.accept(file, nil, nil)
        guard found >= 0 else { return (nil, errno) }
        setFlags(found)
        // Nagle's algorithm would hold back the end of a response until its beginning is acknowledged, for 40 ms.
        Self.set(found, Int32(IPPROTO_TCP), TCP_NODELAY)
        return (Socket(file: found), 0)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        outcome { recv(file, buffer.baseAddress, buffer.count, 0) }
    }

    /// - Parameter hasMore: whether more bytes of the same response follow at once.
    func write(_ bytes: UnsafeRawBufferPointer, hasMore: Bool) -> Outcome {
        let flags = Int32(MSG_NOSIGNAL) | (hasMore ? Int32(MSG_MORE) : 0)
        return outcome { send(file, bytes.baseAddress, bytes.count, flags) }
    }

    /// Tells the other side that nothing more follows.
    func finish() { shutdown(file, Int32(SHUT_WR)) }

    private func outcome(_ call: () -> Int) -> Outcome {
        while true {
            let count = call()
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            if errno == EINTR { continue }
            return errno == EAGAIN || errno == EWOULDBLOCK ? .later : .ended
        }
    }

    private static func set(_ file: Int32, _ level: Int32, _ option: Int32) {
        var isOn: Int32 = 1
        setsockopt(file, level, option, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// Makes a descriptor return at once from reading and writing, and closes it in other programs that are started.
private func setFlags(_ file: Int32) {
    _ = fcntl(file, F_SETFL, O_NONBLOCK)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
}

/// A pipe by which other threads wake one that waits in `poll`.
final class WakePipe: @unchecked Sendable {
    /// What `poll` waits for.
    let readEnd: Int32
    private let writeEnd: Int32

    /// - Throws: `ReviewError` if there are no descriptors left.
    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw ReviewError(port: 0, code: errno) }
        (readEnd, writeEnd) = (ends[0], ends[1])
        ends.forEach(setFlags)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Wakes the thread that waits, or that waits next. A full pipe wakes it already.
    func wake() {
        var byte: UInt8 = 1
        _ = Glibc.write(writeEnd, &byte, 1)
    }

    /// Forgets the wake-ups so far.
    func clear() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while Glibc.read(readEnd, &bytes, bytes.count) > 0 {}
    }
}
