import Corpora
import Testing

/// Lengths of clips whose headers say nothing.
struct ClipLengthsTests {
    /// Files that are not there: only their sizes, and what is known of some of their lengths, count.
    private func seconds(_ files: [(name: String, size: Int64, known: Float)]) throws -> [Double] {
        let text = "clip,path\n" + files.enumerated().map { "\($0),\($1.name)\n" }.joined()
        let manifest = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/nowhere")
        let found = ClipLengths(
            manifest, rows: Array(files.indices), sizes: files.map(\.size), lengths: files.map(\.known))
        #expect(found.known == files.count { $0.known > 0 } && found.fromHeaders == 0)
        return found.seconds
    }

    @Test("An ending of which nothing is known has a rate of its own, not that of the WAV files")
    func endings() throws {
        let found = try seconds([
            ("a.wav", 960_000, 10), ("b.wav", 96_000, 0), ("c.m4a", 160_000, 0), ("d.MP3", 16_000, 0),
            ("e.opus", 16_000, 0), ("f.xyz", 32_000, 0), ("g", 32_000, 0), ("h.amr", 4_000, 0), ("i.flac", 50_000, 0),
            ("j.aiff", 88_200, 0), ("gone.m4a", 0, 0),
        ])
        #expect(found == [10, 1, 10, 1, 1, 2, 2, 2, 1, 1, 0])
        // One whose length is known tells about the others with its ending.
        #expect(try seconds([("a.m4a", 1_000, 1), ("b.m4a", 7_000, 0), ("c.m4b", 16_000, 0)]) == [1, 7, 1])
    }

    @Test("A film without a length is as long as the other films, or the other clips, whatever its size")
    func films() throws {
        let wav: (String, Int64, Float) = ("a.wav", 32_000, 20)
        #expect(try seconds([wav, ("b.mp4", 4_000_000_000, 0), ("c.ts", 1_000, 0)]) == [20, 20, 20])
        #expect(try seconds([wav, ("b.mkv", 1_000_000, 100), ("c.ts", 7_000_000, 0)]) == [20, 100, 100])
        #expect(try seconds([wav, ("b.ts", 1_000_000, 100), ("c.ts", 7_000_000, 0)]) == [20, 100, 700])
        #expect(try seconds([("b.ts", 1_000_000, 0), ("c.ts", 7_000_000, 0)]) == [60, 60])
    }
}
