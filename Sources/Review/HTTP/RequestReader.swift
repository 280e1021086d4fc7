import Foundation

/// Reads requests from the bytes of a connection, as they arrive (RFC 9112).
///
/// Every byte is looked at once, whatever the pieces in which it arrives, and what a request may take up is limited
/// before anything is known about its sender.
package struct RequestReader {
    /// What the bytes so far amount to.
    package enum Step {
        case needsMore
        /// A request, and whether its sender keeps the connection for more.
        case request(HTTPRequest, isKept: Bool)
        /// A request that cannot be read, with the reason. Nothing after it can be read either.
        case refused(HTTPStatus, String)
    }

    /// The longest line of a request's head in bytes. A browser's are below 2 kB, but a host's cookies may add more.
    package static let longestLine = 16_384
    /// The most bytes of a whole head, and the most header lines.
    package static let longestHead = 65_536
    package static let mostHeaders = 100
    /// The longest body in bytes; a judgement takes a few hundred.
    package static let longestBody = 16_384

    private struct Head {
        var method = ""
        var target = ""
        var isHTTP11 = true
        var headers = HTTPHeaders()
    }

    private struct Refusal: Error {
        let status: HTTPStatus
        let reason: String

        init(_ status: HTTPStatus, _ reason: String) {
            self.status = status
            self.reason = reason
        }
    }

    private var bytes: [UInt8] = []
    /// The start of the next line, and of what has not been searched for its end.
    private var place = 0
    private var searched = 0
    /// The head as far as it was read; nil before its first line.
    private var head: Head?
    /// The length of the body; nil until the head is complete.
    private var bodyLength: Int?

    package init() {}

    /// Whether no part of a request has arrived.
    package var isEmpty: Bool { bytes.isEmpty }

    package mutating func add(_ more: some Collection<UInt8>) { bytes += more }

    /// Returns the next request, if it is complete.
    package mutating func next() -> Step {
        do throws(Refusal) {
            while bodyLength == nil {
                guard let line = try line() else { return .needsMore }
                try take(bytes[line])
            }
            guard let head, let bodyLength, bytes.count - place >= bodyLength else { return .needsMore }
            let body = Data(bytes[place..<place + bodyLength])
            let isCoded = head.headers["Transfer-Encoding"] != nil
            let wish = head.headers["Connection"]?.lowercased() ?? ""
            // A coded body is not read, so nothing that follows can be.
            let isKept = head.isHTTP11 && !isCoded && !wish.contains("close")
            bytes.removeFirst(place + bodyLength)
            (place, searched, self.head, self.bodyLength) = (0, 0, nil, nil)
            return .request(
                HTTPRequest(method: head.method, target: head.target, headers: head.headers, body: body), isKept: isKept
            )
        } catch {
            return .refused(error.status, error.reason)
        }
    }

    /// The next line without its end; nil if it is not complete.
    private mutating func line() throws(Refusal) -> Range<Int>? {
        let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n"))
        searched = end ?? bytes.count
        guard searched - place <= Self.longestLine + 1 else {
            throw head == nil
                ? Refusal(.targetTooLong, "the address is longer than \(Self.longestLine) bytes")
                : Refusal(.headersTooLarge, "a header line is longer than \(Self.longestLine) bytes")
        }
        guard searched <= Self.longestHead else {
            throw Refusal(.headersTooLarge, "the headers are longer than \(Self.longestHead) bytes")
        }
        guard let end else { return nil }
        defer { (place, searched) = (end + 1, end + 1) }
        return place..<(end > place && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end)
    }

    private mutating func take(_ line: ArraySlice<UInt8>) throws(Refusal) {
        guard var head else {
            // A client may send an empty line after a body.
            if !line.isEmpty { head = try Self.requestLine(line) }
            return
        }
        guard !line.isEmpty else {
            bodyLength = try Self.bodyLength(head)
            return
        }
        guard head.headers.count < Self.mostHeaders else {
            throw Refusal(.headersTooLarge, "there are more than \(Self.mostHeaders) header lines")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(Self.isTokenByte)
        else { throw Refusal(.badRequest, "a header line has no name") }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let value = line[(colon + 1)...].drop(while: isBlank)
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }) else {
            throw Refusal(.badRequest, "a header has a control character")
        }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? value.startIndex
        let text = String(decoding: value[value.startIndex..<end], as: UTF8.self)
        if let before = head.headers[name] {
            // Two of these could be read differently by others; of the rest, none decides anything.
            guard !["host", "origin", "content-length", "transfer-encoding"].contains(name.lowercased()) else {
                throw Refusal(.badRequest, "the header \(name) is there twice")
            }
            head.headers[name] = before + (name.lowercased() == "cookie" ? "; " : ", ") + text
        } else {
            head.headers[name] = text
        }
        self.head = head
    }

    private static func requestLine(_ line: ArraySlice<UInt8>) throws(Refusal) -> Head {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isTokenByte),
            parts[1].first == UInt8(ascii: "/") || parts[1].elementsEqual("*".utf8),
            parts[1].allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw Refusal(.badRequest, "expected a method, a path and a version") }
        var head = Head()
        head.method = String(decoding: parts[0], as: UTF8.self)
        head.target = String(decoding: parts[1], as: UTF8.self)
        switch String(decoding: parts[2], as: UTF8.self) {
        case "HTTP/1.1": break
        case "HTTP/1.0": head.isHTTP11 = false
        case let other where other.hasPrefix("HTTP/"): throw Refusal(.versionNotSupported, "expected HTTP/1.1")
        default: throw Refusal(.badRequest, "expected a method, a path and a version")
        }
        return head
    }

    private static func bodyLength(_ head: Head) throws(Refusal) -> Int {
        guard let text = head.headers["Content-Length"] else { return 0 }
        guard head.headers["Transfer-Encoding"] == nil, !text.isEmpty,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { throw Refusal(.badRequest, "the length of the body is not clear") }
        guard let length = Int(text), length <= longestBody else {
            throw Refusal(.contentTooLarge, "expected at most \(longestBody) bytes")
        }
        return length
    }

    /// Whether a byte may be part of a method or of a header's name (RFC 9110, 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
