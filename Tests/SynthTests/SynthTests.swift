import Corpora
import Foundation
import Synth
import TestSupport
import Testing

@Suite struct SynthTests {
    @Test func planCoversSplitsClassesAndLengths() throws {
        let clips = try Synth().plan()
        #expect(clips.count == 60 && Set(clips.map(\.name)).count == 60)
        for split in ["train", "val", "eval"] {
            let own = clips.filter { $0.split == split }
            #expect(Set(own.flatMap(\.sounds)).count == SynthSound.allCases.count, "\(split)")
        }
        let seconds = clips.map(\.seconds)
        #expect(seconds.min() == 0.3 && seconds.max() == 30)
        #expect(seconds.filter { (1...8).contains($0) }.count > 36)
        #expect(Set(clips.map(\.sounds.count)) == [1, 2, 3])
        #expect(clips.allSatisfy { Set($0.sounds).count == $0.sounds.count })
        #expect(Set(clips.map(\.channels)) == [1, 2])
        #expect(try Synth(clips: 60, seed: 2).plan() != clips)
    }

    @Test func samplesAreInRangeHeardAndRepeat() throws {
        let synth = try Synth(clips: 24, seed: 4)
        for clip in synth.plan() where clip.seconds < 9 {
            let samples = synth.render(clip)
            #expect(samples.count == Int((clip.seconds * 44_100).rounded()) * clip.channels)
            let peak = samples.reduce(Float(0)) { max($0, abs($1)) }
            #expect(samples.allSatisfy(\.isFinite) && peak > 0.1 && peak <= 0.951, "\(clip)")
            #expect(synth.render(clip) == samples)
        }
        let other = try Synth(clips: 24, seed: 5)
        #expect(synth.render(synth.plan()[0]) != other.render(other.plan()[0]))
    }

    @Test func aClipDoesNotHangOnHowManyThereAre() throws {
        let (few, many) = (try Synth(clips: 3, seed: 8), try Synth(clips: 30, seed: 8))
        #expect(few.plan() == Array(many.plan().prefix(3)))
    }

    @Test func writesTheLayoutThatIsRead() throws {
        let folder = try TemporaryFolder()
        var written: [String] = []
        let clips = try Synth(clips: 15, seed: 2).write(to: folder.path) { path, rate, channels, samples in
            #expect(rate == 44_100 && samples.count % channels == 0)
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            written.append(path)
        }
        #expect(written.count == 15)
        let corpus = try FSD50K(folder: folder.path)
        #expect(corpus.scan.warnings.isEmpty)
        #expect(corpus.vocabulary.map(\.name) == SynthSound.allCases.map(\.rawValue))
        #expect(Set(corpus.scan.entries.map(\.path)) == Set(written))
        for clip in clips {
            let entry = corpus.scan.entries.first { $0.clip == clip.name }
            #expect(entry?.labels == clip.sounds.map(\.rawValue) && entry?.split == clip.split)
        }
    }

    @Test func impossibleCountsAreRefused() {
        #expect(message { _ = try Synth(clips: 0) } == "clips: found 0, expected 1 to 1000000")
    }
}
