import Foundation
import Testing

/// The package in Examples, and the pages of the library that it uses.
struct ExampleTests {
    private static let program = (Tool.path as NSString).deletingLastPathComponent + "/ExampleTagFiles"
    private static var isBuilt: Bool { Tool.isBuilt && FileManager.default.isExecutableFile(atPath: program) }
    private static let notBuilt: Comment =
        "needs the example and the program beside each other, and found none as \(program); 'swift build' makes both"
    private static let package = Tool.root + "/Examples/TagFiles"

    // Needs a build of the example, which a test run of an installed program has not.
    @Test(
        "It prints the three highest scores of each file that the command exports, and tells of one that cannot be read",
        .enabled(if: isBuilt, notBuilt))
    func output() throws {
        let scratch = try Scratch()
        for number in 0..<3 { try scratch.writeTone("tone\(number).wav", number) }
        try scratch.write("words.wav", "no audio")
        let files = (0..<3).map { scratch.path("tone\($0).wav") } + [scratch.path("words.wav")]
        let result = try Tool.start(
            [Tool.pipeline("label.yaml"), scratch.path("kit")] + files, executable: Self.program
        ).wait()
        #expect(result.status == 0, "\(result.errors)")
        var lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 4 && lines.removeFirst().hasPrefix("\(files[3]): unsupported: "), "\(result.output)")

        _ = try Tool.run("export", "scores", "--cache", scratch.path("kit"), "--out", scratch.path("kit.csv"))
        let table = try scratch.lines("kit.csv").map { $0.split(separator: ",").map(String.init) }
        for (line, row) in zip(lines, table.dropFirst()) {
            let scores = zip(table[0], row).dropFirst().map { (label: $0, score: Float($1) ?? 0) }
            let best = scores.sorted { $0.score > $1.score }.prefix(3).map { "\($0.label) \($0.score)" }
            #expect(line == "\(row[0]): " + best.joined(separator: ", "))
        }
        // The command itself leaves the same.
        try scratch.write("m.csv", "clip,path\n" + files.map { "\($0),\($0)\n" }.joined())
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv")).status == 3)
        _ = try Tool.run("export", "scores", "--cache", scratch.path("cache"), "--out", scratch.path("own.csv"))
        #expect(try scratch.bytes("own.csv") == scratch.bytes("kit.csv"))
        #expect(try CacheContents(scratch, cache: "cache") == CacheContents(scratch, cache: "kit"))
        #expect(try Tool.run("verify", "--cache", scratch.path("kit")).status == 0)
        let wrong = try Tool.start(["/no.yaml", scratch.path("kit"), files[0]], executable: Self.program).wait()
        #expect(wrong.status == 1 && wrong.output == "/no.yaml: no such pipeline\n", "\(wrong.output)\(wrong.errors)")
    }

    private func manifest(_ folder: String) throws -> [String: Any] {
        // A build folder of its own: SwiftPM, which runs this test, lets one of it at a time into the package's.
        let scratch = try Scratch()
        let result = try Tool.start(
            ["swift", "package", "--package-path", folder, "--scratch-path", scratch.folder, "dump-package"],
            executable: "/usr/bin/env"
        ).wait()
        #expect(result.status == 0, "\(result.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    @Test("Its own manifest depends on this package and on a library product that there is")
    func package() throws {
        let own = try manifest(Self.package)
        let dependencies = try #require(own["dependencies"] as? [[String: [[String: Any]]]])
        let path = try #require(dependencies.first?["fileSystem"]?.first?["path"] as? String)
        #expect(dependencies.count == 1)
        #expect(URL(fileURLWithPath: path).standardized.path == URL(fileURLWithPath: Tool.root).standardized.path)
        let target = try #require((own["targets"] as? [[String: Any]])?.first)
        let product = (target["dependencies"] as? [[String: [Any]]])?.first?["product"]?.first as? String
        let products = try #require(try manifest(Tool.root)["products"] as? [[String: Any]])
        let library = products.first { $0["name"] as? String == product }
        #expect((library?["type"] as? [String: Any])?.keys.first == "library", "\(product as Any)")
        // What is built here as ExampleTagFiles is that package's own source.
        let source = "\(Self.package)/Sources/\(target["name"] as? String ?? "")/main.swift"
        #expect(FileManager.default.fileExists(atPath: source))
    }

    @Test("Nothing but EarmarkKit is public")
    func public_() throws {
        let sources = try FileManager.default.subpathsOfDirectory(atPath: Tool.root + "/Sources")
        for source in sources where source.hasSuffix(".swift") && !source.hasPrefix("EarmarkKit/") {
            let text = try String(contentsOfFile: Tool.root + "/Sources/" + source, encoding: .utf8)
            for line in text.split(separator: "\n") {
                // `open = left` is an assignment.
                let words = line.split(separator: " ").prefix(2).filter { _ in !line.contains("open = ") }
                #expect(words.first != "public" && words.first != "open", "\(source): \(line)")
            }
        }
    }

    @Test(
        "The library's pages are made without a warning, and have every public type in their topics",
        .enabled(if: isBuilt, notBuilt))
    func documentation() throws {
        let scratch = try Scratch()
        let result = try Tool.start([scratch.path("pages")], executable: Tool.root + "/Scripts/docs.sh").wait()
        if result.status == 2 {
            print("skipped: the toolchain has no docc")
            return
        }
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        let pages = try FileManager.default.contentsOfDirectory(
            atPath: scratch.path("pages/data/documentation/earmarkkit"))
        let catalogue = try String(
            contentsOfFile: Tool.root + "/Sources/EarmarkKit/EarmarkKit.docc/EarmarkKit.md", encoding: .utf8
        ).lowercased()
        let types = pages.filter { $0.hasSuffix(".json") }.map { $0.dropLast(5) }
        #expect(types.count >= 16, "\(types)")
        for type in types {
            #expect(catalogue.contains("- ``\(type)``") || catalogue.contains("- <doc:\(type)>"), "\(type)")
        }
    }
}
