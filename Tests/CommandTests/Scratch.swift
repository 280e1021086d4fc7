import Foundation
import TestSupport

/// A folder of its own for one test, with what most tests need in it; gone when the test is over.
final class Scratch {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    func path(_ name: String) -> String { folder + "/" + name }

    /// A made-up corpus and its manifest.
    func synth(_ clips: Int, seed: Int = 1, name: String = "corpus") throws {
        _ = try Tool.run("synth", path(name), "--clips", "\(clips)", "--seed", "\(seed)")
        _ = try Tool.run("manifest", "fsd50k", path(name), "--out", path(name + ".csv"))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    /// Lines of a file, the last newline apart.
    func lines(_ name: String) throws -> [String] {
        try text(name).split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    }

    /// A run's arguments.
    func run(
        _ pipeline: String, manifest: String = "corpus.csv", cache: String = "cache", workers: Int = 2,
        sets: [String] = []
    ) -> [String] {
        [
            "run", pipeline.hasPrefix("/") ? pipeline : Tool.pipeline(pipeline), "--manifest", path(manifest),
            "--cache",
            path(cache), "--workers", "\(workers)", "--quiet",
        ] + sets.flatMap { ["--set", $0] }
    }

    struct Status: Decodable {
        struct Failed: Decodable {
            let clip: String
            let path: String
            let `class`: String
            let reason: String
        }
        let clips: Int
        let done: Int
        let failed: Int
        let pending: Int
        let failures: [Failed]
        var addsUp: Bool { done + failed + pending == clips }
    }

    func status(cache: String = "cache") throws -> Status {
        let result = try Tool.run("status", "--cache", path(cache), "--json")
        return try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
    }

    /// 16-bit mono samples as a WAV file.
    func writeWAV(_ name: String, rate: Int = 16_000, samples: [Int16]) throws {
        func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        var bytes = Array("RIFF".utf8) + word(36 + 2 * samples.count) + Array("WAVEfmt ".utf8) + word(16)
        bytes += [1, 0, 1, 0] + word(rate) + word(2 * rate) + [2, 0, 16, 0] + Array("data".utf8)
        bytes += word(2 * samples.count)
        for sample in samples { bytes += [UInt8(truncatingIfNeeded: sample), UInt8(truncatingIfNeeded: sample >> 8)] }
        try write(name, bytes)
    }

    /// A tone that differs by its number.
    func writeTone(_ name: String, _ number: Int, seconds: Double = 1.5) throws {
        try writeWAV(
            name,
            samples: (0..<Int(16_000 * seconds)).map {
                Int16(9000 * sin(Double($0) * 0.05 * (1 + 0.1 * Double(number))))
            })
    }
}
