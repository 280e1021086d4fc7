import Audio
import Tables

/// What the texts in a recording's header say of when and where it was made, and by what.
enum HeaderTimes {
    /// What one text says of the time.
    enum Told: Equatable {
        case nothing
        /// A time, and the offset from UTC if the text has a zone.
        case time(ClockTime, offset: StartTime.Offset?)
        /// Something that is no time, or one that does not exist.
        case impossible
    }

    /// The date and time of a `bext` chunk, whose parts are separated by any of `-_:. ` and blanks. Many programs write
    /// the chunk and leave them empty or zero.
    static func broadcast(_ tag: RecorderTags.Broadcast) -> Told {
        func numbers(_ text: String, _ widths: [Int]) -> [Int]? {
            var reader = DigitReader(Array(text.utf8))
            var found: [Int] = []
            for (place, width) in widths.enumerated() {
                if place > 0, !(["-", "_", ":", ".", " ", "/"].contains { reader.take($0) }) { return nil }
                guard let number = reader.number(width) else { return nil }
                found.append(number)
            }
            return found
        }
        let isEmpty = { (text: String) in !text.contains { ("1"..."9").contains($0) } }
        if isEmpty(tag.date) { return .nothing }
        guard let date = numbers(tag.date, [4, 2, 2]), let time = numbers(tag.time, [2, 2, 2]),
            let clock = ClockTime(
                year: date[0], month: date[1], day: date[2], hour: time[0], minute: time[1], second: time[2])
        else { return .impossible }
        return .time(clock, offset: nil)
    }

    /// The comment of an AudioMoth: `Recorded at 19:17:30 14/11/2023 (UTC-3) by AudioMoth 24F319055FDF2F5B at medium
    /// gain ...`; the zone is missing in the oldest, and `(UTC)` has no number.
    static func audioMoth(_ comment: String) -> Told {
        let lead = "Recorded at "
        guard comment.hasPrefix(lead), comment.contains("AudioMoth") else { return .nothing }
        var reader = DigitReader(Array(comment.utf8), from: lead.utf8.count)
        guard let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2)
        else { return .impossible }
        let millisecond = reader.take(".") ? reader.thousandths() : 0
        guard let millisecond, reader.take(" "), let day = reader.number(2), reader.take("/"),
            let month = reader.number(2), reader.take("/"), let year = reader.number(4),
            let clock = ClockTime(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second,
                millisecond: millisecond)
        else { return .impossible }
        guard reader.take(" "), "(UTC".unicodeScalars.allSatisfy({ reader.take($0) }) else {
            return .time(clock, offset: nil)
        }
        if reader.take(")") { return .time(clock, offset: StartTime.Offset(seconds: nil)) }
        guard let offset = reader.offset(isLenient: true), reader.take(")") else { return .impossible }
        return .time(clock, offset: offset)
    }

    /// What a GUANO text says, by key. Lines without a colon are not part of the format.
    static func guano(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: { $0.isNewline }) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[SpreadsheetText.trimmed(line[..<colon])] = SpreadsheetText.trimmed(
                line[line.index(after: colon)...])
        }
        return fields
    }

    /// A GUANO text's time.
    static func guanoTime(_ fields: [String: String]) -> Told {
        guard let text = fields["Timestamp"], !text.isEmpty else { return .nothing }
        guard let (clock, offset) = StartTime.read(Array(text.utf8), isLenient: true) else { return .impossible }
        return .time(clock, offset: offset)
    }

    /// A GUANO text's place, as it is written there: latitude and longitude in degrees; nil if it has none that is on
    /// the globe.
    static func position(_ fields: [String: String]) -> (latitude: String, longitude: String)? {
        let parts = (fields["Loc Position"] ?? "").split(separator: " ").map(String.init)
        guard parts.count == 2, let latitude = Double(parts[0]), let longitude = Double(parts[1]),
            abs(latitude) <= 90, abs(longitude) <= 180
        else { return nil }
        return (parts[0], parts[1])
    }

    /// The recorder: a GUANO text's make, model and serial number, or an AudioMoth's number; nil if there is none.
    static func recorder(_ fields: [String: String], comment: String?) -> String? {
        let parts = ["Make", "Model", "Serial"].compactMap { fields[$0] }.filter { !$0.isEmpty }
        if !parts.isEmpty { return parts.joined(separator: " ") }
        let words = (comment ?? "").split(separator: " ")
        guard let place = words.firstIndex(of: "AudioMoth"), place + 1 < words.count else { return nil }
        let number = words[place + 1].filter { $0.isHexDigit }
        return number.count >= 12 ? "AudioMoth \(number)" : nil
    }
}
