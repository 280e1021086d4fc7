import Audio
import EarmarkKit
import Foundation
import Synth
import TestSupport

/// Made-up recordings in a folder of their own; gone when the test is over.
final class MadeCorpus {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let label = root + "/Pipelines/label.yaml"
    static let model = root + "/Models/lean-esc10.safetensors"

    private let temporary: TemporaryFolder
    var folder: String { temporary.path }
    private(set) var clips: [(name: String, path: String)] = []

    init(clips count: Int, seed: UInt64 = 1) throws {
        temporary = try TemporaryFolder()
        var paths: [String] = []
        let made = try Synth(clips: count, seed: seed).write(to: temporary.path) { path, rate, channels, samples in
            try AudioWriter.write(path, rate: rate, channels: channels, samples: samples)
            paths.append(path)
        }
        clips = zip(made, paths).map { ($0.name, $1) }
    }

    func add(_ name: String, path: String) { clips.append((name, path)) }
    func put(_ name: String, _ text: String) throws -> String { try temporary.put(name, text) }

    func list() throws -> ClipList { try ClipList(clips) }
    func cache(_ name: String = "cache") -> FeatureCache { FeatureCache(folder: folder + "/" + name) }

    /// A file's samples, the mean over its channels, at its own rate.
    func samples(of path: String) throws -> (values: [Float], rate: Int) {
        let file = try AudioFile(path: path)
        var values: [Float] = []
        var block = [Float](repeating: 0, count: 10_000)
        while true {
            let count = try block.withUnsafeMutableBufferPointer { try file.read(into: $0) }
            if count == 0 { return (values, file.rate) }
            values += block[..<count]
        }
    }
}
