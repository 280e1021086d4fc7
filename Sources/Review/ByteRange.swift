/// The part of a body that a `Range` header requests (RFC 9110, 14). Only a single range of bytes is supported; a
/// request for several gets the whole body, as the standard allows.
package enum ByteRange: Equatable, Sendable {
    case whole
    case part(Range<Int>)
    case unsatisfiable

    /// - Parameters:
    ///   - header: the header's value; nil if there is none.
    ///   - count: the length of the body in bytes.
    package init(_ header: String?, count: Int) {
        let unit = "bytes="
        guard let header, header.count < 64, header.prefix(unit.count).lowercased() == unit else {
            self = .whole
            return
        }
        let parts = header.dropFirst(unit.count).split(separator: "-", omittingEmptySubsequences: false)
        // Int would read a sign too.
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            self = .whole
            return
        }
        let (first, last) = (Int(parts[0]), Int(parts[1]))
        switch (first, last) {
        case (.some, nil) where !parts[1].isEmpty: self = .whole
        case (let first?, let last?):
            self = first > last ? .whole : first >= count ? .unsatisfiable : .part(first..<min(last, count - 1) + 1)
        case (let first?, nil): self = first >= count ? .unsatisfiable : .part(first..<count)
        // The last `last` bytes.
        case (nil, let last?) where parts[0].isEmpty:
            self = last == 0 || count == 0 ? .unsatisfiable : .part(max(0, count - last)..<count)
        default: self = .whole
        }
    }
}
