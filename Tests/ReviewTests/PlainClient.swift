import Foundation
import Glibc

/// A connection to 127.0.0.1, as some other program would make it. Waits a minute for an answer at most.
final class PlainClient {
    struct Failure: Error {
        let what: String
        let code: Int32
    }

    private let file: Int32

    init(port: UInt16) throws {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { throw Failure(what: "no descriptor is left", code: errno) }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(file, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
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
    func send(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Says that nothing more is sent.
    func finish() { shutdown(file, Int32(SHUT_WR)) }

    /// Everything up to the other side's end; nil if that does not come.
    func rest() -> String? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            if count == 0 { return String(decoding: all, as: UTF8.self) }
            // A connection that the other side dropped has ended too.
            if count < 0 { return errno == ECONNRESET ? String(decoding: all, as: UTF8.self) : nil }
            all += buffer[..<count]
        }
    }

    /// One response: its status and body; nil if there is none.
    func response() -> (status: Int, body: String)? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let head = all.firstRange(of: Array("\r\n\r\n".utf8)) {
                let text = String(decoding: all[..<head.upperBound], as: UTF8.self)
                guard let length = text.firstMatch(of: /Content-Length: (\d+)/).flatMap({ Int($0.1) }),
                    let status = text.firstMatch(of: #/^HTTP/1\.1 (\d{3}) /#).flatMap({ Int($0.1) })
                else { return nil }
                if all.count >= head.upperBound + length {
                    return (status, String(decoding: all[head.upperBound..<head.upperBound + length], as: UTF8.self))
                }
            }
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            all += buffer[..<count]
        }
    }
}
