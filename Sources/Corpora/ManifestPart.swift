import Audio
import Tables

/// What a row of a manifest says of the part of the recording that its clip is: its fields `start`, `end` and `channel`.
struct ManifestPart: Equatable, Sendable {
    /// The columns, none of which a manifest must have.
    static let columns = ["start", "end", "channel"]

    /// Microseconds from the recording's start.
    let start: Int64
    /// nil for the recording's end.
    let end: Int64?
    /// The channel, from 1; nil for the mean of all.
    let channel: Int?
    /// Whether each channel of the recording is a clip of its own.
    let isEach: Bool

    /// - Parameters:
    ///   - fields: the three fields, without blanks at their ends; empty where there is none.
    ///   - wrong: makes an error of what was found and what was expected.
    /// - Throws: the error for a field that is not what it must be.
    init(_ fields: [String], delimiter: UInt8, wrong: (String, String) -> TableError) throws {
        func time(_ place: Int) throws -> Int64? {
            let text = fields[place]
            if text.isEmpty { return nil }
            if let found = RecordingPart.microseconds(SpreadsheetText.withPoint(text, delimiter: delimiter)) {
                return found
            }
            throw wrong("\(Self.columns[place]) '\(text)'", "seconds from the recording's start, 0 or more, or nothing")
        }
        start = try time(0) ?? 0
        end = try time(1)
        if let end, end <= start {
            throw wrong("a part from '\(fields[0])' to '\(fields[1])'", "seconds, the end after the start")
        }
        switch fields[2].lowercased() {
        case "", "mix": (channel, isEach) = (nil, false)
        case "each": (channel, isEach) = (nil, true)
        default:
            let digits = fields[2].utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard digits, let number = Int(fields[2]), (1...RecordingPart.mostChannels).contains(number) else {
                throw wrong(
                    "channel '\(fields[2])'", "a number from 1 to \(RecordingPart.mostChannels), mix, each or nothing")
            }
            (channel, isEach) = (number, false)
        }
    }

    /// The part; nil if the clip is the mean of all channels of the whole recording.
    ///
    /// - Parameter number: the channel, where each is a clip.
    func part(channel number: Int? = nil) -> RecordingPart? {
        RecordingPart(start: start, end: end, channel: number ?? channel)
    }

    /// The fields as a manifest has them.
    var fields: [String] {
        [
            start == 0 ? "" : RecordingPart.decimal(start), end.map(RecordingPart.decimal) ?? "",
            isEach ? "each" : channel.map(String.init) ?? "",
        ]
    }
}

extension RecordingPart {
    /// The fields of a manifest's columns `start`, `end` and `channel`.
    var fields: [String] {
        [
            start == 0 ? "" : Self.decimal(start), end.map(Self.decimal) ?? "", channel.map(String.init) ?? "",
        ]
    }
}
