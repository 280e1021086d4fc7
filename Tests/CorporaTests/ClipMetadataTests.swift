import Corpora
import Foundation
import TestSupport
import Testing

/// What a manifest says of a clip besides its own columns.
@Suite struct ClipMetadataTests {
    private func manifest(_ text: String) throws -> Manifest {
        try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/corpus")
    }

    private static let hostile = [
        "", "plain", "a\"b", "back\\slash", "\\u0041", "two\r\nlines\tand a tab", "\u{0}\u{1}\u{1F}\u{7F}",
        "naïve 日本 🐕",
        "\u{EFAB}", "{\"a\":\"b\"}", ",:", "=1+1", "e\u{301}",
    ]

    /// Read by a reader of JSON that is not ours, and by ours, in the same order.
    @Test func everyTextComesBack() throws {
        for name in Self.hostile {
            for value in Self.hostile {
                let made = ClipMetadata([(name, value), ("x" + name, "y" + value)])
                let read = try #require(ClipMetadata(json: made.json))
                #expect(read.fields.map(\.name) == [name, "x" + name])
                #expect(read.fields.map { Array($0.value.utf8) } == [value, "y" + value].map { Array($0.utf8) })
                let other = try #require(
                    JSONSerialization.jsonObject(with: Data(made.json.utf8)) as? [String: String])
                #expect(other[name] == value && other["x" + name] == "y" + value)
            }
        }
        for broken in ["", "{", "{}x", "{\"a\":1}", "{\"a\":\"b\",}", "{\"a\" :\"b\"}", "{\"a\":\"\\q\"}", "null"] {
            #expect(ClipMetadata(json: broken) == nil, "\(broken)")
        }
        #expect(ClipMetadata(json: "{}")?.fields.isEmpty == true)
    }

    @Test func columnsAreKeptAsTheyAreInTheirOrder() throws {
        let read = try manifest(
            "site,Clip,BEGAN, latitude ,path\n\"a \"\"b\"\"\",c,,-33.9,p.wav\n,d,2024-05-12T04:30Z,,q.wav\n")
        #expect(read.furtherColumns == ["site", "began", "latitude"])
        #expect(read.metadata(0) == #"{"site":"a \"b\"","began":"","latitude":"-33.9"}"#)
        #expect(read.metadata(1) == #"{"site":"","began":"2024-05-12T04:30Z","latitude":""}"#)
        #expect(ClipMetadata.began(json: read.metadata(1))?.text() == "2024-05-12T04:30:00Z")
        #expect(ClipMetadata.began(json: read.metadata(0)) == nil)
        #expect(
            read.notices == [
                "m.csv: column 'Clip' taken as 'clip'", "m.csv: column 'BEGAN' taken as 'began'",
                "m.csv: further columns, kept for exports: site, latitude",
            ])
        #expect(try manifest("clip,path,labels,split\na,a.wav,,\n").metadata(0) == nil)
    }

    @Test func aTimeThatIsNoneIsRefusedWithItsLine() throws {
        for wrong in [
            "2024-05-12T04:30:00", "2024-05-12", "12.05.2024 04:30+02:00", "2024-02-30T00:00:00Z", "yesterday",
            "2024-05-12T24:00:00Z", "2024-05-12T04:30:00+02:60", "2024-05-12T04:30:00+15:00",
            "2024-05-12T04:30:00-00:00",
        ] {
            let said = message { _ = try manifest("clip,path,began\na,a.wav,\nb,b.wav,\(wrong)\n") }
            #expect(
                said == "m.csv:3: found '\(wrong)' in the column 'began', expected a time in ISO 8601 with its zone, "
                    + "such as 2024-05-12T04:30:00+02:00 or 2024-05-12T02:30:00Z")
        }
        let twice = message { _ = try manifest("clip,path,began,Began\na,a.wav,,\n") }
        #expect(twice?.hasPrefix("m.csv:1: found column 'Began' twice") == true)
    }

    @Test func timesThatCanHardlyBeRightAreUsedAndCounted() throws {
        let read = try manifest(
            "clip,path,began\na,a,1970-01-01T00:00:00Z\nb,b,9000-01-01T00:00:00Z\nc,c,1979-12-31T23:59:59Z\nd,d,1980-01-01T00:00:00Z\n"
        )
        #expect(
            read.notices == [
                "m.csv: 1 start time in the future, used as they are, the first on line 3",
                "m.csv: 2 start times before 1980, used as they are, the first on line 2",
            ])
    }

    @Test func aManifestWithFurtherColumnsIsWrittenAndReadBack() throws {
        let folder = try TemporaryFolder()
        let entries = ["a", "b"].map { Manifest.Entry(clip: $0, path: folder.path + "/\($0).wav") }
        let further = Manifest.FurtherColumns(names: ["began", "site"]) { place in
            [place == 0 ? "2024-05-12T04:30:00+02:00" : "", "x,\(place)"]
        }
        try Manifest.write(entries, further: further, to: folder.path + "/m.csv")
        let read = try Manifest(contentsOf: folder.path + "/m.csv")
        #expect((0..<2).map { read.further($0) } == [["2024-05-12T04:30:00+02:00", "x,0"], ["", "x,1"]])
    }
}
