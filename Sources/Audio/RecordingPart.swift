/// A part of a recording that is a clip of its own: a stretch of time, and one of the channels or their mean.
///
/// Times are whole microseconds: the nearest to the number that was given. At a rate of r Hz, a time of s seconds is
/// sample frame round(s r), halves up; the part holds the frames from its start's up to, not including, its end's.
package struct RecordingPart: Hashable, Sendable {
    /// Microseconds from the recording's start.
    package let start: Int64
    /// Microseconds from the recording's start, more than `start`; nil for the recording's end.
    package let end: Int64?
    /// The channel, from 1; nil for the mean of all.
    package let channel: Int?

    /// The latest time, in seconds: some thirty years.
    package static let longest = 1e9
    /// The highest channel.
    package static let mostChannels = 1024
    private static let million: Int64 = 1_000_000

    /// - Parameters:
    ///   - start, end: microseconds, 0 to `longest`, the end after the start.
    ///   - channel: 1 to `mostChannels`.
    /// - Returns: nil for the whole recording, or if a value is outside its range.
    package init?(start: Int64 = 0, end: Int64? = nil, channel: Int? = nil) {
        let limit = Int64(Self.longest) * Self.million
        guard start > 0 || end != nil || channel != nil, (0...limit).contains(start),
            end.map({ $0 > start && $0 <= limit }) ?? true,
            channel.map({ (1...Self.mostChannels).contains($0) }) ?? true
        else { return nil }
        (self.start, self.end, self.channel) = (start, end, channel)
    }

    /// Reads what `text` writes, and nothing else.
    package init?(_ text: String) {
        var values: [String: Substring] = [:]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let sides = word.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, values.updateValue(sides[1], forKey: String(sides[0])) == nil else { return nil }
        }
        func time(_ name: String) -> Int64?? { values[name].map { Self.microseconds(String($0)) } }
        guard
            let found = Self.init(
                start: (time("start") ?? 0) ?? -1, end: time("end").map { $0 ?? -1 },
                channel: values["channel"].map { Int($0) ?? -1 }),
            found.text.utf8.elementsEqual(text.utf8)
        else { return nil }
        self = found
    }

    /// As the ledger keeps it, such as `start=1.5 end=3 channel=2`, without what is as in the whole recording.
    package var text: String {
        var words: [String] = []
        if start > 0 { words.append("start=" + Self.decimal(start)) }
        if let end { words.append("end=" + Self.decimal(end)) }
        if let channel { words.append("channel=\(channel)") }
        return words.joined(separator: " ")
    }

    /// Seconds from the recording's start to the part's.
    package var startSeconds: Double { Double(start) / 1e6 }
    /// Seconds from the recording's start to the part's end; nil for the recording's end.
    package var endSeconds: Double? { end.map { Double($0) / 1e6 } }
    /// The part's length in seconds if the recording is long enough; nil if it goes on to the recording's end.
    package var seconds: Double? { end.map { Double($0 - start) / 1e6 } }

    /// The same channel of the whole recording; nil for the mean of all channels.
    package var ofWholeLength: RecordingPart? { RecordingPart(channel: channel) }

    /// The first sample frame at a rate in Hz.
    package func firstFrame(rate: Int) -> Int64 { Self.frame(start, rate) }
    /// One past the last sample frame at a rate in Hz; nil for the recording's end.
    package func endFrame(rate: Int) -> Int64? { end.map { Self.frame($0, rate) } }

    private static func frame(_ time: Int64, _ rate: Int) -> Int64 {
        // Whole seconds apart, so that no product exceeds 64 bits.
        time / million * Int64(rate) + (time % million * Int64(rate) + million / 2) / million
    }

    /// The microsecond nearest to a number of seconds: decimal digits, perhaps with a point and an exponent.
    ///
    /// - Returns: nil if the text is no such number, or it is below 0 or above `longest`.
    package static func microseconds(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ Set("0123456789.eE+-".utf8).contains($0) }), let seconds = Double(text),
            seconds >= 0, seconds <= longest
        else { return nil }
        return Int64((seconds * 1e6).rounded())
    }

    /// A time in seconds, exactly, without zeros at the end.
    package static func decimal(_ time: Int64) -> String {
        let rest = String(time % million)
        var digits = String(repeating: "0", count: 6 - rest.utf8.count) + rest
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(time / million)" + (digits.isEmpty ? "" : "." + digits)
    }
}
