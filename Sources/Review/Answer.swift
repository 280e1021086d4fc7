import Foundation
import Glibc
import Results

/// A response to one of the page's requests.
package struct Answer: Sendable {
    package let status: HTTPStatus
    /// The bytes of the body. Answers with the same sound share them.
    package let content: ArraySlice<UInt8>
    package var headers: HTTPHeaders

    /// - Parameter isKept: whether the browser may cache the response for a while. True for the pictures and sounds of
    ///   a generation, whose addresses contain its number.
    init(_ status: HTTPStatus, _ content: ArraySlice<UInt8>, _ type: String, isKept: Bool = false) {
        self.status = status
        self.content = content
        headers = ["Content-Type": type, "Cache-Control": isKept ? "private, max-age=600" : "no-store"]
    }

    /// A copy of the body.
    package var body: Data { Data(content) }

    package static func text(_ status: HTTPStatus, _ text: String) -> Answer {
        Answer(status, Array(text.utf8)[...], "text/plain; charset=utf-8")
    }

    /// - Parameter methods: those that the path supports, as in the header Allow.
    static func wrongMethod(_ found: String, _ methods: String) -> Answer {
        var answer = text(.methodNotAllowed, "expected \(methods) here, found \(found.prefix(20))")
        answer.headers["Allow"] = methods
        return answer
    }

    static func page(_ bytes: [UInt8], _ type: String) -> Answer { Answer(.ok, bytes[...], type) }

    /// - Throws: `EncodingError` if JSON cannot represent the value.
    static func json(_ value: some Encodable) throws -> Answer {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Answer(.ok, Array(try encoder.encode(value))[...], "application/json")
    }

    /// A sound, or the requested part of it.
    ///
    /// - Parameter tag: an entity tag, which no other bytes have.
    package static func bytes(_ sound: EncodedSound, tag: String, for request: HTTPRequest) -> Answer {
        let all = sound.bytes
        // Ranges are for GET alone (RFC 9110, 14.2), and only of the bytes that If-Range names: by another tag, or by a
        // date, which sounds do not have, the browser has a part of other bytes (13.1.5).
        let isSame = request.headers["If-Range"].map { $0 == tag } ?? true
        let range = request.method == "GET" && isSame ? request.headers["Range"] : nil
        var answer: Answer
        switch ByteRange(range, count: all.count) {
        case .whole: answer = Answer(.ok, all[...], sound.mediaType, isKept: true)
        case .part(let part):
            answer = Answer(.partialContent, all[part], sound.mediaType, isKept: true)
            answer.headers["Content-Range"] =
                "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(all.count)"
        case .unsatisfiable:
            answer = .text(.rangeNotSatisfiable, "")
            answer.headers["Content-Range"] = "bytes */\(all.count)"
        }
        answer.headers["Accept-Ranges"] = "bytes"
        answer.headers["ETag"] = tag
        // What was reduced in the sound compared with the recording; the page reports it.
        let reduced = sound.reduced.map(\.rawValue).sorted().joined(separator: " ")
        if !reduced.isEmpty { answer.headers["X-Earmark-Reduced"] = reduced }
        return answer
    }

    static let foundAnew = text(.conflict, "the events have been reloaded since then; reload the queue")

    /// The response's headers, with those that every response has.
    ///
    /// - Parameter isKept: whether the connection stays open for more requests.
    package func allHeaders(isKept: Bool) -> HTTPHeaders {
        var headers = headers
        // Allows only this page's own files, and forbids other pages to embed this one.
        headers["Content-Security-Policy"] = Self.policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Date"] = Self.date
        headers["Content-Length"] = "\(content.count)"
        if !isKept { headers["Connection"] = "close" }
        return headers
    }

    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The time as HTTP writes it, in English whatever the locale (RFC 9110, 5.6.7).
    private static var date: String {
        var (now, parts) = (time(nil), tm())
        gmtime_r(&now, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}

/// The most recently requested sounds. A player requests each sound in several ranges, and without the cache each range
/// would decode it again.
final class SoundCache: @unchecked Sendable {
    /// Identifies a stretch of a recording.
    struct Key: Equatable {
        let generation: Int
        let clip: Int
        let from: Double
        let to: Double

        /// An entity tag: within a generation a recording that has changed is refused, and generations of two processes
        /// have different numbers.
        var tag: String {
            let words = [UInt64(generation), UInt64(clip), from.bitPattern, to.bitPattern]
            return "\"" + words.map { String($0, radix: 16) }.joined(separator: "-") + "\""
        }
    }

    /// The most sounds kept: one minute of two channels at 48 kHz takes 11 MB.
    private static let most = 3
    private let lock = NSLock()
    private var kept: [(key: Key, sound: EncodedSound)] = []

    /// - Throws: what `make` throws.
    func sound(_ key: Key, _ make: () throws -> EncodedSound) rethrows -> EncodedSound {
        if let found = lock.withLock({ kept.first { $0.key == key }?.sound }) { return found }
        let made = try make()
        lock.withLock {
            kept.removeAll { $0.key == key }
            kept.append((key, made))
            if kept.count > Self.most { kept.removeFirst() }
        }
        return made
    }
}
