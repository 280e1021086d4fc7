import Audio
import Foundation
import TestSupport
import Testing

/// Files that FFmpeg's command makes of one and the same sound.
struct MediaFile: CustomTestStringConvertible, Sendable {
    /// How a decoded file compares with the sound that went in.
    enum Kind: Sendable {
        /// Each sample is the same.
        case lossless
        /// As many samples, and aligned to the sample.
        case aligned
        /// Aligned, but with the encoder's padding at the end: the file does not say where it begins.
        case padded
        /// Neither the delay of the encoder nor its padding is in the file.
        case delayed
    }

    let name: String
    let arguments: [String]
    let kind: Kind
    var rate = 44_100
    var testDescription: String { ([name] + arguments).joined(separator: " ") }

    init(_ name: String, _ arguments: String, _ kind: Kind, rate: Int = 44_100) {
        self.name = name
        self.arguments = arguments.split(separator: " ").map(String.init)
        self.kind = kind
        self.rate = rate
    }

    static let all: [MediaFile] = [
        MediaFile("a.m4a", "-c:a aac -b:a 128k", .aligned), MediaFile("a.mp4", "-c:a aac -b:a 160k", .aligned),
        MediaFile("a.mov", "-c:a aac -b:a 128k", .aligned), MediaFile("alac.m4a", "-c:a alac", .lossless),
        MediaFile("mp3.mp4", "-c:a libmp3lame", .aligned), MediaFile("pcm.mov", "-c:a pcm_s24be", .lossless),
        MediaFile("fragments.mp4", "-c:a aac -b:a 128k -movflags frag_keyframe+empty_moov", .delayed),
        MediaFile("opus.webm", "-c:a libopus", .aligned, rate: 48_000),
        MediaFile("opus.mp4", "-c:a libopus -strict -2", .aligned, rate: 48_000),
        MediaFile("vorbis.webm", "-c:a libvorbis", .padded), MediaFile("flac.mkv", "-c:a flac", .lossless),
        MediaFile("aac.mka", "-c:a aac -b:a 128k", .delayed), MediaFile("pcm.mka", "-c:a pcm_s16le", .lossless),
        MediaFile("a.wv", "-c:a wavpack", .lossless), MediaFile("a.tta", "-c:a tta", .lossless),
        MediaFile("a.ac3", "-c:a ac3", .delayed), MediaFile("a.eac3", "-c:a eac3", .delayed),
        MediaFile("a.dts", "-c:a dca -strict -2 -ac 2", .delayed, rate: 48_000),
        MediaFile("a.aac", "-c:a aac -b:a 128k", .delayed), MediaFile("v2.wma", "-c:a wmav2", .delayed),
        MediaFile("v1.wma", "-c:a wmav1", .delayed), MediaFile("a.avi", "-c:a ac3", .delayed),
        MediaFile("mp3.avi", "-c:a libmp3lame", .delayed), MediaFile("a.flv", "-c:a aac -b:a 128k", .delayed),
        MediaFile("a.ts", "-c:a aac -b:a 128k", .delayed), MediaFile("a.mpg", "-c:a mp2", .delayed),
        MediaFile("a.spx", "-c:a libspeex", .delayed, rate: 32_000), MediaFile("flac.ogg", "-c:a flac", .lossless),
        MediaFile("a.mlp", "-c:a mlp -strict -2", .delayed, rate: 48_000),
        MediaFile("a.thd", "-c:a truehd -strict -2", .delayed, rate: 48_000),
        MediaFile("a.rm", "-c:a real_144 -ac 1", .delayed, rate: 8000),
        MediaFile("alac.caf", "-c:a alac", .lossless), MediaFile("adpcm.avi", "-c:a adpcm_ms", .padded),
    ]

    /// Files whose coding reads nothing from the end of the sound on.
    static let frames = 60_001

    /// Noise under a tone: its correlation with itself has one sharp peak.
    static func sound(rate: Int, count: Int = frames) -> [Float] {
        zip(Sound.noise(seed: 5, count: count), Sound.sine(440, rate: rate, count: count, amplitude: 0.3)).map {
            0.3 * $0 + $1
        }
    }

    /// Writes the sound as a WAV file of 16 bits, and encodes it.
    ///
    /// - Returns: the path, and the samples of the WAV file.
    /// - Throws: what FFmpeg's command says.
    func make(in folder: TemporaryFolder, channels: Int = 1, frames: Int = frames) throws -> (
        path: String, samples: [Float]
    ) {
        let wav = folder.path + "/source.wav"
        let mono = Self.sound(rate: rate, count: frames)
        let samples = channels == 1 ? mono : mono.flatMap { [Float](repeating: $0, count: channels) }
        try AudioWriter.write(wav, rate: rate, channels: channels, format: .wav16, samples: samples)
        let path = folder.path + "/" + name
        try FFmpegCommand.run(["-i", wav] + arguments + [path])
        return (path, try DecodedAudio(wav).samples)
    }

    /// By how many samples the second sound is later than the first, where their correlation is largest.
    static func lag(_ first: [Float], _ second: [Float], within most: Int = 1300) -> Int {
        let (place, length) = (20_000, 1500)
        guard second.count > place + length + most else { return .max }
        var best = (lag: Int.max, sum: -Float.infinity)
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                for lag in -most...most {
                    var sum: Float = 0
                    for index in place..<place + length { sum += first[index] * second[index + lag] }
                    if sum > best.sum { best = (lag, sum) }
                }
            }
        }
        return best.lag
    }
}
