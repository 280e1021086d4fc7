import Archives
import Corpora
import Errors
import Files
import Foundation
import TestSupport
import Testing

/// Recordings inside archives, as `manifest folder` lists them.
@Suite struct ArchiveScannerTests {
    @Test("Members are listed by archive and name; labels are the folders around and inside the archive")
    func members() throws {
        let folder = try TemporaryFolder()
        try folder.put("site/plain.wav")
        let zip = MadeZip([
            .init("Dog/", []), .init("Dog/b.wav", [1]), .init("Dog/a.flac", [1], deflated: true), .init("top.ogg", [1]),
            .init("notes.txt", [1]), .init("x.m4a", [1]), .init(".hidden/a.wav", [1]), .init("__MACOSX/._b.wav", [1]),
            .init("inner.zip", [1]), .init("noend", Array("fLaC and so on".utf8), deflated: true),
            .init("rain.dat", Array("no sound".utf8), deflated: true),
        ])
        try folder.put("site/a.zip", zip.data)
        var tar = MadeTar(.gnu)
        tar.add("./c.wav", [1])
        tar.add("link.wav", [], type: "2", link: "c.wav")
        tar.add("../up.wav", [1])
        try folder.put("b.TAR", tar.data)
        try folder.put("c.tar.gz", [0x1F, 0x8B])
        try folder.put("d.7z")
        var named: [String] = []
        let scan = try FolderScanner.scan(folder.path) { path, reason in
            named.append("\(path.dropFirst(folder.path.count + 1)): \(reason.text)")
        }
        #expect(
            scan.entries.map(\.clip) == [
                "b.TAR!/c.wav", "site/a.zip!/Dog/a.flac", "site/a.zip!/Dog/b.wav", "site/a.zip!/noend",
                "site/a.zip!/top.ogg", "site/plain.wav",
            ])
        #expect(scan.entries.map(\.labels) == [[], ["site", "Dog"], ["site", "Dog"], ["site"], ["site"], ["site"]])
        #expect(scan.entries.map(\.path) == scan.entries.map { folder.path + "/" + $0.clip })
        #expect(scan.warnings.isEmpty && scan.archives.lines == ["listed from 2 archives: 5 recordings"])
        let advice = "unpack it, or pack its files into a .zip or an uncompressed .tar"
        #expect(
            scan.leftOut.lines == [
                "left out: 1 audio or video file that Earmark cannot read yet: 1 .m4a",
                "left out: 2 files that are not audio: 1 .dat, 1 .txt", "left out: 2 hidden files",
                "left out: 2 archives whose members cannot be read one by one (\(advice)): 1 .7z, 1 .gz",
                "left out: 1 archive inside an archive", "left out: 1 member of archives: it is a link",
                "left out: 1 member of archives: its name is absolute or has '..'",
                "listed for their contents, not their names: 1 file: 1 without an ending",
            ])
        // Nothing of the eleven members and five files is missing from entries and names.
        #expect(named.count == 1 + 2 + 2 + 2 + 1 + 1 + 1)
        #expect(named.contains("b.TAR!/link.wav: a member of an archive that is not read: it is a link"))
        let without = try FolderScanner.scan(folder.path, listsArchives: false)
        #expect(without.entries.map(\.clip) == ["site/plain.wav"])
        #expect(without.leftOut.lines.contains("left out: 2 archives: 1 .tar, 1 .zip"))
    }

    @Test("One archive alone: clips are named by their members; a manifest of it reads the same paths")
    func oneArchive() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("a.zip", MadeZip([.init("d/x.wav", [1]), .init("y.wav", [1])]).data)
        let scan = try FolderScanner.scan(path)
        #expect(scan.entries.map(\.clip) == ["d/x.wav", "y.wav"] && scan.entries.map(\.labels) == [["d"], []])
        try Manifest.write(scan.entries, to: folder.path + "/m.csv")
        let text = try String(contentsOfFile: folder.path + "/m.csv", encoding: .utf8)
        #expect(text == "clip,path,labels,split\nd/x.wav,a.zip!/d/x.wav,d,\ny.wav,a.zip!/y.wav,,\n")
        #expect(try Manifest(contentsOf: folder.path + "/m.csv").path(0) == path + "!/d/x.wav")
        let nothing = try folder.put("n.zip", MadeZip([.init("readme.txt", [1])]).data)
        #expect(message { _ = try FolderScanner.scan(nothing) }?.contains("found no audio file") == true)
        let gzip = try folder.put("b.tgz", [0x1F, 0x8B, 8])
        #expect(message { _ = try FolderScanner.scan(gzip) }?.contains("compressed by gzip") == true)
    }

    @Test("WebDataset's .json and .cls beside a recording are its labels; captions and empty ones are counted")
    func webDataset() throws {
        let folder = try TemporaryFolder()
        var tar = MadeTar(.pax)
        func add(_ name: String, _ text: String) { tar.add(name, Array(text.utf8)) }
        add("t/000.flac", "x")
        add("t/000.cls", "17\n")
        add(
            "t/000.json",
            #"{"id": 5, "labels": ["Dog, barking", "Rain", "Rain", 3], "label": "other", "deep": {"a": [null]}}"#)
        add("t/000.txt", "a dog in the rain")
        add("t/001.flac", "x")
        add("t/001.cls", " Sea\twaves \r\n\nWind\n")
        add("t/002.flac", "x")
        add("t/002.json", #"{"text": "no label"}"#)
        add("t/003.flac", "x")
        add("t/003.json", "{not JSON")
        add("t/003.cls", "4")
        add("t/004.ogg", "x")
        add("t/005.json", #"{"label": "of no recording"}"#)
        add("t/006.audio.wav", "x")
        add("t/006.json", #"{"tag": 2.5}"#)
        let path = try folder.put("w.tar", tar.data)
        let scan = try FolderScanner.scan(path)
        #expect(
            scan.entries.map(\.labels) == [
                ["Dog, barking", "Rain", "3"], ["Sea waves", "Wind"], ["t"], ["4"], ["t"], ["2.5"],
            ])
        #expect(
            scan.archives.lines == [
                "listed from 1 archive: 6 recordings", "labels taken from .json and .cls members beside recordings: 4",
                "not used: 2 .json members without a label", "not used: 1 caption (.txt members beside recordings)",
            ])
        #expect(scan.leftOut.lines == ["left out: 1 file that is not audio: 1 .json"])
    }

    @Test("Names that are not UTF-8 come through a manifest and lead to the member")
    func rawNames() throws {
        let folder = try TemporaryFolder()
        let raw = Array("caf".utf8) + [0xE9] + Array(".wav".utf8)
        let path = try folder.put("a.zip", MadeZip([.init(raw, [1, 2, 3])]).data)
        let scan = try FolderScanner.scan(path)
        try Manifest.write(scan.entries, to: folder.path + "/m.csv")
        let read = try Manifest(contentsOf: folder.path + "/m.csv").path(0)
        #expect(PathText.bytes(read) == Array((path + "!/").utf8) + raw)
        #expect(try ArchiveMember(try #require(ArchivePath(read))).size == 3)
    }

    @Test("Damaged archives are warned of, and what is listed before the damage is kept; duplicates are counted")
    func damaged() throws {
        let folder = try TemporaryFolder()
        try folder.put("plain.wav")
        try folder.put("bad.zip", "PK\u{3}\u{4}and no more")
        try folder.put("text.tar", "no archive")
        var tar = MadeTar(.ustar)
        tar.add("a.wav", [1])
        tar.add("b.wav", [1])
        var bytes = tar.data
        bytes[1024] ^= 1
        try folder.put("half.tar", bytes)
        try folder.put("twice.zip", MadeZip([.init("a.wav", [1]), .init("a.wav", [2])]).data)
        let scan = try FolderScanner.scan(folder.path)
        #expect(scan.entries.map(\.clip) == ["half.tar!/a.wav", "plain.wav", "twice.zip!/a.wav"])
        #expect(scan.warnings.count == 3)
        #expect(scan.warnings.contains { $0.contains("bad.zip") && $0.contains("without a directory") })
        #expect(scan.warnings.contains { $0.contains("text.tar") && $0.contains("neither a zip nor a tar") })
        #expect(scan.warnings.contains { $0.contains("half.tar: byte 1024") && $0.contains("1 member") })
        #expect(scan.archives.lines.contains("left out: 1 member replaced by later ones of the same name"))
    }
}
