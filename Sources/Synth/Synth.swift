import Errors
import Corpora
import Files
import Glibc
import Tables

/// Generates a small corpus of procedural sounds in FSD50K's layout; the same seed gives the same bytes.
///
/// Each class rotates through the splits. Pitch, pace, level, background and overlap are random, so a classifier has to
/// generalise. Of five clips, about three are in train, one in val and one in eval.
package struct Synth: Sendable {
    package let clips: Int
    package let seed: UInt64

    /// Writes one clip, given its path, rate in Hz, channels, and interleaved samples within -1 to 1.
    package typealias Writer = (_ path: String, _ rate: Int, _ channels: Int, _ samples: [Float]) throws -> Void

    private static let rate = 44_100
    private static let splits = ["train", "train", "eval", "train", "val"]

    /// - Parameter clips: the number of clips, from 1 to 1,000,000.
    /// - Throws: `SettingError` for any other number of clips.
    package init(clips: Int = 60, seed: UInt64 = 1) throws {
        guard (1...1_000_000).contains(clips) else {
            throw SettingError(name: "clips", found: "\(clips)", expected: "1 to 1000000")
        }
        self.clips = clips
        self.seed = seed
    }

    /// Returns the properties of every clip.
    package func plan() -> [SynthClip] {
        var random = SynthRandom(seed: seed, stream: -1)
        let order = SynthSound.allCases.shuffled(using: &random)
        var number = random.whole(1000...9000)
        return (0..<clips).map { index in
            var own = SynthRandom(seed: seed, stream: 2 * index)
            let seconds = Self.seconds(index, &own)
            var sounds = [order[index % order.count]]
            let wanted = seconds < 1.2 ? 1 : own.chance(0.45) ? (own.chance(0.3) ? 3 : 2) : 1
            while sounds.count < wanted {
                let another = SynthSound.allCases[own.whole(0...SynthSound.allCases.count - 1)]
                if !sounds.contains(another) { sounds.append(another) }
            }
            number += own.whole(1...900)
            return SynthClip(
                name: "\(number)", split: Self.splits[(index + index / order.count) % Self.splits.count],
                sounds: sounds, seconds: seconds, rate: Self.rate, channels: own.chance(0.1) ? 2 : 1,
                stream: 2 * index + 1)
        }
    }

    /// Returns a clip's samples, interleaved, within -0.95 to 0.95.
    package func render(_ clip: SynthClip) -> [Float] {
        var random = SynthRandom(seed: seed, stream: clip.stream)
        let frames = Int((clip.seconds * Double(clip.rate)).rounded())
        var mix = [Float](repeating: 0, count: frames * clip.channels)
        let inTurn = clip.sounds.count > 1 && clip.seconds > 3 && random.chance(0.4)
        for (place, sound) in clip.sounds.enumerated() {
            let share = inTurn ? clip.seconds / Double(clip.sounds.count) : clip.seconds
            let start = inTurn ? Int(share * Double(place) * Double(clip.rate)) : 0
            var track = SynthTrack(seconds: share, rate: clip.rate, random: random)
            sound.fill(&track)
            random = track.random
            add(track, to: &mix, from: start, channels: clip.channels, &random)
        }
        finish(&mix, clip, &random)
        return mix
    }

    /// Writes the corpus to a folder and returns its clips.
    ///
    /// - Throws: `FileError`, and the error that `write` throws.
    @discardableResult
    package func write(to folder: String, clip write: Writer) throws -> [SynthClip] {
        let truth = folder + "/" + FSD50K.truthFolder
        for name in [FSD50K.truthFolder, FSD50K.devFolder, FSD50K.evalFolder] {
            try FileSystem.makeFolder(folder + "/" + name)
        }
        let clips = plan()
        var dev = CSV.row(["fname", "labels", "mids", "split"])
        var eval = CSV.row(["fname", "labels", "mids"])
        for clip in clips {
            let half = clip.split == "eval" ? FSD50K.evalFolder : FSD50K.devFolder
            try write("\(folder)/\(half)/\(clip.name).wav", clip.rate, clip.channels, render(clip))
            let fields = [
                clip.name, clip.sounds.map(\.rawValue).joined(separator: ","),
                clip.sounds.map(\.mid).joined(separator: ","),
            ]
            if clip.split == "eval" {
                CSV.append(fields, to: &eval)
            } else {
                CSV.append(fields + [clip.split], to: &dev)
            }
        }
        var vocabulary: [UInt8] = []
        for (index, sound) in SynthSound.allCases.enumerated() {
            CSV.append(["\(index)", sound.rawValue, sound.mid], to: &vocabulary)
        }
        for (name, bytes) in [("dev.csv", dev), ("eval.csv", eval), ("vocabulary.csv", vocabulary)] {
            try FileSystem.write(truth + "/" + name) { try $0(bytes[...]) }
        }
        return clips
    }

    /// Returns a clip's length, 0.3 to 30 s, usually 1 to 8; the fifth clip has the minimum length and the ninth the
    /// maximum.
    private static func seconds(_ index: Int, _ random: inout SynthRandom) -> Double {
        if index == 4 { return 0.3 }
        if index == 8 { return 30 }
        let kind = random.real(0...1)
        let seconds =
            kind < 0.12 ? random.real(0.3...1) : kind < 0.88 ? random.real(1...8) : random.octave(8...30)
        return (seconds * 1000).rounded() / 1000
    }

    private func add(
        _ track: SynthTrack, to mix: inout [Float], from start: Int, channels: Int, _ random: inout SynthRandom
    ) {
        let level = Float(pow(10, random.real(-9...0) / 20))
        let side = Float(random.real(-0.7...0.7))
        let gains = channels == 1 ? [level] : [level * (1 - max(0, side)), level * (1 + min(0, side))]
        let frames = mix.count / channels
        for (index, sample) in track.samples.enumerated() where start + index < frames {
            for channel in 0..<channels { mix[(start + index) * channels + channel] += gains[channel] * sample }
        }
    }

    /// Adds the traits of a recording: background hiss, a dull microphone, the level, and fades that prevent clicks.
    private func finish(_ mix: inout [Float], _ clip: SynthClip, _ random: inout SynthRandom) {
        let hiss = Float(pow(10, random.real(-60 ... -28) / 20))
        let corner = random.octave(1500...12_000)
        let dull = random.octave(6000...20_000)
        let frames = mix.count / clip.channels
        let fade = Float(min(frames / 8, clip.rate / 100))
        var peak: Float = 0
        for channel in 0..<clip.channels {
            var colour = OnePole(corner: corner, rate: Double(clip.rate))
            var microphone = OnePole(corner: dull, rate: Double(clip.rate))
            for frame in 0..<frames {
                let place = frame * clip.channels + channel
                let shape = min(1, min(Float(frame), Float(frames - 1 - frame)) / max(1, fade))
                mix[place] = shape * microphone(mix[place] + 2 * hiss * colour(random.noise()))
                peak = max(peak, abs(mix[place]))
            }
        }
        let level = Float(pow(10, random.real(-18...0) / 20)) * 0.95
        if peak > 0 { for place in mix.indices { mix[place] *= level / peak } }
    }
}
