import Errors
import Files

/// Where in a file's name date and time stand, in the way of `strptime`: `SITE_%Y%m%d_%H%M%S`.
///
/// | | |
/// |---|---|
/// | `%Y %m %d` | year in four digits, month, day |
/// | `%y` | year in two digits, 2000 to 2099 |
/// | `%H %M %S` | hours, minutes, seconds |
/// | `%f` | digits of a fraction of a second |
/// | `%s` | seconds since 1970 in UTC |
/// | `%z` | `Z`, `+02:00`, `+0200` or `+02` |
/// | `%%`, `*` | a percent sign; any characters but a slash |
///
/// Everything else stands for itself. Years, months, days and hours must be there, or `%s`. The pattern is looked for
/// anywhere in the name, but a number at one of its ends does not begin or end within a longer one. If it has a slash,
/// it is looked for in the whole path below the folder, otherwise in the file's own name.
package struct NamePattern: Sendable {
    private enum Part: Equatable {
        case literal(UInt8)
        case anything
        /// A number of so many digits.
        case number(Field, Int)
        case fraction
        case zone
        case epoch
    }

    private enum Field { case year, shortYear, month, day, hour, minute, second }

    /// What a pattern found in a name.
    package struct Found: Sendable {
        /// nil if the numbers are no date and time that exist.
        package let time: ClockTime?
        /// nil if the name does not say it.
        package let offset: StartTime.Offset?
        /// Bytes of the name.
        let range: Range<Int>

        /// Whether both say the same, wherever they stand.
        func equals(_ other: Found) -> Bool { time == other.time && offset == other.offset }
    }

    package let text: String
    private let parts: [Part]
    /// Whether the whole path below the folder is searched.
    let spansFolders: Bool

    /// - Throws: `SettingError` for an unknown letter, or if the pattern does not say the date and the hour.
    package init(_ text: String) throws {
        func wrong(_ found: String) -> SettingError {
            SettingError(
                name: "--name-pattern", found: found,
                expected: "%Y (or %y), %m, %d and %H, if wanted %M %S %f %z, or %s alone; such as '%Y%m%d_%H%M%S'")
        }
        var parts: [Part] = []
        var bytes = PathText.bytes(text)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "*") { parts.append(.anything) }
            if byte == UInt8(ascii: "*") { continue }
            guard byte == UInt8(ascii: "%") else {
                parts.append(.literal(byte))
                continue
            }
            guard let letter = bytes.popFirst() else { throw wrong("a '%' at the end of '\(text)'") }
            switch letter {
            case UInt8(ascii: "Y"): parts.append(.number(.year, 4))
            case UInt8(ascii: "y"): parts.append(.number(.shortYear, 2))
            case UInt8(ascii: "m"): parts.append(.number(.month, 2))
            case UInt8(ascii: "d"): parts.append(.number(.day, 2))
            case UInt8(ascii: "H"): parts.append(.number(.hour, 2))
            case UInt8(ascii: "M"): parts.append(.number(.minute, 2))
            case UInt8(ascii: "S"): parts.append(.number(.second, 2))
            case UInt8(ascii: "f"): parts.append(.fraction)
            case UInt8(ascii: "z"): parts.append(.zone)
            case UInt8(ascii: "s"): parts.append(.epoch)
            case UInt8(ascii: "%"): parts.append(.literal(letter))
            default: throw wrong("'%\(PathText.text([letter]))' in '\(text)'")
            }
        }
        func has(_ field: Field) -> Bool {
            parts.contains { if case .number(field, _) = $0 { true } else { false } }
        }
        let isDated = (has(.year) || has(.shortYear)) && has(.month) && has(.day) && has(.hour)
        guard isDated != parts.contains(.epoch) else { throw wrong("'\(text)'") }
        self.text = text
        self.parts = parts
        spansFolders = text.utf8.contains(UInt8(ascii: "/"))
    }

    /// For patterns of this program's own.
    init(known text: String) {
        do { try self.init(text) } catch { preconditionFailure("\(error)") }
    }

    /// All places in a name where the pattern fits, without overlaps, from the left.
    ///
    /// - Parameter name: its bytes.
    package func find(in name: [UInt8]) -> [Found] {
        var found: [Found] = []
        var place = 0
        var search = Search()
        while place < name.count {
            if let one = match(name, at: place, &search) {
                found.append(one)
                place = max(place + 1, one.range.upperBound)
            } else {
                place += 1
            }
        }
        return found
    }

    /// What the pattern finds where it begins at a place; nil if it does not fit there.
    func match(_ name: [UInt8], at start: Int) -> Found? {
        var search = Search()
        return match(name, at: start, &search)
    }

    private func match(_ name: [UInt8], at start: Int, _ search: inout Search) -> Found? {
        if start > 0, Self.isDigit(name[start - 1]), isNumber(parts.first) { return nil }
        search.values = Values()
        guard let end = fit(name, start, 0, &search) else { return nil }
        return Found(time: search.values.time, offset: search.values.offset, range: start..<end)
    }

    /// What is known while one name is searched.
    private struct Search {
        var values = Values()
        /// Where a `*` does not fit, by its place in the pattern and in the name: without it, the time that a pattern of
        /// many stars takes would double with each letter of a name.
        var dead: Set<[Int]> = []
    }

    private struct Values {
        var fields: [Field: Int] = [:]
        var millisecond = 0
        var offset: StartTime.Offset?
        var epoch: Int?

        var time: ClockTime? {
            if let epoch { return ClockTime(milliseconds: Int64(epoch) * 1000) }
            return ClockTime(
                year: fields[.year] ?? 2000 + (fields[.shortYear] ?? 0), month: fields[.month] ?? 0,
                day: fields[.day] ?? 0, hour: fields[.hour] ?? 0, minute: fields[.minute] ?? 0,
                second: fields[.second] ?? 0, millisecond: millisecond)
        }
    }

    /// Where the parts from one on end if they begin at a place; nil if they do not fit.
    private func fit(_ name: [UInt8], _ start: Int, _ first: Int, _ search: inout Search) -> Int? {
        guard first < parts.count else {
            if start < name.count, Self.isDigit(name[start]), isNumber(parts.last) { return nil }
            return start
        }
        var reader = DigitReader(name, from: start)
        switch parts[first] {
        case .literal(let byte):
            guard start < name.count, name[start] == byte else { return nil }
            return fit(name, start + 1, first + 1, &search)
        case .anything:
            guard !search.dead.contains([first, start]) else { return nil }
            var end = start
            while true {
                if let found = fit(name, end, first + 1, &search) { return found }
                guard end < name.count, name[end] != UInt8(ascii: "/") else { break }
                end += 1
            }
            search.dead.insert([first, start])
            return nil
        case .number(let field, let digits):
            guard let value = reader.number(digits) else { return nil }
            search.values.fields[field] = value
        case .fraction:
            guard let value = reader.thousandths() else { return nil }
            search.values.millisecond = value
        case .zone:
            guard let offset = reader.offset() else { return nil }
            search.values.offset = offset
        case .epoch:
            var (value, count) = (0, 0)
            while count < 11, let digit = reader.number(1) { (value, count) = (value * 10 + digit, count + 1) }
            guard count > 0 else { return nil }
            search.values.epoch = value
            search.values.offset = StartTime.Offset(seconds: nil)
        }
        return fit(name, reader.place, first + 1, &search)
    }

    private func isNumber(_ part: Part?) -> Bool {
        switch part {
        case .number, .fraction, .epoch: true
        case .literal, .anything, .zone, nil: false
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
