import Corpora
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ManifestTests {
    private func manifest(_ text: String) throws -> Manifest {
        try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/corpus")
    }

    @Test func readsRows() throws {
        let read = try manifest(
            "split,clip,path,labels\ntrain,a,x/a.wav,\"Rain, Wind,,Rain\"\n,\"b\"\"1\",/abs/./y/../b.wav,\n")
        #expect(read.count == 2)
        #expect(
            read.entry(0)
                == Manifest.Entry(clip: "a", path: "/corpus/x/a.wav", labels: ["Rain", "Wind"], split: "train"))
        #expect(read.clip(1) == "b\"1" && read.path(1) == "/abs/b.wav" && read.labels(1).isEmpty && read.split(1) == "")
        #expect(read.line(1) == 3)
        #expect(read.row(of: "b\"1") == 1 && read.row(of: "a") == 0 && read.row(of: "c") == nil)
        let short = try manifest("path,clip\n../a.wav,a\n")
        #expect(short.path(0) == "/a.wav" && short.labels(0).isEmpty && short.split(0) == "")
        #expect(try manifest("clip,path\n").count == 0)
    }

    @Test(arguments: [
        ("", "m.csv:1: found an empty file, expected the header clip,path,labels,split"),
        (
            "clip,filename\n",
            "m.csv:1: found no column 'path' (is 'filename' meant?), expected the header clip,path,labels,split"
        ),
        (
            "Clip;path;CLIP \n",
            "m.csv:1: found column 'CLIP' twice, expected the header clip,path,labels,split"
        ),
        ("clip,path,site,site\n", "m.csv:1: found column 'site' twice, expected the header clip,path,labels,split"),
        ("sep=;x\nclip;path\n", "m.csv:1: found 'sep=;x', expected sep= and a comma, a semicolon, a tab or '|'"),
        ("sep=;\n", "m.csv:2: found nothing after the line 'sep=', expected the header clip,path,labels,split"),
        ("sep=;\r\nclip;path\r\na\r\n", "m.csv:3: found 1 field, expected 2, as in the header"),
        ("clip,labels\n", "m.csv:1: found no column 'path', expected the header clip,path,labels,split"),
        ("clip,path,clip\n", "m.csv:1: found column 'clip' twice, expected the header clip,path,labels,split"),
        ("clip,path\na\n", "m.csv:2: found 1 field, expected 2, as in the header"),
        ("clip,path\n,x\n", "m.csv:2: found an empty clip, expected every clip with a name and a path"),
        ("clip,path\na,\"\"\n", "m.csv:2: found an empty path, expected every clip with a name and a path"),
        ("clip,path\na,x\0y\n", "m.csv:2: found a zero byte in the path, expected text without one"),
        (
            "clip,path\n\na,x\nb,y\n\"a\",z\n",
            "m.csv:5: found clip 'a' again (first on line 3), expected every clip name once"
        ),
    ])
    func refuses(text: String, expected: String) {
        #expect(message { _ = try manifest(text) } == expected)
    }

    @Test func aMissingFileAndAFolderAreNamed() throws {
        let folder = try TemporaryFolder()
        let absent = folder.path + "/none.csv"
        #expect(
            message { _ = try Manifest(contentsOf: absent) } == "\(absent): cannot read: No such file or directory")
        #expect(message { _ = try Manifest(contentsOf: folder.path) }?.contains("folder") == true)
    }

    @Test func manyNamesAreAllFound() throws {
        var text = "clip,path\n"
        for index in 0..<20_000 { text += "clip \(index),p\(index)\n" }
        let read = try manifest(text)
        #expect(read.count == 20_000)
        let found = (0..<20_000).map { (index: Int) in read.row(of: "clip \(index)") ?? -1 }
        #expect(found == Array(0..<20_000))
        #expect(read.row(of: "clip 20000") == nil)
        #expect(
            message { _ = try manifest(text + "clip 77,x\n") }
                == "m.csv:20002: found clip 'clip 77' again (first on line 79), expected every clip name once")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/lists/m.csv"
        let raw = PathText.text([0x2F, 0x78, 0xFF, 0x2C, 0x0A])
        let entries = [
            Manifest.Entry(
                clip: "=a,\"b\"", path: folder.path + "/lists/in/a.wav", labels: ["Rain", "W x"], split: "val"),
            Manifest.Entry(clip: "c", path: raw),
        ]
        try Manifest.write(entries, to: file)
        let read = try Manifest(contentsOf: file)
        #expect((0..<read.count).map { read.entry($0) } == entries)
        #expect(PathText.bytes(read.path(1)) == [0x2F, 0x78, 0xFF, 0x2C, 0x0A])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(bytes.contains(0xFF) && String(decoding: bytes, as: UTF8.self).contains(",in/a.wav,"))
    }

    @Test func aFailedWriteLeavesWhatWasThere() throws {
        let folder = try TemporaryFolder()
        let file = try folder.put("m.csv", "old")
        let twice = [Manifest.Entry(clip: "a", path: "/x"), Manifest.Entry(clip: "a", path: "/y")]
        #expect(message { try Manifest.write(twice, to: file) }?.contains("again (first on line 2)") == true)
        let empty = [Manifest.Entry(clip: "a", path: "/x", labels: ["Rain", ""])]
        #expect(message { try Manifest.write(empty, to: file) }?.contains("an empty label") == true)
        #expect(try folder.read("m.csv") == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["m.csv"])
    }

    @Test("One name composed and decomposed is two clips, written, read and found by its bytes")
    func namesAreBytes() throws {
        let folder = try TemporaryFolder()
        let names = ["caf\u{E9}.wav", "cafe\u{301}.wav"]
        try Manifest.write(
            names.map { Manifest.Entry(clip: $0, path: folder.path + "/" + $0) }, to: folder.path + "/m.csv")
        let read = try Manifest(contentsOf: folder.path + "/m.csv")
        #expect(read.count == 2)
        for (row, name) in names.enumerated() {
            #expect(read.row(of: name) == row)
            #expect(
                Array(read.clip(row).utf8) == Array(name.utf8)
                    && read.path(row).utf8.elementsEqual((folder.path + "/" + name).utf8))
        }
    }

    @Test("A path is cut at a folder's bytes, and at a slash that an accent follows")
    func pathsAreBytes() {
        #expect(FileSystem.relative("/a/e\u{301}/x.wav", to: "/a/\u{E9}").utf8.elementsEqual("/a/e\u{301}/x.wav".utf8))
        #expect(FileSystem.relative("/a/\u{301}x.wav", to: "/a").utf8.elementsEqual("\u{301}x.wav".utf8))
        #expect(FileSystem.folder(of: "/corpus/\u{301}m.csv") == "/corpus")
    }
}
