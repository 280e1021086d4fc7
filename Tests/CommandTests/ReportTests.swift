import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// The page that `stats`, `evaluate` and `train` write, of real sounds.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct ReportTests {
    private func labelled(_ clips: Int) throws -> Scratch {
        let scratch = try Scratch()
        try scratch.synth(clips)
        #expect(try Tool.run(scratch.run("label.yaml")).status == 0)
        return scratch
    }

    private func stats(_ scratch: Scratch, _ further: String...) throws -> Tool.Result {
        let result = try Tool.run(
            [
                "stats", "--cache", scratch.path("cache"), "--truth", scratch.path("corpus.csv"), "--threshold", "0.3",
                "--out", scratch.path("stats"),
            ] + further)
        #expect(result.status == 0, "\(result.errors)")
        return result
    }

    /// Bytes of pictures and sound in a page.
    private func media(_ page: String) -> Int {
        let pictures = page.matches(of: /(?s)<div class="excerpt">(.*?)<\/div>/).map { $0.1.utf8.count }
        let sounds = page.matches(of: /<audio [^>]*src="(.*?)"/).map { $0.1.utf8.count }
        return pictures.reduce(0, +) + sounds.reduce(0, +)
    }

    private func error(_ svg: [UInt8]) -> String? {
        let parser = XMLParser(data: Data(svg))
        return parser.parse() ? nil : "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "")"
    }

    @Test("Examples fill the room that they are given and no more, and what found none is counted")
    func room() throws {
        let scratch = try labelled(10)
        var shown: [Int] = []
        for size in ["0", "0.1", "0.3", "8"] {
            let result = try stats(scratch, "--examples-size", size)
            let page = try scratch.text("stats/report.html")
            let bytes = media(page)
            #expect(Double(bytes) <= 1e6 * (Double(size) ?? 0))
            let count = page.matches(of: /<audio\s/).count
            shown.append(count)
            #expect(result.errors.contains("\(count) example"), "\(result.errors)")
            #expect(page.contains("left out, as they did not fit into \(size) MB") == (size != "8"), "\(size)")
            // Their names and scores are there all the same.
            #expect(page.matches(of: /<figure class="example">/).count > 20)
        }
        #expect(shown[0] == 0 && shown[1] > 0 && shown[1] < shown[2] && shown[2] < shown[3])
        let flac = try stats(scratch, "--examples", "1", "--examples-encoding", "flac")
        let page = try scratch.text("stats/report.html")
        #expect(page.contains("src=\"data:audio/flac;base64,") && !page.contains("data:audio/ogg"), "\(flac.errors)")
        let none = try stats(scratch, "--examples", "0")
        #expect(try !scratch.text("stats/report.html").contains("<figure class=\"example\">"), "\(none.errors)")
    }

    @Test("Every picture is a file of its own, well-formed, under the same name each time")
    func figures() throws {
        let scratch = try labelled(8)
        let first = try stats(scratch, "--figures", scratch.path("figures"), "--examples", "1")
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path("figures")).sorted()
        #expect(first.errors.contains("\(names.count) pictures in \(scratch.path("figures"))"), "\(first.errors)")
        for name in ["clips-above.svg", "average-precision.svg", "precision-recall.svg", "confusion.svg"] {
            #expect(names.contains(name), "\(names)")
        }
        #expect(names.contains { $0.hasSuffix("-best-1.svg") } && names.contains { $0.hasSuffix("-scores.svg") })
        var bytes: [String: [UInt8]] = [:]
        for name in names {
            bytes[name] = try scratch.bytes("figures/" + name)
            #expect(error(bytes[name] ?? []) == nil, "\(name): \(error(bytes[name] ?? []) ?? "")")
        }
        try scratch.write("figures/mine.svg", "<svg/>")
        let again = try stats(scratch, "--figures", scratch.path("figures"), "--examples", "1")
        #expect(again.errors.contains("1 SVG file there not of this report"), "\(again.errors)")
        for name in names { #expect(try scratch.bytes("figures/" + name) == bytes[name], "\(name)") }
    }

    @Test(
        "Recordings that are gone or changed are told where they would stand, and frames from the cache are still drawn"
    )
    func missing() throws {
        let scratch = try labelled(8)
        _ = try stats(scratch, "--examples", "1")
        let before = try scratch.text("stats/report.html")
        let sounds = before.matches(of: /<audio\s/).count
        #expect(sounds > 0 && !before.contains("No sound:"))
        try FileManager.default.moveItem(atPath: scratch.path("corpus"), toPath: scratch.path("away"))
        let gone = try stats(scratch, "--examples", "1")
        let page = try scratch.text("stats/report.html")
        #expect(page.matches(of: /No sound: gone\./).count == sounds && !page.contains("<audio "))
        #expect(page.matches(of: /<div class="excerpt">/).count == sounds)
        #expect(gone.errors.contains("\(sounds) of them without sound"), "\(gone.errors)")
    }

    @Test("Training leaves its learning curves, replaces its own page and no other, and evaluate shows them too")
    func training() throws {
        let scratch = try Scratch()
        try scratch.synth(14)
        func train(_ epochs: Int) throws {
            let train = try Tool.run(
                "train", Tool.pipeline("features.yaml"), "--manifest", scratch.path("corpus.csv"), "--cache",
                scratch.path("cache"), "--out", scratch.path("net"), "--architecture", "wave-encoder", "--epochs",
                "\(epochs)", "--train-split", "train", "--validation-split", "", "--schedule", "constant", "--quiet")
            #expect(train.status == 0, "\(train.errors)")
        }
        try train(1)
        #expect(try scratch.text("net/report.html").contains("1 epoch, the last with loss"))
        try train(2)
        let page = try scratch.text("net/report.html")
        #expect(page.contains("2 epochs, the last with loss") && page.contains("How this was made"))
        let model = scratch.path("net/model.safetensors")
        let evaluate = try Tool.run(
            "evaluate", model, "--manifest", scratch.path("corpus.csv"), "--cache", scratch.path("cache"), "--pipeline",
            Tool.pipeline("features.yaml"), "--split", "train", "--resamples", "0", "--out", scratch.path("net"),
            "--figures", scratch.path("figures"))
        #expect(evaluate.status == 0, "\(evaluate.errors)")
        let report = try scratch.text("net/report.html")
        #expect(report.contains("2 epochs, the last with loss") && report.contains("id=\"classes-table\""))
        #expect(FileManager.default.fileExists(atPath: scratch.path("figures/training-loss.svg")))
        try train(3)
        #expect(try scratch.text("net/report.html") == report)
    }

    @Test("What the options cannot mean is refused")
    func refusals() throws {
        let scratch = try Scratch()
        for (arguments, words) in [
            (["--examples", "-1"], "--examples is -1"), (["--examples-size", "-1"], "--examples-size is -1"),
            (["--examples-encoding", "mp3"], "mp3"),
        ] {
            let result = try Tool.run(
                ["stats", "--cache", scratch.path("c"), "--out", scratch.path("o")]
                    + [arguments[0] + "=" + arguments[1]])
            #expect(result.status == 64 && result.errors.contains(words), "\(result.errors)")
        }
        let evaluate = try Tool.run("evaluate", "m", "--manifest", "m.csv", "--figures", scratch.path("f"))
        #expect(evaluate.status == 64 && evaluate.errors.contains("--out"), "\(evaluate.errors)")
    }
}
