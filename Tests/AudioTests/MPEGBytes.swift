import CSndfile
import Foundation
import TestSupport

/// MP3 files taken apart into frames, so that others can be put together from them.
struct MPEGBytes {
    /// Whole frames, header included; the encoder's Info frame first.
    private(set) var frames: [[UInt8]] = []

    struct Refused: Error {}

    /// Encodes interleaved samples.
    ///
    /// - Parameter mode: of libsndfile: 0 constant, 2 variable bit rate.
    /// - Parameter level: 0 the best quality, 1 the smallest file.
    init(rate: Int, channels: Int, mode: Int32 = 0, level: Double = 0.5, samples: [Float]) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/encoded.mp3"
        var info = SF_INFO()
        info.samplerate = Int32(rate)
        info.channels = Int32(channels)
        info.format = Int32(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
        guard let handle = sf_open(path, Int32(SFM_WRITE), &info) else { throw Refused() }
        var (mode, level) = (mode, level)
        sf_command(handle, Int32(SFC_SET_BITRATE_MODE), &mode, Int32(MemoryLayout<Int32>.size))
        sf_command(handle, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
        let count = sf_count_t(samples.count / channels)
        let put = sf_writef_float(handle, samples, count)
        sf_close(handle)
        guard put == count else { throw Refused() }
        let bytes = try folder.bytes(path)
        var place = 0
        while place + 4 <= bytes.count, let length = Self.length(bytes[place...]), place + length <= bytes.count {
            frames.append(Array(bytes[place..<place + length]))
            place += length
        }
        guard place == bytes.count, frames.count > 2 else { throw Refused() }
    }

    /// All but the Info frame.
    var sound: [[UInt8]] { Array(frames.dropFirst()) }
    var bytes: [UInt8] { frames.flatMap { $0 } }

    /// Bytes of a frame of layer III.
    static func length(_ bytes: ArraySlice<UInt8>) -> Int? {
        let head = Array(bytes.prefix(4))
        guard head[0] == 0xFF, head[1] & 0xE6 == 0xE2 else { return nil }
        let isOne = head[1] & 0x18 == 0x18
        let kilobits =
            isOne
            ? [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
            : [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]
        let rate = [44_100, 48_000, 32_000, 0][Int(head[2] >> 2 & 3)] / (isOne ? 1 : head[1] & 0x10 != 0 ? 2 : 4)
        let bitrate = kilobits[Int(head[2] >> 4)]
        guard rate > 0, bitrate > 0 else { return nil }
        return (isOne ? 144_000 : 72_000) * bitrate / rate + Int(head[2] >> 1 & 1)
    }

    // Tags, whose words look like frame headers: nothing in them is one.

    private static let bait = [UInt8](repeating: 0xFF, count: 3) + [0xFB, 0x90, 0x64, 0x00, 0xFF, 0xFB]

    static func id3v2(_ count: Int = 700) -> [UInt8] {
        let body = (0..<count).map { bait[$0 % bait.count] }
        return Array("ID3".utf8) + [3, 0, 0, 0, 0, UInt8(count >> 7), UInt8(count & 0x7F)] + body
    }

    static let id3v1 = Array("TAG".utf8) + (0..<125).map { bait[$0 % bait.count] }

    static func ape() -> [UInt8] {
        let body = (0..<300).map { bait[$0 % bait.count] }
        func head(_ flags: UInt32) -> [UInt8] {
            Array("APETAGEX".utf8) + WAVBytes.little(2000, 4) + WAVBytes.little(body.count + 32, 4)
                + WAVBytes.little(1, 4) + WAVBytes.little(Int(flags), 4) + [UInt8](repeating: 0, count: 8)
        }
        return head(0xA000_0000) + body + head(0x8000_0000)
    }

    static func lyrics() -> [UInt8] {
        let body = Array("LYRICSBEGIN".utf8) + (0..<90).map { bait[$0 % bait.count] }
        return body + Array(String(repeating: "0", count: 6 - "\(body.count)".count).utf8) + Array("\(body.count)".utf8)
            + Array("LYRICS200".utf8)
    }
}
