import ArgumentParser
import Cache
import Audio
import Errors
import Files
import Foundation
import Random
import Results
import Shards
import Wording

/// Makes the cache whose exports `Scripts/bench/exports.sh` times.
struct ScoresBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scores", abstract: "Make a cache of made-up chunk scores, to time exports with.",
        discussion: """
            Clips have one-second chunks that overlap by half. In each clip two classes sound for part of the time; \
            the other scores are small.

            EXAMPLE  earmark bench scores --cache c --clips 50000
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: "Clips.") var clips = 50_000
    @Option(help: "Classes.") var classes = 200
    @Option(help: "Chunks per clip.") var chunks = 10
    @Flag(help: "Keep the scores in half precision.") var half = false
    @Option(
        help: ArgumentHelp(
            "Folder for made-up recordings of the first \(ScoresBench.soundCount) clips (default: none are made).",
            valueName: "dir"), completion: .directory)
    var sounds: String?
    @Option(
        help: ArgumentHelp(
            "Folder of recordings that the clips are bound to in turn, each at least as long as the chunks.",
            valueName: "dir"), completion: .directory)
    var recordings: String?

    /// How many recordings are made.
    private static let soundCount = 100
    private static let soundRate = 44_100

    func validate() throws {
        for (name, value) in [("clips", clips), ("classes", classes), ("chunks", chunks)] where value < 1 {
            throw ValidationError("--\(name) is \(value), expected 1 or more")
        }
    }

    func run() throws {
        if cache.value.exists {
            throw CommandError(.usage, "\(cache.cache): a cache is there, expected a folder without one")
        }
        let timing = ChunkTiming(rate: 16_000, hop: 8_000, length: 16_000)
        let names = (0..<classes).map { "Class \($0)" }
        let made = ScoreCache(
            cache: cache.value, classes: names, timing: timing, dtype: half ? .float16 : .float32)
        let seconds = Double(timing.length + (chunks - 1) * timing.hop) / Double(timing.rate)
        if let sounds { try makeSounds(sounds, seconds: seconds) }
        let given = recordings.map { folder in
            FileSystem.names(in: folder).sorted().map { FileSystem.absolute("\(folder)/\($0)") }
        }
        if given?.isEmpty == true { throw CommandError(.usage, "\(recordings ?? ""): found no file in it") }
        try made.make(clips: clips) { place in
            let own = sounds.flatMap { place < Self.soundCount ? FileSystem.absolute("\($0)/sound-\(place).wav") : nil }
            return ScoreCache.Clip(
                name: own == nil ? "clip-\(place)" : "sound-\(place)",
                path: own ?? given.map { $0[place % $0.count] } ?? "/audio/recorder-\(place % 40)/clip-\(place).wav",
                samples: timing.length + (chunks - 1) * timing.hop, scores: scores(of: place))
        }
        print("\(counted(clips, "clip")) in \(cache.cache)")
    }

    /// Noise with tones in it, two channels.
    private func makeSounds(_ folder: String, seconds: Double) throws {
        try FileSystem.makeFolder(FileSystem.absolute(folder))
        let frames = Int(seconds * Double(Self.soundRate))
        for place in 0..<min(clips, Self.soundCount) {
            var random = SplitMix64(seed: UInt64(place))
            let step = (200 + 50 * Double(place)) * 2 * .pi / Double(Self.soundRate)
            let samples = (0..<2 * frames).map { index in
                0.3 * sin(Double(index / 2) * step) + 0.2 * (random.uniform() - 0.5)
            }
            let encoded = try SoundEncoder.encode(samples, rate: Self.soundRate, channels: 2, as: .wav)
            try FileSystem.write("\(folder)/sound-\(place).wav") { try $0(encoded.bytes[...]) }
        }
    }

    private func scores(of clip: Int) -> [Float] {
        var state = UInt64(clip) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func next() -> UInt32 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt32(truncatingIfNeeded: state >> 32)
        }
        func share() -> Float { Float(next() >> 8) / 16_777_216 }
        var scores = [Float](repeating: 0, count: chunks * classes)
        // Cubed, so that most are near 0.
        for index in scores.indices {
            let drawn = share()
            scores[index] = 0.1 * drawn * drawn * drawn
        }
        for _ in 0..<2 {
            let (place, first) = (Int(next()) % classes, Int(next()) % chunks)
            for chunk in first..<min(chunks, first + 1 + Int(next()) % chunks) {
                scores[chunk * classes + place] = 0.4 + 0.59 * share()
            }
        }
        return scores
    }
}
