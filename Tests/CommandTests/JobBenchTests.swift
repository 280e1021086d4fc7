import Foundation
import Testing

/// `bench job --profile`: that every kind of work is found, and that what is attributed is all that there is.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct JobBenchTests {
    private struct Figures: Decodable {
        let processorMsPerAudioS: Double
        let profile: [String: Double]?
        let unattributed: Double?
    }

    private static func figures(_ text: String) throws -> Figures {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Figures.self, from: Data(text.utf8))
    }

    private static let works = [
        "decode", "resample", "chunk", "log-mel", "infer", "aggregate", "cache", "forward", "hashing", "ledger", "run",
        "other",
    ]

    @Test("The table's rows and what is not attributed add up to the process's time, with one and with two workers")
    func profile() throws {
        let scratch = try Scratch()
        try scratch.synth(8)
        for workers in ["1", "2"] {
            let result = try Tool.run([
                "bench", "job", "--manifest", scratch.path("corpus.csv"), "--repeats", "2", "--profile", "--json",
                "--threads", workers, "--scratch", scratch.path(""),
            ])
            #expect(result.status == 0, "\(result.errors)")
            let found = try Self.figures(result.output)
            let profile = try #require(found.profile)
            #expect(Set(profile.keys) == Set(Self.works))
            let rest = try #require(found.unattributed)
            let sum = profile.values.reduce(rest, +)
            // Each figure is rounded to 0.0001.
            #expect(abs(sum - found.processorMsPerAudioS) < 0.001, "\(result.output)")
            #expect(rest > -0.001 && rest < 0.2 * found.processorMsPerAudioS, "\(result.output)")
        }
    }

    @Test("Without --profile nothing is measured, and the table for people has a line for each kind of work")
    func text() throws {
        let scratch = try Scratch()
        try scratch.synth(2)
        let arguments = ["bench", "job", "--manifest", scratch.path("corpus.csv"), "--repeats", "1"]
        let plain = try Tool.run(arguments + ["--json"])
        #expect(try Self.figures(plain.output).profile == nil)
        let told = try Tool.run(arguments + ["--profile"])
        let lines = told.output.split(separator: "\n")
        #expect(told.status == 0 && lines.count == 2 + Self.works.count + 3, "\(told.output)")
        #expect(lines.contains { $0.contains("forward pass (int8, ") })
        #expect(Set(lines.dropFirst(2).map(\.count)).count == 1, "\(told.output)")
    }

    @Test("Clips that fail end the timing: the first ones and their reasons are named")
    func failures() throws {
        let scratch = try Scratch()
        try scratch.writeTone("good.wav", 1)
        for number in 0..<5 { try scratch.write("bad\(number).wav", "no recording \(number)") }
        let rows = (0..<5).map { "bad\($0),bad\($0).wav\n" }.joined()
        for (manifest, said) in [
            ("clip,path\ngood,good.wav\nbad0,bad0.wav\n", "1 clip failed, expected none to time: bad0 ("),
            ("clip,path\ngood,good.wav\n" + rows, "5 clips failed, expected none to time: bad0 ("),
        ] {
            try scratch.write("m.csv", manifest)
            let result = try Tool.run(
                "bench", "job", "--manifest", scratch.path("m.csv"), "--repeats", "1", "--scratch", scratch.path(""))
            #expect(result.status == 3 && result.output.isEmpty, "\(result.output)")
            #expect(result.errors.split(separator: "\n").count == 1 && result.errors.contains(said), "\(result.errors)")
            // The clip's name, its file, the class of the failure and its reason.
            #expect(result.errors.contains(/bad0 \([^)]*bad0\.wav\): [a-z-]+: [^;]+/), "\(result.errors)")
            let isCut = said.hasPrefix("5")
            #expect(result.errors.hasSuffix("; and 2 more\n") == isCut, "\(result.errors)")
            #expect(result.errors.contains("; bad2 (") == isCut, "\(result.errors)")
            #expect(!result.errors.contains("bad3 ("), "\(result.errors)")
        }
    }
}
