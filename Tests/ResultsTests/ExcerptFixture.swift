import Audio
import Cache
import Corpora
import Engines
import Features
import Files
import Foundation
import Ledger
import Pipeline
import Results
import Sessions
import Stages
import Tables
import TestSupport
import Testing

/// A folder of its own with recordings, run through a pipeline whose scores are the mean of each mel band; gone when the test
/// is over.
final class ExcerptFixture {
    /// A recording to be made.
    struct Clip {
        let name: String
        var seconds = 3.0
        var rate = 16_000
        var channels = 1
        var format = AudioWriter.Format.wav16
    }

    /// What the pipeline's log-mel stage is told, and the front-end that it then has.
    struct Setting: Sendable, CustomTestStringConvertible {
        let parameters: String
        let frontEnd: FrontEnd
        var testDescription: String { parameters.isEmpty ? "yamnet" : parameters }

        static let yamnet = Setting(parameters: "", frontEnd: .standard)
        static let centred = {
            var made = FrontEnd.standard
            made.framing = .centredReflect
            made.spectrum = .power
            made.logarithm = .decibel
            made.preEmphasis = 0.9
            made.preEmphasisScope = .wave
            made.patchFrames = 100
            return Setting(
                parameters: ", framing: centred-reflect, spectrum: power, logarithm: decibel, pre-emphasis: 0.9, "
                    + "pre-emphasis-of: wave, patch: 100", frontEnd: made)
        }()
    }

    private let temporary: TemporaryFolder
    let folder: String
    private(set) var clips: [Clip]

    init(_ clips: [Clip]) throws {
        temporary = try TemporaryFolder()
        folder = temporary.path
        self.clips = clips
        for clip in clips {
            try AudioWriter.write(
                path(clip), rate: clip.rate, channels: clip.channels, format: clip.format, samples: Self.samples(clip))
        }
    }

    func path(_ clip: Clip) -> String { folder + "/\(clip.name).\(clip.format == .flac ? "flac" : "wav")" }

    /// Noise under a tone that glides, other in each channel.
    private static func samples(_ clip: Clip) -> [Float] {
        var state = clip.name.utf8.reduce(UInt64(1469)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return (0..<Int(clip.seconds * Double(clip.rate)) * clip.channels).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let noise = Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
            let time = Double(index / clip.channels) / Double(clip.rate)
            let pitch = 300 + 100 * Double(index % clip.channels) + 90 * time
            return 0.4 * Float(sin(2 * .pi * pitch * time)) + 0.1 * noise
        }
    }

    /// A fixture whose only recording has just the samples of a part of another, as floats; nothing is mixed or lost.
    static func cut(_ path: String, _ part: RecordingPart) throws -> ExcerptFixture {
        let file = try AudioFile(path: path, part: part)
        let fixture = try ExcerptFixture([])
        var samples: [Float] = []
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 8192)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            samples += buffer[..<count]
        }
        fixture.clips = [Clip(name: "cut", rate: file.rate, format: .wavFloat)]
        try AudioWriter.write(
            fixture.path(fixture.clips[0]), rate: file.rate, channels: 1, format: .wavFloat, samples: samples)
        return fixture
    }

    /// The samples of each channel of a file.
    static func samples(_ path: String) throws -> [[Double]] {
        let recording = try Recording(path: path)
        var found = [[Double]](repeating: [], count: recording.channels)
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: 4096 * recording.channels)
        defer { buffer.deallocate() }
        while true {
            let count = recording.read(into: buffer)
            if count == 0 { return found }
            for frame in 0..<count {
                for channel in found.indices { found[channel].append(buffer[frame * found.count + channel]) }
            }
        }
    }

    /// Runs the pipeline into a cache of its own.
    ///
    /// - Parameters:
    ///   - keepsScores: whether scores are kept; if not, embeddings are.
    ///   - parts: the clips, as a recording's name and the fields `start,end,channel`; nil for all recordings.
    func run(
        _ setting: Setting = .yamnet, keepsMel: Bool = true, keepsScores: Bool = true, dtype: String = "float32",
        parts: [(name: String, fields: String)]? = nil
    ) throws -> CacheFolder {
        let model = folder + "/model.txt"
        try FileSystem.write(model) { try $0(Array("fake mel".utf8)[...]) }
        let keep = keepsMel ? "mel-cache: {uses: cache, from: mel, dtype: \(dtype)}" : ""
        let results =
            keepsScores
            ? "scores-cache: {uses: cache, from: infer}\n  clip-scores: {uses: aggregate, from: infer}"
            : "embeddings: {uses: cache, from: infer.embeddings}"
        let yaml = """
            name: excerpts
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode, converter: soxr-vhq}
              chunk: {uses: chunk, from: resample}
              mel: {uses: log-mel, from: chunk\(setting.parameters)}
              \(keep)
              infer: {uses: infer, from: mel, model: \(model)}
              \(results)
            """
        let pipeline = try PipelineLoader.load(
            yaml: yaml, file: "p.yaml", sets: [],
            engines: EngineRegistry([FakeProvider(frontEnd: setting.frontEnd)]))
        try FileSystem.write(folder + "/manifest.csv") { put in
            var bytes = CSV.row(["clip", "path", "start", "end", "channel"])
            let rows = parts ?? clips.map { ($0.name, ",,") }
            for (place, row) in rows.enumerated() {
                guard let clip = clips.first(where: { $0.name == row.name }) else { continue }
                let fields = row.fields.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                CSV.append([parts == nil ? clip.name : "part \(place)", path(clip)] + fields, to: &bytes)
            }
            try put(bytes[...])
        }
        let cache = CacheFolder(folder: folder + "/cache-\(UUID().uuidString)")
        let session = try RunSession(
            pipeline: pipeline, manifest: Manifest(contentsOf: folder + "/manifest.csv"), cache: cache)
        _ = try session.run(session.plan(), workers: 2, stop: StopSignal()) { _ in }
        try session.close()
        return cache
    }

    /// A reader of a cache, with the scores and the clips that it reads.
    static func reader(
        _ cache: CacheFolder
    ) throws -> (reader: ExcerptReader, scores: ChunkScores, clips: [ClipRecord]) {
        let ledger = try cache.reading()
        let scores = try ChunkScores(cache: cache, ledger: ledger, pipeline: nil)
        var clips: [ClipRecord] = []
        try ledger.forEachClip { clips.append($0) }
        return (try ExcerptReader(cache: cache, ledger: ledger, scores: scores), scores, clips)
    }
}
