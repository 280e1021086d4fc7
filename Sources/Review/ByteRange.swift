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
        guard let header = header?.trimmingPrefix("bytes="), header.count < 64 else {
            self = .whole
            return
        }
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
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
