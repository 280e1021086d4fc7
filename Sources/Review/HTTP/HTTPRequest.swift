import Foundation

/// A request of the page.
package struct HTTPRequest: Sendable {
    /// The method's name; HTTP distinguishes its case.
    package let method: String
    /// The path as it was sent, with its escapes.
    package let path: String
    package let headers: HTTPHeaders
    package let body: Data
    /// The parameters of the address, decoded; one that is not valid UTF-8 is left out. A plus sign stands for itself.
    package let query: [(name: String, value: String)]

    /// - Parameter target: path and query, as in the request line.
    package init(method: String, target: String, headers: HTTPHeaders, body: Data = Data()) {
        self.method = method
        self.headers = headers
        self.body = body
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first.map(String.init) ?? ""
        query = (parts.count > 1 ? parts[1] : "").split(separator: "&").compactMap { item in
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let (name, value) = (String(sides[0]), sides.count > 1 ? String(sides[1]) : "")
            guard let name = name.removingPercentEncoding, let value = value.removingPercentEncoding else { return nil }
            return (name, value)
        }
    }
}
