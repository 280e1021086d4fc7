import Corpora
import TestSupport
import Testing

/// Some rows of a manifest as a manifest of its own.
struct ManifestSubsetTests {
    private static let texts = [
        "clip,path,labels,split\na,a.wav,x;y,train\nb,b.wav,,\nc,c.wav,\"q, r\",eval\n",
        // No end of the last line, rows of commas alone, quotes with line ends and commas, further columns.
        "place,clip,path,night\nhere,\"a\nb\",\"x,1.wav\",1\n,,,\nthere,\"c \"\"d\"\"\",y.wav,2\nthere,é,z.wav,3",
        "\u{FEFF}clip;path;note\r\na;1.wav;n\r\nb;2.wav;\r\nc;/abs/3.wav;m\r\n",
        "sep=\t\nclip\tpath\n=a\t1.wav\n'=b\t2.wav\nc\t3.wav\n",
        "clip,path\ra,1\rb,2\rc,3",
    ]

    private func same(_ whole: Manifest, _ rows: [Int]) throws {
        let part = try whole.part(rows: rows)
        #expect(part.count == rows.count)
        #expect(part.furtherColumns == whole.furtherColumns && part.file == whole.file && part.folder == whole.folder)
        for (place, row) in rows.enumerated() where place < part.count {
            #expect(part.entry(place) == whole.entry(row))
            #expect(part.further(place) == whole.further(row))
            #expect(part.row(of: whole.clip(row)) == place)
        }
    }

    @Test("Each subset of the rows has the same clips with the same columns", arguments: texts)
    func subsets(text: String) throws {
        let whole = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/data")
        #expect(whole.count == 3)
        for subset in 0..<8 { try same(whole, (0..<3).filter { subset >> $0 & 1 == 1 }) }
    }

    @Test(
        "A row for each channel becomes the clips' own rows in a subset: names, parts and other columns stay",
        arguments: [
            "clip,path,channel,place\na,a.wav,each,here\nb,b.wav,2,\"x, y\"\nc,c.wav,Each,\n",
            "channel;note;path;clip\neach;;a.wav;\"a \"\"x\"\"\"\r\n;n;b.wav;b\r\n;;;\r\n\"each\";m;c.wav;=c",
            "clip,start,path,end,channel\n'=a,1.5,a.wav,2, each \nb,,b.wav,,\nc,0,c.wav,,EACH",
        ])
    func channels(text: String) throws {
        let raw = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/data")
        #expect(raw.rows == 3 && raw.clipsOfRows == nil)
        let whole = try raw.withChannels { $0 == "/data/a.wav" ? 3 : nil }
        #expect(whole.count == 5 && whole.rows == 3 && whole.clipsOfRows == [3, 1, 1])
        let again = try raw.withChannels(clipsOfRows: [3, 1, 1])
        #expect((0..<5).allSatisfy { again.entry($0) == whole.entry($0) })
        #expect(message { _ = try raw.withChannels(clipsOfRows: [3, 1]) }?.contains("expected 2") == true)
        for subset in 0..<32 {
            let rows = (0..<5).filter { subset >> $0 & 1 == 1 }
            try same(whole, rows)
            #expect(try !whole.part(rows: rows).hasUncountedChannels)
        }
    }

    @Test("UTF-16 is a manifest's text as well")
    func wide() throws {
        let text = "clip,path,note\na,é.wav,1\nb,b.wav,2\n"
        let units = text.utf16.flatMap { unit -> [UInt8] in [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)] }
        let bytes: [UInt8] = [0xFF, 0xFE] + units
        let whole = try Manifest(bytes: bytes, file: "m.csv", folder: "/data")
        for rows in [[0], [1], [0, 1], []] { try same(whole, rows) }
    }
}
