import Corpus
import Foundation
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
        #expect(scan.entries.map(\.labels) == [["a", "deep er"], ["a"], ["a"], ["b"], []])
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

    @Test(.enabled(if: geteuid() != 0)) func unreadableFoldersAreWarnings() throws {
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
}
