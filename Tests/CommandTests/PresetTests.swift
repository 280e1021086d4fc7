import Foundation
import Testing

/// Presets on real recordings, from files to cached rows, against librosa and torchaudio.
@Suite(
    .serialized,
    .enabled(
        if: Tool.isBuilt && Tool.hasESC10, "no recordings in ../shared/corpora/esc10: presets not held against them"),
    .enabled(
        if: Python.hasAudioLibraries,
        "no Python with numpy, librosa and torchaudio (EARMARK_PYTHON): presets not held against them"))
struct PresetTests {
    private static let rates = [
        "vggish": 16_000, "panns": 32_000, "efficientat": 32_000, "ast": 16_000, "whisper": 16_000, "librosa": 22_050,
    ]

    @Test(arguments: rates.keys.sorted()) func realRecordings(preset: String) throws {
        let scratch = try Scratch()
        try scratch.write(
            "preset.yaml",
            """
            name: preset
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, rate: \(Self.rates[preset] ?? 0)}
              chunk: {uses: chunk, from: resample, preset: \(preset)}
              mel: {uses: log-mel, from: chunk, preset: \(preset)}
              raw-cache: {uses: cache, from: chunk, dtype: float32}
              mel-cache: {uses: cache, from: mel, dtype: float32}
            """)
        #expect(try Tool.run("manifest", "folder", Tool.esc10, "--out", scratch.path("all.csv")).status == 0)
        // A clip of each class.
        let rows = try scratch.lines("all.csv")
        let clips = rows.dropFirst().enumerated().filter { $0.offset % 24 == 0 }.map(\.element)
        #expect(clips.count == 10)
        try scratch.write("corpus.csv", ([rows[0]] + clips).joined(separator: "\n") + "\n")
        let run = try Tool.run(
            "run", scratch.path("preset.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
            scratch.path("cache"), "--quiet")
        #expect(run.status == 0, "\(run.errors)")
        let check = try Tool.start(
            [Tool.root + "/Scripts/fixtures/frontend_presets.py", "check", preset, scratch.path("cache")],
            executable: Python.withAudioLibraries ?? ""
        ).wait()
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        print("PresetTests:", check.output.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
