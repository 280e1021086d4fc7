import Foundation
import TestSupport
import Testing

/// Parts of manifests whose clips are stretches or channels of recordings, or lie in archives.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct PartManifestTests {
    private func corpus() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.writeTone("a.wav", 1, seconds: 3)
        try scratch.writeTone("b.wav", 2, seconds: 2)
        try scratch.writeTone("c.wav", 3, seconds: 2.5)
        var tar = MadeTar(.pax)
        tar.add(Array("in/c.wav".utf8), try scratch.bytes("c.wav"))
        try scratch.write("c.tar", tar.data)
        try scratch.write(
            "corpus.csv",
            """
            clip,path,start,end,channel,place
            a1,a.wav,0,1,,pond
            a2,a.wav,1,2.5,1,"x, y"
            a3,a.wav,2,,mix,
            b,b.wav,,,,wood
            c,c.tar!/in/c.wav,,,,
            c2,c.tar!/in/c.wav,0.5,1.5,,reed

            """)
        return scratch
    }

    @Test("Stretches, channels, members of archives and further columns: merged, they are what one run makes of them")
    func stretches() throws {
        let scratch = try corpus()
        #expect(try Tool.run(scratch.run("label.yaml", cache: "whole")).status == 0)
        var parts = PartCache(scratch: scratch)
        parts.parts = 3
        for part in 0..<3 {
            let result = try Tool.run(parts.work(part))
            #expect(result.status == 0, "\(result.errors)")
        }
        let merged = try Tool.run(parts.merge())
        #expect(merged.status == 0, "\(merged.errors)")
        let (own, single) = (try PartCache.exports(scratch, "cache"), try PartCache.exports(scratch, "whole"))
        for (name, bytes) in single { #expect(own[name] == bytes, "\(name)") }
        // What the manifest says of clips besides, and where stretches begin, came along.
        let labels = String(decoding: own["labels.csv"] ?? [], as: UTF8.self)
        #expect(labels.contains(",pond\n") && labels.contains(",\"x, y\"\n") && labels.contains(",reed\n"))
        #expect(try Tool.run("verify", "--cache", parts.folder).status == 0)
        #expect(try CacheContents(scratch, cache: "cache") == CacheContents(scratch, cache: "whole"))
    }

    @Test("Parts are balanced by the lengths of stretches and of members of archives")
    func lengths() throws {
        let scratch = try corpus()
        var parts = PartCache(scratch: scratch)
        parts.parts = 1
        let shown = try Tool.run(parts.submit("--dry-run"))
        // a1, a2 and c2 from the columns.
        #expect(
            shown.output.split { $0.isWhitespace }.joined(separator: " ")
                .contains("(lengths: 3 known, 3 from headers)"),
            "\(shown.output)\(shown.errors)")
        #expect(try Tool.run(parts.work(0)).status == 0)
        let plan = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: parts.folder + "/parts/plan.json")))
        let share = ((plan as? [String: Any])?["parts"] as? [[String: Any]])?.first
        // 1 + 1.5 + 1 + 2 + 2.5 + 1 s.
        #expect(abs((share?["seconds"] as? Double ?? 0) - 9) < 0.01)
    }

    @Test(
        "A row for each channel: every channel is a clip of some part, and merged they are what one run makes of them")
    func each() throws {
        let scratch = try corpus()
        for (name, channels) in [("two.wav", 2), ("four.wav", 4)] {
            try scratch.writeTone("mono.wav", channels, seconds: 2)
            // The same samples, told to be of several channels.
            var bytes = try scratch.bytes("mono.wav")
            (bytes[22], bytes[32]) = (UInt8(channels), UInt8(2 * channels))
            try scratch.write(name, bytes)
        }
        try scratch.write(
            "corpus.csv",
            """
            place,channel,clip,path
            "x, y",each,two,two.wav
            ,,a,a.wav
            pond,Each,four,four.wav
            ,each,gone,gone.wav
            ,each,c,c.tar!/in/c.wav

            """)
        #expect(try Tool.run(scratch.run("label.yaml", cache: "whole")).status == 3)
        var parts = PartCache(scratch: scratch)
        parts.parts = 3
        for part in 0..<3 {
            let result = try Tool.run(parts.work(part))
            #expect([0, 3].contains(result.status), "\(result.errors)")
        }
        #expect(try parts.status().clips == 9)
        let merged = try Tool.run(parts.merge())
        #expect(merged.status == 3, "\(merged.errors)")
        let (own, single) = (try PartCache.exports(scratch, "cache"), try PartCache.exports(scratch, "whole"))
        for (name, bytes) in single { #expect(own[name] == bytes, "\(name)") }
        let labels = String(decoding: own["labels.csv"] ?? [], as: UTF8.self)
        #expect(labels.contains("two#2,") && labels.contains("four#4,"))
        #expect(try CacheContents(scratch, cache: "cache") == CacheContents(scratch, cache: "whole"))
        let run = try Tool.run(scratch.run("label.yaml").filter { $0 != "--quiet" })
        #expect(run.status == 3 && run.errors.contains("nothing to do"), "\(run.errors)")
    }
}
