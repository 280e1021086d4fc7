import Files

/// The forms in which recorders write the time of a recording into its file's name.
package enum RecorderNames {
    /// `PREFIX_20240512_043000.wav` of Song Meters and most other recorders, `SITE_20240512$043000.wav` of a Song Meter
    /// that was triggered, `20240512_043000T.WAV` of an AudioMoth that was, `20240512T043000Z` and what programs make of
    /// ISO 8601, and the same with the parts of date and time apart. A zone counts only behind a `T` before the time:
    /// elsewhere `-0100` may be a counter.
    private static let long: [NamePattern] =
        ["T", "_", "-", "$", " ", ""].map { NamePattern(known: "%Y%m%d\($0)%H%M%S") }
        + ["-", "_", "."].flatMap { date in
            ["T", "_", "-", " "].flatMap { middle in
                ["-", "_", ".", ":", ""].map { NamePattern(known: "%Y\(date)%m\(date)%d\(middle)%H\($0)%M\($0)%S") }
            }
        }
    /// `240512_043000.wav` and `240512-043000.WAV`, of recorders of Zoom, whose dates have six digits.
    private static let short = ["_", "-"].map { NamePattern(known: "%y%m%d\($0)%H%M%S") }
    /// 2016-01-01, before which there was no AudioMoth, in seconds.
    private static let firstMoth: Int64 = 1_451_606_400

    /// The times in a file's name.
    ///
    /// - Parameters:
    ///   - name: of the file, without its folders.
    ///   - now: seconds since 1970: no recording is from later.
    package static func find(in name: String, now: Int64) -> [NamePattern.Found] {
        let bytes = PathText.bytes(name)
        var found = search(long, bytes).map { withZone($0, bytes) }
        if found.isEmpty { found = search(short, bytes).filter { $0.time != nil } }
        if found.isEmpty, let moth = moth(bytes, now: now) { found = [moth] }
        return found
    }

    /// All places where one of the forms fits, the first form where several do.
    private static func search(_ forms: [NamePattern], _ name: [UInt8]) -> [NamePattern.Found] {
        var found: [NamePattern.Found] = []
        var place = 0
        while place < name.count {
            if NamePattern.isDigit(name[place]), let one = forms.lazy.compactMap({ $0.match(name, at: place) }).first {
                found.append(one)
                place = one.range.upperBound
            } else {
                place += 1
            }
        }
        return found
    }

    /// A time with the zone that stands behind it, if there is one.
    private static func withZone(_ found: NamePattern.Found, _ name: [UInt8]) -> NamePattern.Found {
        guard name[found.range].contains(UInt8(ascii: "T")) else {
            // `20240512_043000Z`: nothing else is written so.
            let isZulu = found.range.upperBound < name.count && name[found.range.upperBound] == UInt8(ascii: "Z")
            return isZulu
                ? .init(time: found.time, offset: StartTime.Offset(seconds: nil), range: found.range) : found
        }
        var reader = DigitReader(name, from: found.range.upperBound)
        let offset = reader.offset()
        // `-01` and `-0001` are counters.
        let isWhole = reader.place - found.range.upperBound >= 5 || offset?.seconds == nil
        let isQuarter = (offset?.seconds ?? 0) % 900 == 0
        return .init(time: found.time, offset: isWhole && isQuarter ? offset : nil, range: found.range)
    }

    /// The name of an old AudioMoth's file: `5E2B4B40.WAV`, the seconds since 1970 in UTC in eight hexadecimal digits.
    private static func moth(_ name: [UInt8], now: Int64) -> NamePattern.Found? {
        let stem = name.prefix { $0 != UInt8(ascii: ".") }
        let isHex = stem.allSatisfy { NamePattern.isDigit($0) || (0x41...0x46).contains($0) }
        guard stem.count == 8, isHex, let value = Int64(String(decoding: stem, as: UTF8.self), radix: 16),
            (firstMoth...max(firstMoth, now)).contains(value)
        else { return nil }
        // Eight decimal digits may also be a date.
        var reader = DigitReader(Array(stem))
        if let year = reader.number(4), let month = reader.number(2), let day = reader.number(2), year >= 1900,
            year < 2200, ClockTime(year: year, month: month, day: day) != nil
        {
            return nil
        }
        return .init(
            time: ClockTime(milliseconds: value * 1000), offset: StartTime.Offset(seconds: nil), range: 0..<8)
    }
}
