/// A moment, with the offset from UTC of the clock that showed it.
package struct StartTime: Sendable, Hashable {
    /// What that clock showed.
    package let clock: ClockTime
    /// Seconds that the clock is ahead of UTC: whole minutes, 14 hours at most to either side.
    package let offset: Int
    /// Whether the zone is written `Z`.
    private let isZulu: Bool

    /// What a time must look like, for messages.
    package static let form = "ISO 8601 with its zone, such as 2024-05-12T04:30:00+02:00 or 2024-05-12T02:30:00Z"
    /// Most seconds of an offset.
    static let widestOffset = 14 * 3600

    /// - Parameter offset: seconds; nil for UTC itself, written `Z`.
    package init(clock: ClockTime, offset: Int?) {
        self.clock = clock
        self.offset = offset ?? 0
        isZulu = offset == nil
    }

    /// The text of a manifest's column `began`: date, `T` or a blank, hours and minutes, if wanted seconds with any
    /// fraction, then `Z`, `+02:00`, `+0200` or `+02`. Digits after the third of a fraction are dropped. nil if it is
    /// anything else, or no moment that exists.
    package init?(_ text: some StringProtocol) {
        guard let (time, offset) = Self.read(Array(text.utf8)), let offset else { return nil }
        self.init(clock: time, offset: offset.seconds)
    }

    /// The zone of a time that was read.
    package struct Offset: Sendable, Equatable {
        /// Seconds ahead of UTC; nil for UTC itself, written `Z`.
        package let seconds: Int?
    }

    /// A time in ISO 8601 whose zone may be missing; nil if it is none.
    ///
    /// - Parameter isLenient: whether an offset may have one digit for its hours (`-5:00`, `-5`), as some recorders write it.
    static func read(_ bytes: [UInt8], isLenient: Bool = false) -> (ClockTime, Offset?)? {
        var reader = DigitReader(bytes)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take(" ") || reader.take("t"),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2)
        else { return nil }
        var (second, millisecond) = (0, 0)
        if reader.take(":") {
            guard let found = reader.number(2) else { return nil }
            second = found
            if reader.take(".") || reader.take(",") {
                guard let found = reader.thousandths() else { return nil }
                millisecond = found
            }
        }
        guard
            let time = ClockTime(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second,
                millisecond: millisecond)
        else { return nil }
        if reader.isAtEnd { return (time, nil) }
        guard let offset = reader.offset(isLenient: isLenient), reader.isAtEnd else { return nil }
        return (time, offset)
    }

    /// Milliseconds since 1970 in UTC.
    package var instant: Int64 { clock.milliseconds - Int64(offset) * 1000 }

    /// The moment some seconds later, on the same clock: its offset stays even if the zone's changes in between.
    package func adding(seconds: Double) -> StartTime {
        StartTime(
            clock: clock.adding(milliseconds: Int64((seconds * 1000).rounded())), offset: isZulu ? nil : offset)
    }

    /// As ISO 8601 has it; see `ClockTime.text(alwaysMilliseconds:)`.
    package func text(alwaysMilliseconds: Bool = false) -> String {
        clock.text(alwaysMilliseconds: alwaysMilliseconds) + zone
    }

    /// The zone as it is written.
    private var zone: String {
        if isZulu { return "Z" }
        let minutes = abs(offset) / 60
        return (offset < 0 ? "-" : "+") + ClockTime.digits(minutes / 60, 2) + ":" + ClockTime.digits(minutes % 60, 2)
    }
}

/// Reads numbers of a known width from a text, and what stands between them.
struct DigitReader {
    private let bytes: [UInt8]
    private(set) var place: Int

    init(_ bytes: [UInt8], from place: Int = 0) {
        self.bytes = bytes
        self.place = place
    }

    var isAtEnd: Bool { place >= bytes.count }

    /// A number of exactly so many digits; nil, and nothing is taken, if they are not there.
    mutating func number(_ digits: Int) -> Int? {
        guard place + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[place..<place + digits] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        place += digits
        return value
    }

    /// Takes a character if it comes next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(truncatingIfNeeded: character.value) else { return false }
        place += 1
        return true
    }

    /// The digits of a fraction, at least one, as thousandths; what follows the third is dropped.
    mutating func thousandths() -> Int? {
        var (value, count) = (0, 0)
        while let digit = number(1) {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        if count == 0 { return nil }
        for _ in min(count, 3)..<3 { value *= 10 }
        return value
    }

    /// `Z`, `+02:00`, `+0200` or `+02`; nil for anything else. `-00:00`, which stands for a zone that is not known, is
    /// none.
    ///
    /// - Parameter isLenient: whether one digit may stand for the hours, before a colon or at the end.
    mutating func offset(isLenient: Bool = false) -> StartTime.Offset? {
        if take("Z") || take("z") { return StartTime.Offset(seconds: nil) }
        let isBehind = take("-")
        guard isBehind || take("+") else { return nil }
        var minutes = 0
        guard let hours = number(2) ?? (isLenient ? number(1) : nil) else { return nil }
        if take(":") {
            guard let found = number(2) else { return nil }
            minutes = found
        } else if let found = number(2) {
            minutes = found
        }
        let seconds = hours * 3600 + minutes * 60
        guard minutes < 60, seconds <= StartTime.widestOffset, !(isBehind && seconds == 0) else { return nil }
        return StartTime.Offset(seconds: isBehind ? -seconds : seconds)
    }
}
