/// WAV files byte by byte, so that what is read is held against the format and not against its own writer.
struct WAVBytes {
    /// Format tags of the `fmt ` chunk.
    static let pcm = 1
    static let float = 3

    var tag = WAVBytes.pcm
    var bits = 16
    var channels = 1
    var rate = 16000
    var data: [UInt8] = []
    /// What the header says of the data's length; nil: the truth.
    var declared: Int?

    var bytes: [UInt8] {
        let frame = channels * bits / 8
        let format =
            Self.little(tag, 2) + Self.little(channels, 2) + Self.little(rate, 4) + Self.little(rate * frame, 4)
            + Self.little(frame, 2) + Self.little(bits, 2)
        let length = declared ?? data.count
        return Array("RIFF".utf8) + Self.little(36 + length, 4) + Array("WAVEfmt ".utf8) + Self.little(16, 4) + format
            + Array("data".utf8) + Self.little(length, 4) + data
    }

    /// The lowest `count` bytes of a number, lowest first.
    static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// 16-bit samples as a mono or interleaved file.
    static func shorts(_ samples: [Int16], channels: Int = 1, rate: Int = 16000) -> [UInt8] {
        WAVBytes(channels: channels, rate: rate, data: samples.flatMap { little(Int($0), 2) }).bytes
    }

    /// 32-bit float samples.
    static func floats(_ samples: [Float], channels: Int = 1, rate: Int = 16000) -> [UInt8] {
        WAVBytes(
            tag: float, bits: 32, channels: channels, rate: rate,
            data: samples.flatMap { little(Int($0.bitPattern), 4) }
        ).bytes
    }
}
