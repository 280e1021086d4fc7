import Foundation
import TestSupport
import Testing

/// Manifests/demo.csv and the examples of the page beside it, held to what the program does.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct DemoManifestTests {
    /// A working folder as the page has it: the demo's manifest at its place, and what its examples list.
    private func workplace() throws -> Scratch {
        let scratch = try Scratch()
        let files = FileManager.default
        try files.createDirectory(atPath: scratch.path("Manifests"), withIntermediateDirectories: true)
        try files.copyItem(atPath: Tool.root + "/Manifests/demo.csv", toPath: scratch.path("Manifests/demo.csv"))
        for site in ["pond", "wood"] {
            try files.createDirectory(atPath: scratch.path("recordings/" + site), withIntermediateDirectories: true)
            for number in 0..<4 {
                try scratch.writeTone("recordings/\(site)/rec\(number / 2)_\(number).wav", number, seconds: 0.4)
            }
        }
        var shard = MadeTar(.pax)
        shard.add("bark.wav", try scratch.bytes("recordings/pond/rec0_0.wav"))
        shard.add("bark.cls", Array("Dog".utf8))
        try files.createDirectory(atPath: scratch.path("shards"), withIntermediateDirectories: true)
        try scratch.write("shards/0001.tar", shard.data)
        _ = try Tool.run("synth", scratch.path("FSD50K"), "--clips", "5")
        return scratch
    }

    /// The page's command lines, in their order.
    private func commands() throws -> [[String]] {
        let page = try String(contentsOfFile: Tool.root + "/Manifests/README.md", encoding: .utf8)
        return page.components(separatedBy: "```").enumerated().filter {
            $0.offset % 2 == 1 && $0.element.hasPrefix("sh\n")
        }
        .flatMap { $0.element.split(separator: "\n").dropFirst() }
        .map { $0.split(separator: " ").map { $0.trimmingCharacters(in: ["'"]) } }
    }

    @Test("Every command line of the page runs as it stands there")
    func examples() throws {
        let scratch = try workplace()
        let commands = try commands()
        #expect(commands.count >= 6 && commands.allSatisfy { $0.first == "earmark" })
        for command in commands {
            let result = try Tool.start(Array(command.dropFirst()), folder: scratch.folder).wait()
            #expect(result.status == 0, "\(command): \(result.errors)")
        }
        #expect(try scratch.status(cache: "Cache/demo/features").done == 60)
        // A recorder's clips stand together.
        let rows = try scratch.lines("recorders.csv").dropFirst()
        for recorder in ["/rec0_", "/rec1_"] {
            #expect(Set(rows.filter { $0.contains(recorder) }.map { $0.split(separator: ",").last }).count == 1)
        }
        for site in ["pond", "wood"] {
            let own = try scratch.lines("sites.csv").filter { $0.hasPrefix(site) }
            #expect(own.count == 4 && Set(own.map { $0.split(separator: ",").last }).count == 1)
        }
    }

    @Test("The demo's manifest is what synth makes: names, labels, splits, and paths to files that are there")
    func demo() throws {
        let scratch = try workplace()
        let corpus = scratch.path("Cache/demo/corpus")
        #expect(try Tool.run("synth", corpus, "--clips", "60", "--seed", "1").status == 0)
        #expect(try Tool.run("manifest", "fsd50k", corpus, "--out", scratch.path("Cache/demo/m.csv")).status == 0)
        let made = try scratch.text("Cache/demo/m.csv").replacingOccurrences(
            of: ",corpus/", with: ",../Cache/demo/corpus/")
        #expect(try scratch.text("Manifests/demo.csv") == made)
    }
}
