import ArgumentParser
import Audio
import Corpora
import Synth
import Wording

struct SynthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synth", abstract: "Make a small corpus of made-up sounds in FSD50K's layout.",
        discussion: "EXAMPLE  earmark synth /tmp/corpus --clips 60 --seed 1")

    @Argument(help: "Folder to write into.", completion: .directory) var dir: String
    @Option(help: "Clips to make.") var clips = 60
    @Option(help: "The same seed gives the same bytes.") var seed: UInt64 = 1

    func run() throws {
        let made = try Self.make(dir: dir, clips: clips, seed: seed)
        print("\(counted(made, "clip")) in \(dir); next: earmark manifest fsd50k \(dir) --out \(dir)/manifest.csv")
    }

    static func make(dir: String, clips: Int, seed: UInt64) throws -> Int {
        try Synth(clips: clips, seed: seed).write(to: dir) { path, rate, channels, samples in
            try AudioWriter.write(path, rate: rate, channels: channels, samples: samples)
        }.count
    }
}
