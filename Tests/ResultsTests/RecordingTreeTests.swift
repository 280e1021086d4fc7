import Audio
import Foundation
import Results
import Testing

/// Names of files that are made from recordings' and clips' names.
@Suite struct RecordingTreeTests {
    private func tree(_ paths: [String]) -> RecordingTree { RecordingTree { body in paths.forEach { body($0, nil) } } }

    private func names(_ paths: [String]) -> [String] {
        let tree = tree(paths)
        return paths.enumerated().map { tree.file(clip: "clip \($0)", path: $1, ending: "txt") }
    }

    @Test(arguments: [
        ([], "/"), (["/a/b/c.wav"], "/a/b"), (["/a/b/c.wav", "/a/d.wav"], "/a"), (["/a/b.wav", "/ab/c.wav"], "/"),
        (["/a/caf\u{E9}/x", "/a/cafe\u{301}/x"], "/a"), (["/x.wav"], "/"),
    ]) func root(paths: [String], expected: String) {
        #expect(RecordingTree.root { body in paths.forEach(body) } == expected)
    }

    @Test func mirrored() {
        #expect(
            names(["/d/s/a.wav", "/d/b.x.flac", "/d/.hidden", "/d/none"]) == [
                "s/a.txt", "b.x.txt", ".hidden.txt", "none.txt",
            ])
        #expect(names(["/d/a.wav", "/d/a.flac", "/d/b.wav"]) == ["a.wav.txt", "a.flac.txt", "b.txt"])
        // Letter case does not tell them apart everywhere.
        #expect(names(["/d/s/a.wav", "/d/s/A.mp3"]) == ["a.wav.txt", "A.mp3.txt"])
        let twice = names(["/d/s/a.wav", "/d/s/A.wav", "/d/s/a.wav"])
        #expect(Set(twice.map { $0.lowercased() }).count == 3, "\(twice)")
        // `a` with its ending is what another is called without: neither takes the other's name.
        let chain = names(["/d/a.wav", "/d/a.mp3", "/d/a.wav.ogg"])
        #expect(Set(chain).count == 3, "\(chain)")
        // A folder is in the way of a file of its name.
        let folder = names(["/d/a.wav", "/d/a.txt/b.wav"])
        #expect(folder[0] == "a.wav.txt" && folder[1] == "a.txt/b.txt", "\(folder)")
    }

    /// Parts and channels of a recording are told by what they are, not by a digest.
    @Test func partsAndChannels() throws {
        func names(_ clips: [(String, String)]) throws -> [String] {
            let clips = clips.map { (path: $0.0, part: RecordingPart($0.1)) }
            let tree = RecordingTree { body in for clip in clips { body(clip.path, clip.part) } }
            return clips.enumerated().map { place, clip in
                tree.file(clip: "clip \(place)", path: clip.path, part: clip.part, ending: "txt")
            }
        }
        #expect(
            try names([
                ("/d/a.wav", ""), ("/d/a.wav", "start=0.5 end=2.25"), ("/d/a.wav", "end=1"), ("/d/a.wav", "start=90"),
                ("/d/a.wav", "channel=2"), ("/d/a.wav", "start=0.5 end=2.25 channel=1"),
            ]) == [
                "a.txt", "a_0.5-2.25.txt", "a_0-1.txt", "a_90-end.txt", "a_ch2.txt", "a_0.5-2.25_ch1.txt",
            ])
        #expect(
            try names([("/d/a.wav", "channel=1"), ("/d/a.flac", "channel=1"), ("/d/b", "channel=1")]) == [
                "a.wav_ch1.txt", "a.flac_ch1.txt", "b_ch1.txt",
            ])
        #expect(
            try names([
                ("/d/s/New Recording 1.m4a", "start=0.5 end=2.25"), ("/d/s/New Recording 1.m4a", "channel=2"),
                ("/d/none", "end=1"), ("/d/.hidden", "end=1"), ("/d/e\u{301}.b.wav", "end=1"),
            ]) == [
                "s/New Recording 1_0.5-2.25.txt", "s/New Recording 1_ch2.txt", "none_0-1.txt", ".hidden_0-1.txt",
                "e\u{301}.b_0-1.txt",
            ])
        // Another recording may be called as a part is, and a manifest may name a part twice.
        let odd = try names([
            ("/d/a.wav", "channel=1"), ("/d/a_ch1.wav", ""), ("/d/a.wav_ch1", ""), ("/d/c.wav", "channel=1"),
            ("/d/c.wav", "channel=1"),
        ])
        #expect(Set(odd).count == 5, "\(odd)")
    }

    /// Whatever the recordings are called: relative, within the folder, no name twice, each component fit for every file system.
    @Test func safeWhateverTheNames() {
        var draw = Draw(11)
        let parts = [
            "a", "A", "a.wav", "a.WAV", "..", ". .", "con", "CON.x", "a:b", "a?b", "x ", "x.", "e\u{301}", "\u{E9}",
            "\u{EFE9}",
            "a\nb", "\\", String(repeating: "long", count: 100), String(repeating: "é", count: 130), "*", "\u{202E}z",
            "~", "-",
        ]
        for _ in 0..<60 {
            let paths = (0..<40).map { _ in
                "/r/"
                    + (0...draw.number(below: 3)).map { _ in parts[draw.number(below: parts.count)] }
                    .filter { $0 != ".." }.joined(separator: "/") + "/f" + parts[draw.number(below: parts.count)]
            }
            let found = names(paths)
            #expect(Set(found.map { $0.precomposedStringWithCanonicalMapping.lowercased() }).count == found.count)
            for name in found {
                #expect(!name.hasPrefix("/"))
                for part in name.split(separator: "/", omittingEmptySubsequences: false) {
                    #expect(!part.isEmpty && part != "." && part != ".." && part.utf8.count <= 247, "\(name)")
                    #expect(!part.unicodeScalars.contains { "\\:*?\"<>|".unicodeScalars.contains($0) || $0.value < 32 })
                }
            }
        }
    }

    @Test(arguments: [
        ("Dog", "Dog"), ("a/b", "a_b"), ("..", "__"), (".", "_"), ("", "_"), ("x. ", "x__"), ("NUL", "_NUL"),
        ("nul.txt", "_nul.txt"),
        ("null", "null"), ("Child speech, kid speaking", "Child speech, kid speaking"), ("caf\u{EFE9}", "caf_"),
    ]) func components(name: String, expected: String) {
        #expect(SafeName.component(name, limit: 60) == expected)
    }

    @Test func longNamesDifferByTheirDigest() {
        let names = ["x", "y"].map { SafeName.component(String(repeating: "日", count: 80) + $0, limit: 60) }
        #expect(names[0] != names[1] && names.allSatisfy { $0.utf8.count <= 60 && $0.hasPrefix("日日") })
    }
}
