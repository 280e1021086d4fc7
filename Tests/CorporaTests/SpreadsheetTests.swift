import Corpora
import Foundation
import Testing
import TestSupport

/// Manifests as spreadsheets and other programs write them.
@Suite struct SpreadsheetTests {
    private func manifest(_ bytes: [UInt8]) throws -> Manifest {
        try Manifest(bytes: bytes, file: "m.csv", folder: "/corpus")
    }

    private static let rows = [
        ["Clip", " path", "site", "LABELS", "recorder "],
        ["a", "x/a.wav", "pond; north", "Rain,Wind", "AudioMoth\t7"], ["ü, \"b\"", "b.wav", "", "", "two\nlines"],
        ["𝄞", "c,d;e\tf.wav", "z", "Dog", ""],
    ]

    /// The rows as one program or another writes them.
    private func text(_ delimiter: String, end: String, quoteAll: Bool) -> String {
        Self.rows.map { row in
            row.map { field in
                let isQuoted = quoteAll || field.contains { "\"\n,;\t".contains($0) }
                return isQuoted ? "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : field
            }.joined(separator: delimiter) + end
        }.joined()
    }

    private func encoded(_ text: String, _ encoding: String) -> [UInt8] {
        switch encoding {
        case "UTF-8 with mark": [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        case "UTF-16, little-endian":
            [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case "UTF-16, big-endian": [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        default: Array(text.utf8)
        }
    }

    @Test("Every delimiter, encoding, line end and way of quoting gives the same clips")
    func allReadAlike() throws {
        let words = [",": nil, ";": "read as semicolon-separated", "\t": "read as tab-separated"]
        for (delimiter, word) in words {
            for encoding in ["UTF-8", "UTF-8 with mark", "UTF-16, little-endian", "UTF-16, big-endian"] {
                for end in ["\n", "\r\n", "\r"] {
                    for quoteAll in [false, true] {
                        for sep in [false, true] {
                            let body = text(delimiter, end: end, quoteAll: quoteAll)
                            let all = sep ? "sep=\(delimiter)\(end)\(body)" : body
                            try check(manifest(encoded(all, encoding)), word: word, encoding: encoding)
                        }
                    }
                }
            }
        }
    }

    private func check(_ read: Manifest, word: String?, encoding: String) throws {
        #expect(read.count == 3)
        #expect(
            (0..<3).map { read.entry($0) } == [
                Manifest.Entry(clip: "a", path: "/corpus/x/a.wav", labels: ["Rain", "Wind"]),
                Manifest.Entry(clip: "ü, \"b\"", path: "/corpus/b.wav"),
                Manifest.Entry(clip: "𝄞", path: "/corpus/c,d;e\tf.wav", labels: ["Dog"]),
            ])
        #expect(read.furtherColumns == ["site", "recorder"])
        #expect(
            (0..<3).map { read.further($0) } == [["pond; north", "AudioMoth\t7"], ["", "two\nlines"], ["z", ""]])
        #expect(read.row(of: "𝄞") == 2)
        let wanted =
            (encoding.hasPrefix("UTF-16") ? ["read as " + encoding] : []) + (word.map { [$0] } ?? [])
            + [
                "column 'Clip' taken as 'clip'", "column ' path' taken as 'path'", "column 'LABELS' taken as 'labels'",
                "further columns, kept for exports: site, recorder",
            ]
        #expect(read.notices == wanted.map { "m.csv: " + $0 })
    }

    @Test func aPlainManifestIsReadWithoutAWord() throws {
        let read = try manifest(Array("clip,path,labels,split\na,b;c.wav,x;y,train\n".utf8))
        #expect(read.notices.isEmpty && read.furtherColumns.isEmpty && read.further(0).isEmpty)
        #expect(read.path(0) == "/corpus/b;c.wav" && read.labels(0) == ["x;y"])
    }

    @Test("Rows and columns that a spreadsheet leaves empty are counted, and a misspelt column is asked about")
    func whatIsSkippedIsSaid() throws {
        let read = try manifest(Array("clip;path;lables;;\na;a.wav;x;;\n;;;;\nb;b.wav;;;7\n;;;;\n".utf8))
        #expect(read.count == 2 && read.line(1) == 4)
        #expect(
            read.notices == [
                "m.csv: read as semicolon-separated",
                "m.csv: further columns, kept for exports: lables (is 'labels' meant?)",
                "m.csv: columns without a name, not used: 2",
                "m.csv: empty rows skipped: 2, the first on line 3",
            ])
    }

    @Test("Names that an export has disarmed are read as they were, and counted; what is written reads back exactly")
    func disarmedNames() throws {
        let text = "clip,path\n'=1+1,a.wav\n\"'-b\"\"\",b.wav\n''@c,c.wav\n'd,d.wav\n=e,e.wav\n"
        let read = try manifest(Array(text.utf8))
        let names = ["=1+1", "-b\"", "'@c", "'d", "=e"]
        #expect((0..<5).map { read.clip($0) } == names && (0..<5).map { read.entry($0).clip } == names)
        #expect(names.indices.allSatisfy { read.row(of: names[$0]) == $0 } && read.row(of: "'=1+1") == nil)
        let notice = "m.csv: clip names with an apostrophe before = + - or @, as in exports, read without it: 3"
        #expect(read.notices == [notice])
        #expect(
            message { _ = try manifest(Array("clip,path\n=a,a.wav\n'=a,b.wav\n".utf8)) }?.contains("m.csv:3") == true)
        let folder = try TemporaryFolder()
        let entries = names.map { Manifest.Entry(clip: $0, path: "/x/\($0)") }
        try Manifest.write(entries, to: folder.path + "/m.csv")
        let again = try Manifest(contentsOf: folder.path + "/m.csv")
        #expect((0..<5).map { again.entry($0) } == entries)
        // Only a name that would lose an apostrophe gets another one.
        #expect(again.notices.count == 1 && again.notices[0].hasSuffix(": 1"))
        // As in an export, no field begins as a formula does, and all reads back as it was.
        var table = Manifest.header(isSafe: true, further: ["=site", "latitude"])
        for entry in entries {
            let labelled = Manifest.Entry(
                clip: entry.clip, path: folder.path + "/=x/" + entry.clip, labels: ["@home", "-b"])
            table += Manifest.row(labelled, folder: folder.path, isSafe: true, further: ["+" + entry.clip, "-33.9"])
        }
        let lines = String(decoding: table, as: UTF8.self).split(separator: "\n")
        #expect(lines[0] == "clip,path,labels,split,'=site,latitude")
        #expect(lines[1] == "'=1+1,./=x/=1+1,\"'@home,'-b\",,'+=1+1,-33.9")
        let safe = try Manifest(bytes: table, file: "m.csv", folder: folder.path)
        #expect((0..<5).map { safe.clip($0) } == names)
        #expect(safe.path(0) == folder.path + "/=x/=1+1" && safe.furtherColumns == ["=site", "latitude"])
        #expect(safe.further(0) == ["+=1+1", "-33.9"] && safe.metadata(0) == #"{"=site":"+=1+1","latitude":"-33.9"}"#)
    }

    @Test(arguments: [
        ([0xFF, 0xFE, 0x63] as [UInt8], "half a character at the end"),
        ([0xFE, 0xFF, 0xDC, 0x00], "half a surrogate pair"),
        ([0xFF, 0xFE, 0x00, 0xD8, 0x63, 0x00], "half a surrogate pair"), ([0xFF, 0xFE, 0, 0, 0x63, 0, 0, 0], "UTF-32"),
    ])
    func brokenUTF16IsRefused(bytes: [UInt8], words: String) {
        #expect(message { _ = try manifest(bytes) }?.contains(words) == true)
    }

    @Test("No bytes end the program, with any delimiter")
    func noBytesCrash() {
        var state: UInt64 = 7
        let alphabet = Array("clip,path;\t\"\n\r sep=".utf8) + [0xFF, 0xFE, 0xEF, 0xBB, 0xBF, 0]
        let starts =
            ["", "clip;path;x\n", "sep=;\nclip;path\n", "\u{FEFF}Clip\tPath\n"].map { Array($0.utf8) } + [[0xFF, 0xFE]]
        for round in 0..<6000 {
            var bytes = starts[round % starts.count]
            for _ in 0..<20 {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                bytes.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            guard let read = try? manifest(bytes) else { continue }
            for row in 0..<read.count { _ = (read.entry(row), read.further(row)) }
        }
    }
}
