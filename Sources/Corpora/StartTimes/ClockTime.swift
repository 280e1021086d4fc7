/// A date and a time of day as some clock shows them, without its zone. Days are those of the Gregorian calendar.
package struct ClockTime: Sendable, Hashable {
    /// Milliseconds that this clock has gone since it showed 1970-01-01T00:00:00.
    package let milliseconds: Int64

    private static let day: Int64 = 86_400_000

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// nil if there is no such date or time: 30 February, month 13, 24:00, a leap second.
    ///
    /// - Parameter year: 1 to 9999.
    package init?(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) {
        guard (1...9999).contains(year), (1...12).contains(month), (0...23).contains(hour),
            (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        guard (1...length).contains(day) else { return nil }
        let seconds = Self.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        milliseconds = Int64(seconds) * 1000 + Int64(millisecond)
    }

    /// Days from 1970-01-01 to a date.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`: years begin in March, so
    /// that the leap day is the last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Year, month and day; `civil_from_days` of the same source.
    package var date: (year: Int, month: Int, day: Int) {
        let days = Int(Self.floor(milliseconds, Self.day)) + 719_468
        let era = Int(Self.floor(Int64(days), 146_097))
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
    }

    /// Milliseconds since midnight, 0 to 86,399,999.
    package var timeOfDay: Int { Int(milliseconds - Self.floor(milliseconds, Self.day) * Self.day) }

    /// The hour of the day, 0 to 23.
    package var hour: Int { timeOfDay / 3_600_000 }

    /// `2024-05-12`.
    package var dateText: String {
        let (year, month, day) = date
        return Self.digits(year, 4) + "-" + Self.digits(month, 2) + "-" + Self.digits(day, 2)
    }

    /// `2024-05-12T04:30:00`, and three digits of the second behind a point if they are not all zero, or always.
    package func text(alwaysMilliseconds: Bool = false) -> String {
        let time = timeOfDay
        var text = dateText + "T" + Self.digits(time / 3_600_000, 2) + ":" + Self.digits(time / 60_000 % 60, 2)
        text += ":" + Self.digits(time / 1000 % 60, 2)
        if alwaysMilliseconds || time % 1000 != 0 { text += "." + Self.digits(time % 1000, 3) }
        return text
    }

    /// A clock that is ahead of this one.
    package func adding(milliseconds more: Int64) -> ClockTime { ClockTime(milliseconds: milliseconds + more) }

    /// A number with zeros before it.
    static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// The quotient, rounded down.
    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value / divisor - (value % divisor < 0 ? 1 : 0)
    }
}
