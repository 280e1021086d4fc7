import Foundation
import Glibc
import Results

/// A response to one of the page's requests.
package struct Answer: Sendable {
    package let status: HTTPStatus
    package let body: Data
    package var headers: HTTPHeaders

    /// - Parameter isKept: whether the browser may cache the response for a while. True for the pictures and sounds of
    ///   a generation, whose addresses contain its number.
    init(_ status: HTTPStatus, _ body: Data, _ type: String, isKept: Bool = false) {
        self.status = status
        self.body = body
        headers = ["Content-Type": type, "Cache-Control": isKept ? "private, max-age=600" : "no-store"]
    }

    package static func text(_ status: HTTPStatus, _ text: String) -> Answer {
        Answer(status, Data(text.utf8), "text/plain; charset=utf-8")
    }

    static func page(_ bytes: [UInt8], _ type: String) -> Answer { Answer(.ok, Data(bytes), type) }

    /// - Throws: `EncodingError` if JSON cannot represent the value.
    static func json(_ value: some Encodable) throws -> Answer {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return Answer(.ok, try encoder.encode(value), "application/json")
    }

    /// A sound, or the requested part of it.
    static func bytes(_ sound: EncodedSound, range: String?) -> Answer {
        let all = sound.bytes
        var answer: Answer
        switch ByteRange(range, count: all.count) {
        case .whole: answer = Answer(.ok, Data(all), sound.mediaType, isKept: true)
        case .part(let part):
            answer = Answer(.partialContent, Data(all[part]), sound.mediaType, isKept: true)
            answer.headers["Content-Range"] =
                "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(all.count)"
        case .unsatisfiable:
            answer = .text(.rangeNotSatisfiable, "")
            answer.headers["Content-Range"] = "bytes */\(all.count)"
        }
        answer.headers["Accept-Ranges"] = "bytes"
        // What was reduced in the sound compared with the recording; the page reports it.
        let reduced = sound.reduced.map(\.rawValue).sorted().joined(separator: " ")
        if !reduced.isEmpty { answer.headers["X-Earmark-Reduced"] = reduced }
        return answer
    }

    static let notYet = text(.serviceUnavailable, "the events are being found")
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
        headers["Content-Length"] = "\(body.count)"
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
