import Audio
import Tables

/// Where the clips of a manifest are, if rows whose channel is `each` stand for a clip per channel.
struct ManifestChannels: Sendable {
    /// Between the row's clip name and the channel's number in a clip's name.
    static let separator: Character = "#"

    /// The row that each clip is of, and the first clip of each row, with the number of clips at the end.
    private var rowOfClip: [Int32] = []
    private var firstOfRow: [Int32] = [0]

    /// Adds the next row.
    mutating func add(clips: Int) {
        for _ in 0..<clips { rowOfClip.append(Int32(firstOfRow.count - 1)) }
        firstOfRow.append(Int32(rowOfClip.count))
    }

    var count: Int { rowOfClip.count }

    /// The row that a clip is of, and its number among the row's clips, from 1.
    subscript(clip: Int) -> (row: Int, number: Int) {
        let row = Int(rowOfClip[clip])
        return (row, clip - Int(firstOfRow[row]) + 1)
    }

    /// A row's clips.
    func clips(ofRow row: Int) -> Range<Int> { Int(firstOfRow[row])..<Int(firstOfRow[row + 1]) }

    /// The name of a channel's clip.
    static func name(_ clip: String, channel: Int) -> String { clip + ending(channel: channel) }

    /// What a channel's clip has after the row's name.
    static func ending(channel: Int) -> String { "\(separator)\(channel)" }

    /// What `name` was made of; nil if it was not.
    static func parts(of name: String) -> (clip: String, channel: Int)? {
        let scalars = name.unicodeScalars
        guard let mark = scalars.lastIndex(of: "#") else { return nil }
        let digits = String(scalars[scalars.index(after: mark)...])
        guard let channel = Int(digits), channel > 0, String(channel) == digits else { return nil }
        return (String(scalars[..<mark]), channel)
    }
}
