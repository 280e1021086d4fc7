import Foundation

/// Admits only requests from the page itself. A page of another origin in the same browser can also send requests to
/// 127.0.0.1, but it does not know the token, and its requests carry a different `Origin` or, if it points a name of
/// its own at 127.0.0.1, a different `Host`.
struct RequestGuard: Sendable {
    /// What to do with a request.
    enum Answer: Equatable {
        /// Admits the request, with a cookie to set if the token came in the address.
        case pass(cookie: String?)
        case refuse(HTTPStatus, String)
    }

    /// The characters of a token: 64, so each carries 6 bits.
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    let token: String
    let port: UInt16

    init(token: String, port: UInt16) {
        self.token = token
        self.port = port
    }

    /// Makes a token of 192 random bits from the system's generator.
    static func makeToken() -> String {
        var random = SystemRandomNumberGenerator()
        return String(decoding: (0..<32).map { _ in alphabet[Int(random.next() & 63)] }, as: UTF8.self)
    }

    /// The cookie's name. A host's ports share its cookies, so the name contains the port.
    var cookieName: String { "earmark-\(port)" }
    private var hosts: [String] { ["127.0.0.1:\(port)", "localhost:\(port)"] }

    func check(_ request: HTTPRequest) -> Answer {
        guard ["GET", "HEAD", "POST"].contains(request.method) else {
            return .refuse(.methodNotAllowed, "expected \(Self.methods), found \(request.method.prefix(20))")
        }
        guard let host = request.headers["Host"], hosts.contains(host.lowercased()) else {
            return .refuse(.misdirectedRequest, "expected the host \(hosts.joined(separator: " or "))")
        }
        let origin = request.headers["Origin"]
        if let origin, !hosts.map({ "http://" + $0 }).contains(origin.lowercased()) {
            return .refuse(.forbidden, "the request comes from another page")
        }
        if request.method == "POST" {
            guard origin != nil else { return .refuse(.forbidden, "the request does not say which page it comes from") }
            // Another page can send this type only after a preflight OPTIONS request, which is refused above.
            guard request.headers["Content-Type"]?.lowercased().hasPrefix("application/json") == true else {
                return .refuse(.unsupportedMediaType, "expected a body of the type application/json")
            }
            guard request.headers["Transfer-Encoding"] == nil else {
                return .refuse(.lengthRequired, "expected a Content-Length in place of Transfer-Encoding")
            }
            guard Int(request.headers["Content-Length"] ?? "0").map({ $0 <= ServerLimits.longestBody }) == true else {
                return .refuse(.contentTooLarge, "expected at most \(ServerLimits.longestBody) bytes")
            }
        }
        if let given = request.query.first(where: { $0.name == "token" })?.value {
            guard isToken(given) else { return .refuse(.forbidden, Self.noToken) }
            return .pass(cookie: "\(cookieName)=\(token); Path=/; HttpOnly; SameSite=Strict")
        }
        let cookies = (request.headers["Cookie"] ?? "").split(separator: ";").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        // A host's other servers, and its pages, may set cookies of this name too.
        let own = cookies.filter { $0.hasPrefix(cookieName + "=") }.map { String($0.dropFirst(cookieName.count + 1)) }
        guard own.contains(where: isToken) else { return .refuse(.forbidden, Self.noToken) }
        return .pass(cookie: nil)
    }

    /// The methods that are supported, as in the header Allow.
    static let methods = "GET, HEAD, POST"
    private static let noToken = "open the whole address that 'earmark review' printed, with its token"

    /// Compares in a time that does not depend on where the first difference is.
    private func isToken(_ given: String) -> Bool {
        let (given, own) = (Array(given.utf8), Array(token.utf8))
        guard given.count == own.count else { return false }
        return zip(given, own).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
