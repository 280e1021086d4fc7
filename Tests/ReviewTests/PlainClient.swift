import Foundation
import Glibc

/// A connection to 127.0.0.1, as some other program would make it. Waits a minute for an answer at most. One thread may
/// send while another receives.
final class PlainClient: @unchecked Sendable {
    struct Failure: Error {
        let what: String
        let code: Int32
    }

    private let file: Int32
    /// What has arrived and was not handed out.
    private var received: [UInt8] = []

    /// - Parameter host: the address in the loopback network.
    init(port: UInt16, host: UInt32 = 0x7F00_0001) throws {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { throw Failure(what: "no descriptor is left", code: errno) }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(file, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Failure(what: "cannot connect", code: errno) }
    }

    deinit { close(file) }

    /// - Returns: whether all bytes were taken.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)[...]) }

    /// - Returns: whether all bytes were taken.
    @discardableResult
    func send(_ bytes: ArraySlice<UInt8>) -> Bool {
        var bytes = bytes
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Waits until something has arrived, and leaves it there.
    func awaitAnswer() {
        var byte: UInt8 = 0
        _ = recv(file, &byte, 1, Int32(MSG_PEEK))
    }

    /// Says that nothing more is sent.
    func finish() { shutdown(file, Int32(SHUT_WR)) }

    /// Everything up to the other side's end; nil if that does not come.
    func rest() -> String? {
        while true {
            switch receive() {
            case 1...: continue
            // A connection that the other side dropped has ended too.
            case let count where count == 0 || errno == ECONNRESET:
                defer { received = [] }
                return String(decoding: received, as: UTF8.self)
            default: return nil
            }
        }
    }

    /// The next response: its status and body; nil if there is none.
    func response() -> (status: Int, body: String)? {
        whole().map { ($0.status, String(decoding: $0.body, as: UTF8.self)) }
    }

    /// The next response: its status, and how many bytes its body has; nil if there is none.
    func bytesOfResponse() -> (status: Int, count: Int)? { whole().map { ($0.status, $0.body.count) } }

    private func whole() -> (status: Int, body: [UInt8])? {
        while true {
            if let head = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                let text = String(decoding: received[..<head.upperBound], as: UTF8.self)
                guard let length = text.firstMatch(of: /Content-Length: (\d+)/).flatMap({ Int($0.1) }),
                    let status = text.firstMatch(of: #/^HTTP/1\.1 (\d{3}) /#).flatMap({ Int($0.1) })
                else { return nil }
                let end = head.upperBound + length
                if received.count >= end {
                    defer { received.removeFirst(end) }
                    return (status, Array(received[head.upperBound..<end]))
                }
            }
            guard receive() > 0 else { return nil }
        }
    }

    private func receive() -> Int {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(file, &buffer, buffer.count, 0)
        if count > 0 { received += buffer[..<count] }
        return count
    }
}
