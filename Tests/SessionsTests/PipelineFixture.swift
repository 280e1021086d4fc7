import Audio
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import Tables
import TestSupport

/// A folder of its own with a few clips, a manifest and caches; gone when the test is over.
final class PipelineFixture {
    private let temporary: TemporaryFolder
    let folder: String
    private(set) var rows: [(clip: String, path: String)] = []

    init() throws {
        temporary = try TemporaryFolder()
        folder = temporary.path
    }

    /// A clip of noise and a tone, different for every name.
    func addClip(_ name: String, seconds: Double, rate: Int = 22050, channels: Int = 1) throws {
        var state = name.utf8.reduce(UInt64(1469)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let pitch = 200 + Double(state % 1000)
        let samples = (0..<Int(seconds * Double(rate)) * channels).map { index -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let noise = Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
            return 0.3 * Float(sin(2 * Double.pi * pitch * Double(index / channels) / Double(rate))) + 0.05 * noise
        }
        try AudioWriter.write(folder + "/" + name + ".wav", rate: rate, channels: channels, samples: samples)
        rows.append((name, name + ".wav"))
    }

    /// A clip of just these samples, one channel, as 32-bit floats.
    func addSamples(_ name: String, _ samples: [Float], rate: Int) throws {
        try AudioWriter.write(
            folder + "/" + name + ".wav", rate: rate, channels: 1, format: .wavFloat, samples: samples)
        rows.append((name, name + ".wav"))
    }

    func addFile(_ name: String, _ bytes: [UInt8]) throws {
        try FileSystem.write(folder + "/" + name) { try $0(bytes[...]) }
        rows.append((name, name))
    }

    /// The manifest is of these from now on; their files stay.
    func keep(_ rows: [(clip: String, path: String)]) {
        var seen: Set<String> = []
        self.rows = rows.filter { seen.insert($0.clip).inserted }
    }

    func manifest() throws -> Manifest {
        let path = folder + "/manifest.csv"
        try FileSystem.write(path) { put in
            var bytes = CSV.row(["clip", "path"])
            for row in rows { CSV.append([row.clip, row.path], to: &bytes) }
            try put(bytes[...])
        }
        return try Manifest(contentsOf: path)
    }

    func cache(_ name: String = "cache") -> CacheFolder { CacheFolder(folder: folder + "/" + name) }

    /// Runs a pipeline that ships, or one of its own text.
    @discardableResult
    func run(
        _ pipeline: String = "features.yaml", yaml: String? = nil, sets: [String] = [], cache: CacheFolder? = nil,
        workers: Int = 2, readsContent: Bool = false, stop: StopSignal = StopSignal(),
        onCommit: @escaping @Sendable ([Outcome]) -> Void = { _ in }
    ) throws -> RunSession.Report {
        let file = Self.root + "/Pipelines/" + pipeline
        let loaded =
            try yaml.map { try PipelineLoader.load(yaml: $0, file: file, sets: sets) }
            ?? PipelineLoader.load(path: file, sets: sets)
        let session = try RunSession(pipeline: loaded, manifest: manifest(), cache: cache ?? self.cache())
        let plan = try session.plan(readsContent: readsContent)
        return try session.run(plan, workers: workers, stop: stop, onCommit: onCommit)
    }

    /// Digest of every clip's rows, by clip and kind, wherever they lie.
    func digests(_ cache: CacheFolder? = nil) throws -> [String: String] {
        let ledger = try (cache ?? self.cache()).reading()
        var names: [Int64: String] = [:]
        try ledger.forEachClip { names[$0.id] = $0.name }
        let kinds = Dictionary(uniqueKeysWithValues: try ledger.stages().map { ($0.id, $0.kind) })
        var found: [String: String] = [:]
        try ledger.forEachResult { result in
            guard let name = names[result.clip] else { return }
            found["\(name) \(kinds[result.stage] ?? "")"] = result.digest
        }
        return found
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
