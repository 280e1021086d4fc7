import Audio
import Cache
import Corpora
import Files
import Foundation
import Models
import Pipeline
import Sessions
import Stages
import Tables
import TestSupport
import Training

/// A folder with a few clips of two kinds of sound, their manifest and their cached features; gone when the test is over.
final class TrainingFixture {
    private let temporary: TemporaryFolder
    let folder: String
    let cache: CacheFolder
    private(set) var entries: [Manifest.Entry] = []

    static let classes = ["Hum", "Noise"]

    /// - Parameters:
    ///   - clips: of each class, of 0.3 to 2.6 seconds.
    ///   - silence: samples of silence behind each clip's sound.
    init(clips: Int = 4, silence: Int = 0) throws {
        temporary = try TemporaryFolder()
        folder = temporary.path
        cache = CacheFolder(folder: folder + "/cache")
        for (place, label) in Self.classes.enumerated() {
            for number in 0..<clips {
                let name = "\(label)\(number)"
                try AudioWriter.write(
                    "\(folder)/\(name).wav", rate: 16_000, channels: 1,
                    samples: Self.sound(place, seed: UInt64(number), count: 4800 + 9000 * (number % 5))
                        + [Float](repeating: 0, count: silence))
                entries.append(
                    Manifest.Entry(
                        clip: name, path: "\(name).wav", labels: [label], split: number == 0 ? "val" : "train"))
            }
        }
        let session = try RunSession(
            pipeline: PipelineLoader.load(path: Self.root + "/Pipelines/features.yaml", sets: []),
            manifest: try manifest(), cache: cache)
        _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
    }

    private static func sound(_ kind: Int, seed: UInt64, count: Int) -> [Float] {
        var random = SeededRandom(seed: seed, UInt64(kind))
        let pitch = 300 + 200 * random.uniform()
        return (0..<count).map {
            kind == 0
                ? Float(0.4 * sin(2 * Double.pi * pitch * Double($0) / 16_000)) : random.uniform(within: 0.4)
        }
    }

    func manifest(_ rows: [Manifest.Entry]? = nil) throws -> Manifest {
        let path = folder + "/manifest.csv"
        try FileSystem.write(path) { put in
            var bytes = CSV.row(Manifest.columns)
            for row in rows ?? entries {
                CSV.append([row.clip, row.path, row.labels.joined(separator: ","), row.split], to: &bytes)
            }
            try put(bytes[...])
        }
        return try Manifest(contentsOf: path)
    }

    func chunks(
        _ split: String, architecture: Architecture = .waveEncoder, overlap: Double = 0.5,
        classes: [String] = TrainingFixture.classes, areLabelled: Bool = true
    ) throws -> ChunkSet {
        var entries = entries.filter { $0.split == split }
        if !areLabelled { for index in entries.indices { entries[index].labels = [] } }
        return try ChunkSet(
            entries, classes: classes, cache: cache, architecture: architecture, overlap: overlap,
            normalization: .chunkMean)
    }

    func metadata(_ architecture: Architecture = .waveEncoder) -> ModelMetadata {
        ModelMetadata(
            architecture: architecture, normalization: .chunkMean, classes: Self.classes, licence: "CC0-1.0",
            source: "a test")
    }

    func trainer(
        _ name: String, _ options: TrainingOptions, architecture: Architecture = .waveEncoder, threads: Int = 2,
        validates: Bool = true, initial: String? = nil, teacher: TeacherScores? = nil, training: ChunkSet? = nil
    ) throws -> Trainer {
        let files = Trainer.Files(folder: folder + "/" + name)
        try FileSystem.makeFolder(files.folder)
        var options = options
        options.architecture = architecture.rawValue
        var metadata = metadata(architecture)
        metadata.waveScale = options.waveScale
        return try Trainer(
            options: options, metadata: metadata,
            training: training ?? chunks("train", architecture: architecture),
            validation: validates ? chunks("val", architecture: architecture) : nil, initial: initial, teacher: teacher,
            files: files, threads: threads)
    }

    func files(_ name: String) -> Trainer.Files { Trainer.Files(folder: folder + "/" + name) }

    /// All tensors of a model or a checkpoint, byte by byte.
    func tensors(_ path: String) throws -> [UInt8] {
        let bytes = try FileSystem.read(path)
        let header = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
        return Array(bytes[(8 + header)...])
    }

    /// Blanks out the digest that a model file carries of itself, so that its other bytes may be changed.
    static func withoutDigest(_ bytes: inout [UInt8]) {
        guard let key = bytes.prefix(1 << 20).firstRange(of: Array(#""digest":"sha256:"#.utf8)) else { return }
        // The digits, a quote and a comma.
        let end = key.upperBound + 64 + 2
        bytes.replaceSubrange(key.lowerBound..<end, with: [UInt8](repeating: 32, count: end - key.lowerBound))
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
