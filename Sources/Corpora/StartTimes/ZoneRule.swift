import Errors
import Foundation

/// The zone of clocks that do not say theirs: an offset from UTC, or the zone of a place, whose offset depends on the
/// date.
///
/// Places and their offsets are those that come with Foundation, so they do not depend on the machine's own data.
package struct ZoneRule: Sendable {
    /// What a clock's time is in the zone.
    package enum Meaning: Sendable, Equatable {
        case moment(StartTime)
        /// The clocks were put forward over it: there was no such time.
        case skipped
        /// The clocks were put back over it: there were two such times.
        case twice
    }

    private enum Kind {
        case utc
        case offset(Int)
        case place(TimeZone)
    }

    package let text: String
    private let kind: Kind

    /// - Parameter text: `UTC` or `Z`, `+02:00`, or a name such as `Europe/Berlin`.
    /// - Throws: `SettingError` if it is none of these.
    package init(_ text: String) throws {
        self.text = text
        var reader = DigitReader(Array(text.utf8))
        if text == "UTC" {
            kind = .utc
        } else if let offset = reader.offset(), reader.isAtEnd {
            kind = offset.seconds.map { .offset($0) } ?? .utc
        } else if text.contains("/"), let zone = TimeZone(identifier: text) {
            // Names without a slash are abbreviations, such as EST, and each stands for several zones.
            kind = .place(zone)
        } else {
            throw SettingError(
                name: "--zone", found: "'\(text)'",
                expected: "UTC, an offset such as +02:00, or the name of a zone such as Europe/Berlin")
        }
    }

    /// What a clock of this zone meant.
    package func meaning(of clock: ClockTime) -> Meaning {
        switch kind {
        case .utc: return .moment(StartTime(clock: clock, offset: nil))
        case .offset(let seconds): return .moment(StartTime(clock: clock, offset: seconds))
        case .place(let zone):
            // Every offset that the zone has within a day; clocks are rarely changed more than once in that time.
            let candidates = Set(
                [-26, -14, 0, 14, 26].map {
                    Self.offset(of: zone, at: clock.milliseconds + Int64($0) * 3_600_000)
                })
            let fitting = candidates.filter {
                Self.offset(of: zone, at: clock.milliseconds - Int64($0) * 1000) == $0
            }
            if fitting.count > 1 { return .twice }
            return fitting.first.map { .moment(StartTime(clock: clock, offset: $0)) } ?? .skipped
        }
    }

    /// - Parameter instant: milliseconds since 1970 in UTC.
    private static func offset(of zone: TimeZone, at instant: Int64) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant) / 1000))
    }
}
