import Foundation
import Testing

/// `model quantize` with a cache: what it finds, what it writes, what it says of the cost.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct QuantizeTests {
    /// The metadata of a model file.
    private static func metadata(_ bytes: [UInt8]) throws -> [String: String] {
        struct Header: Decodable {
            let metadata: [String: String]
            enum CodingKeys: String, CodingKey { case metadata = "__metadata__" }
        }
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        return try JSONDecoder().decode(Header.self, from: Data(bytes[8..<8 + length])).metadata
    }

    private static func tensors(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        bytes[(8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) })...]
    }

    @Test("Calibrated on a cache, a model has ranges, keeps its weights, and costs what evaluate says")
    func calibration() throws {
        let scratch = try Scratch()
        try scratch.synth(12)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let corpus = ["--cache", scratch.path("cache"), "--manifest", scratch.path("corpus.csv")]
        let out = scratch.path("calibrated.safetensors")
        let result = try Tool.run(["model", "quantize", Tool.lean, out] + corpus)
        #expect(result.status == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 4, "\(result.output)")

        let (before, after) = (
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: Tool.lean))), try scratch.bytes("calibrated.safetensors")
        )
        #expect(Self.tensors(before) == Self.tensors(after))
        let text = try #require(Self.metadata(after)["activation_ranges"])
        let ranges = try JSONDecoder().decode([String: Double].self, from: Data(text.utf8))
        #expect(!ranges.isEmpty && ranges.count < 25 && ranges.values.allSatisfy { $0 > 0 && $0 < 6 })
        #expect(lines[1].hasPrefix("ranges: \(ranges.count) layer") && lines[1].contains("on 12 clips"), "\(lines[1])")

        struct Report: Decodable { let mAP: Double }
        let evaluated = try Tool.run(
            ["evaluate", out, "--json", "--resamples", "0", "--pipeline", Tool.pipeline("features.yaml")] + corpus)
        let report = try JSONDecoder().decode(Report.self, from: Data(evaluated.output.utf8))
        let figure = String(format: "%.4f", report.mAP)
        #expect(lines[2].hasPrefix("mAP: ") && lines[2].hasSuffix(", \(figure) in int8"), "\(lines[2]) \(figure)")
        let difference = try #require(
            lines[3].wholeMatch(of: /largest difference of a clip's score: ([0-9.]+) \('.*\)/))
        #expect((0.00001..<0.1).contains(Double(difference.1) ?? 0), "\(lines[3])")
    }

    @Test("A file that is there is replaced only with --force, and the model itself never")
    func existing() throws {
        let scratch = try Scratch()
        let out = scratch.path("x.safetensors")
        try scratch.write("x.safetensors", "mine")
        let refused = try Tool.run("model", "quantize", Tool.lean, out)
        #expect(refused.status == 64 && refused.errors.contains("--force replaces it"), "\(refused.errors)")
        // Without clips to calibrate on, a model in 8 bits is refused, but only once the file may be replaced.
        let forced = try Tool.run("model", "quantize", Tool.lean, out, "--force")
        #expect(forced.errors.contains("is quantised already"), "\(forced.status) \(forced.errors)")
        #expect(try scratch.text("x.safetensors") == "mine")
        let copy = scratch.path("copy.safetensors")
        try FileManager.default.copyItem(atPath: Tool.lean, toPath: copy)
        for more in [[], ["--force"]] {
            let itself = try Tool.run(["model", "quantize", copy, copy] + more)
            #expect(itself.status == 64 && itself.errors.contains("it is the model itself"), "\(itself.errors)")
        }
        try scratch.synth(2)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let done = try Tool.run(
            "model", "quantize", Tool.lean, out, "--cache", scratch.path("cache"), "--manifest",
            scratch.path("corpus.csv"), "--force")
        #expect(done.status == 0, "\(done.errors)")
        #expect(try scratch.bytes("x.safetensors").count > 1_000_000)
    }

    @Test("Labels that are no class are refused as by evaluate; those that a map ignores are counted")
    func labels() throws {
        let scratch = try Scratch()
        try scratch.synth(12)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let header = try #require(try scratch.lines("corpus.csv").first)
        try #require(header == "clip,path,labels,split")
        // The first clip has a known label, the second none, all others labels of another vocabulary.
        let known = try #require(try Tool.run("model", "classes", Tool.lean).output.split(separator: "\n").last)
        let name = try #require(known.split(separator: ",").last.map(String.init))
        let rows = try scratch.lines("corpus.csv").dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false).prefix(2).joined(separator: ",")
        }
        let labels = [name, ""] + (2..<rows.count).map { $0 % 2 == 0 ? "Gong-like" : "Zither-like" }
        try scratch.write(
            "other.csv",
            "clip,path,labels,split\n" + zip(rows, labels).map { "\($0),\($1),train\n" }.joined())
        let out = scratch.path("x.safetensors")
        let corpus = ["--cache", scratch.path("cache"), "--manifest", scratch.path("other.csv")]
        let refused = try Tool.run(["model", "quantize", Tool.lean, out] + corpus)
        let words = "other.csv:4: found label 'Gong-like' of clip"
        #expect(refused.status == 65 && refused.errors.contains(words), "\(refused.errors)")
        #expect(refused.errors.contains("(unknown in all: 2 names in 10 clips: "), "\(refused.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
        // The very words of evaluate, once every clip has a label, as it asks for.
        let whole = try scratch.text("other.csv").replacingOccurrences(of: ",,train", with: ",\(name),train")
        try scratch.write("all.csv", whole)
        let all = ["--cache", scratch.path("cache"), "--manifest", scratch.path("all.csv")]
        let evaluated = try Tool.run(
            ["evaluate", Tool.lean, "--resamples", "0", "--pipeline", Tool.pipeline("features.yaml")] + all)
        let again = try Tool.run(["model", "quantize", Tool.lean, out] + all)
        func told(_ result: Tool.Result) -> [Substring] {
            result.errors.split(separator: "\n").filter { $0.contains("found label") }
        }
        #expect(evaluated.status == 65 && told(evaluated) == told(again) && told(again).count == 1, "\(again.errors)")
        try scratch.write("map.csv", "label,class\nGong-like,\nZither-like,\(name)\n")
        let mapped = try Tool.run(
            ["model", "quantize", Tool.lean, out, "--label-map", scratch.path("map.csv")] + corpus)
        #expect(mapped.status == 0 && mapped.output.contains("mAP: "), "\(mapped.errors)")
        let ignored = "map.csv ignores 5 labels of 5 clips: 'Gong-like' 5 times"
        #expect(mapped.output.contains(ignored), "\(mapped.output)")
        #expect(mapped.output.contains("6 clips without a label, taken as having no class"), "\(mapped.output)")
    }

    @Test("A manifest without labels is calibrated on, and has no mAP")
    func unlabelled() throws {
        let scratch = try Scratch()
        try scratch.synth(3)
        #expect(try Tool.run(scratch.run("features.yaml")).status == 0)
        let rows = try scratch.lines("corpus.csv").dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false).prefix(2).joined(separator: ",")
        }
        try scratch.write("plain.csv", "clip,path\n" + rows.map { $0 + "\n" }.joined())
        let result = try Tool.run(
            "model", "quantize", Tool.lean, scratch.path("x.safetensors"), "--cache", scratch.path("cache"),
            "--manifest", scratch.path("plain.csv"))
        #expect(result.status == 0 && result.output.contains("mAP: none"), "\(result.output)\(result.errors)")
        #expect(!result.output.contains("without a label"), "\(result.output)")
    }

    @Test("What belongs together is asked for together, and a clip without features is named")
    func refusals() throws {
        let scratch = try Scratch()
        try scratch.synth(2)
        let out = scratch.path("x.safetensors")
        for (arguments, status, words) in [
            (["--cache", scratch.path("cache")], 64, "--cache and --manifest belong together"),
            (["--split", "train"], 64, "expected --cache"),
            (["--cache", scratch.path("cache"), "--manifest", scratch.path("corpus.csv")], 65, "no ledger.sqlite"),
        ] as [([String], Int32, String)] {
            let result = try Tool.run(["model", "quantize", Tool.lean, out] + arguments)
            #expect(result.status == status && result.errors.contains(words), "\(result.status) \(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: out))
        }
    }
}
