import Corpora
import Files
import Foundation
import TestSupport
import Testing

@Suite struct FolderScannerTests {
    @Test func findsAudioSortedWithFoldersAsLabels() throws {
        let folder = try TemporaryFolder()
        for name in [
            "b/x.WAV", "a/deep, er/y.flac", "a/x.wav", "a/x.ogg", "top.opus", "a/notes.txt", ".hidden/z.wav",
            "a/._x.wav",
        ] {
            try folder.put(name)
        }
        let scan = try FolderScanner.scan(folder.path)
        #expect(scan.warnings.isEmpty)
        #expect(scan.entries.map(\.clip) == ["a/deep, er/y.flac", "a/x.ogg", "a/x.wav", "b/x.WAV", "top.opus"])
        #expect(scan.entries.map(\.labels) == [["a", "deep, er"], ["a"], ["a"], ["b"], []])
        #expect(scan.entries[1].path.hasSuffix("/a/x.ogg") && scan.entries[1].path.hasPrefix("/"))
    }

    @Test func followsLinksAndEndsAtLoops() throws {
        let folder = try TemporaryFolder()
        try folder.put("real/x.wav")
        try folder.put("elsewhere.d/kept/y.wav")
        try folder.link("real/loop", to: folder.path)
        try folder.link("aaa", to: "real")
        try folder.link("real/again.wav", to: "x.wav")
        try folder.link("real/broken.wav", to: "nowhere")
        let scan = try FolderScanner.scan(folder.path)
        #expect(scan.entries.map(\.clip) == ["elsewhere.d/kept/y.wav", "real/again.wav", "real/x.wav"])
        #expect(scan.warnings.count == 3)
        #expect(scan.warnings.contains { $0.contains("broken.wav") && $0.contains("a link to nothing") })
        #expect(scan.warnings.filter { $0.contains("scanned already") }.count == 2)
    }

    @Test func aLinkOutOfTheFolderIsEntered() throws {
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        try other.put("in/z.wav")
        try folder.link("out", to: other.path)
        #expect(try FolderScanner.scan(folder.path).entries.map(\.clip) == ["out/in/z.wav"])
    }

    @Test(.enabled(if: geteuid() != 0, "needs a user who is not root: root may read anything"))
    func unreadableFoldersAreWarnings() throws {
        let folder = try TemporaryFolder()
        try folder.put("ok/x.wav")
        try folder.put("shut/y.wav")
        chmod(folder.path + "/shut", 0)
        defer { chmod(folder.path + "/shut", 0o700) }
        let scan = try FolderScanner.scan(folder.path)
        #expect(scan.entries.count == 1 && scan.warnings.count == 1)
    }

    @Test func nothingToFindIsAnError() throws {
        let folder = try TemporaryFolder()
        try folder.put("readme.txt")
        #expect(message { _ = try FolderScanner.scan(folder.path) }?.contains("found no audio file") == true)
        #expect(message { _ = try FolderScanner.scan(folder.path + "/none") }?.contains("found nothing there") == true)
        #expect(message { _ = try FolderScanner.scan(folder.path + "/readme.txt") }?.contains("found a file") == true)
    }

    @Test func bytesThatAreNotTextSurvive() throws {
        let folder = try TemporaryFolder()
        let raw = Array((folder.path + "/").utf8) + [0xFF, 0xFE] + Array(".wav".utf8)
        let file = raw.map(CChar.init(bitPattern:)) + [0]
        let handle = open(file, O_CREAT | O_WRONLY, 0o600)
        #expect(handle >= 0)
        close(handle)
        let scan = try FolderScanner.scan(folder.path)
        #expect(scan.entries.count == 1)
        #expect(PathText.bytes(scan.entries[0].path) == raw)
    }

    @Test("One name composed and decomposed is two clips") func namesAreBytes() throws {
        let folder = try TemporaryFolder()
        try folder.put("caf\u{E9}.wav")
        try folder.put("cafe\u{301}.wav")
        let scan = try FolderScanner.scan(folder.path)
        #expect(scan.entries.count == 2)
        try Manifest.write(scan.entries, to: folder.path + "/m.csv")
        #expect(try Manifest(contentsOf: folder.path + "/m.csv").count == 2)
    }

    @Test("Every entry of a folder is listed, counted as left out, or warned of")
    func nothingIsLeftOutInSilence() throws {
        let folder = try TemporaryFolder()
        for name in [
            "a.wav", "b.sph", "c.ofr", "d.OFR", "e.aax", "f.txt", "g.txt", "README", ".hidden", ".git/config", "h.JPG",
        ] {
            try folder.put(name, "text")
        }
        try folder.put("i.dat", "fLaC and so on")
        try folder.put("j.aa", "RIFF1234WAVEfmt ")
        try folder.put("l.MP4", "text")
        try folder.put("k.ofs", "ID3 and so on")
        try folder.link("broken", to: "nowhere")
        try folder.link("broken.ogg", to: "nowhere")
        var named: [String] = []
        let scan = try FolderScanner.scan(folder.path) { path, reason in
            named.append("\(path.dropFirst(folder.path.count + 1)): \(reason.text)")
        }
        #expect(scan.entries.map(\.clip) == ["a.wav", "b.sph", "i.dat", "j.aa", "l.MP4"])
        #expect(
            scan.leftOut.lines == [
                "left out: 4 audio or video files that Earmark cannot read yet: 2 .ofr, 1 .aax, 1 .ofs",
                "left out: 4 files that are not audio: 2 .txt, 1 without an ending, 1 .jpg",
                "left out: 1 that is not a regular file",
                "left out: 1 hidden file and 1 hidden folder",
                "listed for their contents, not their names: 2 files: 1 .aa, 1 .dat",
            ])
        #expect(scan.warnings.count == 1 && scan.warnings[0].contains("broken.ogg"))
        #expect(named.count == 4 + 4 + 1 + 2 && named.contains("README: not audio"))
        #expect(named.contains("c.ofr: audio or video that Earmark cannot read yet"))
    }

    @Test("MPEG audio without a tag is known by two frames, and the mark of UTF-16 text is not taken for one")
    func frames() {
        for (header, length) in [([0xFF, 0xFB, 0x90, 0x00], 417), ([0xFF, 0xFD, 0xC4, 0x04], 768)] as [([UInt8], Int)] {
            let frame = header + [UInt8](repeating: 0, count: length - 4)
            let isFound = AudioKind.of(head: frame + header) == .readable(byContents: true)
            #expect(isFound, "\(header)")
            #expect(AudioKind.of(head: frame) == .other)
        }
        let text: [UInt8] = [0xFF, 0xFE] + "clip,path\n".utf8.flatMap { [$0, 0] }
        #expect(AudioKind.of(head: text) == .other)
        let adts: [UInt8] = [0xFF, 0xF1, 0x50, 0x80, 0x02, 0x1F, 0xFC] + [UInt8](repeating: 0, count: 9)
        #expect(AudioKind.of(head: adts + adts) == .readable(byContents: true))
    }

    @Test("Looking at the first bytes never ends the program, whatever they are and wherever they end")
    func noBytesCrash() {
        var state: UInt64 = 5
        let starts: [[UInt8]] = ["RIFF", "FORM", "OggS", "riff", "MATLAB 5.0 MAT-file", "\u{0}\u{0}\u{0}\u{0}ftyp"].map
        { Array($0.utf8) }
        for round in 0..<3000 {
            var bytes = round % 2 == 0 ? starts[round / 2 % starts.count] : [0xFF, UInt8(0xE0 | round / 2 % 32)]
            for _ in 0..<round % 40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                bytes.append(UInt8(truncatingIfNeeded: state >> 33))
            }
            for end in 0...bytes.count { _ = AudioKind.of(head: Array(bytes[..<end])) }
        }
    }
}
