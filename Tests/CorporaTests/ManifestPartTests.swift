import Audio
import Corpora
import Testing

/// The columns `start`, `end` and `channel` of a manifest.
@Suite struct ManifestPartTests {
    private func manifest(_ text: String) throws -> Manifest {
        try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/corpus")
    }

    @Test func rowsAreParts() throws {
        let read = try manifest(
            "clip,path,Start,channel,end\na,x.wav,1.5,2,3\nb,x.wav,,,\nc,x.wav,0,mix,\nd,x.wav,1e1,MIX,\n"
                + "e,x.wav,,,0.0000015\nf,x.wav,0.30000000000000004,1,\n")
        #expect(
            (0..<6).map { read.part($0)?.text } == [
                "start=1.5 end=3 channel=2", nil, nil, "start=10", "end=0.000002", "start=0.3 channel=1",
            ])
        #expect(read.entry(0).part == RecordingPart(start: 1_500_000, end: 3_000_000, channel: 2))
        #expect(read.furtherColumns.isEmpty && !read.hasUncountedChannels)
        #expect(read.notices == ["m.csv: column 'Start' taken as 'start'"])
        #expect(try manifest("clip,path\na,x.wav\n").part(0) == nil)
    }

    @Test func spreadsheetsWriteDecimalCommas() throws {
        let read = try manifest("clip;path;start;end\na;x.wav;1,5;2\n")
        #expect(read.part(0)?.text == "start=1.5 end=2")
        #expect(read.notices.contains("m.csv: commas in numbers read as decimal points"))
    }

    @Test(arguments: [
        ("-1,,", "start '-1'"), ("nan,,", "start 'nan'"), ("0x1p3,,", "start '0x1p3'"), ("1:30,,", "start '1:30'"),
        ("inf,,", "start 'inf'"), ("1e10,,", "start '1e10'"), (",ten,", "end 'ten'"),
        ("3,2,", "a part from '3' to '2'"),
        ("3,3,", "a part from '3' to '3'"), (",0,", "a part from '' to '0'"), (",,0", "channel '0'"),
        (",,+1", "channel '+1'"), (",,left", "channel 'left'"), (",,1025", "channel '1025'"),
        (",,1.0", "channel '1.0'"),
    ])
    func refuses(fields: String, found: String) {
        var text = ""
        do { _ = try manifest("clip,path,start,end,channel\na,x,,,\nb,x,\(fields)\n") } catch { text = "\(error)" }
        #expect(text.hasPrefix("m.csv:3: found \(found), expected "), "\(text)")
    }

    @Test func likelyNamesAreHinted() throws {
        let notices = try manifest("clip,path,onset,ends,chan\na,x,1,2,3\n").notices
        #expect(
            notices == [
                "m.csv: columns kept but not used: onset (is 'start' meant?), ends (is 'end' meant?), chan (is 'channel' "
                    + "meant?)"
            ])
        #expect(throws: (any Error).self) { try manifest("clip,path,start,START\na,x,1,2\n") }
    }

    @Test func eachChannelIsAClip() throws {
        let read = try manifest(
            "clip,path,labels,start,channel\na,a.wav,Frog,,\nb,b.wav,Rain,2,each\nc,c.wav,,,2\nd,d.wav,,,Each\n")
        #expect(read.hasUncountedChannels && read.count == 4)
        // A truth: the number of channels does not matter.
        #expect(read.row(of: "b#1") == 1 && read.row(of: "b#17") == 1 && read.row(of: "b") == 1)
        #expect(read.row(of: "a#1") == nil && read.row(of: "b#0") == nil && read.row(of: "b#01") == nil)
        var asked: [String] = []
        let clips = try read.withChannels {
            asked.append($0)
            return $0 == "/corpus/b.wav" ? 3 : nil
        }
        #expect(asked == ["/corpus/b.wav", "/corpus/d.wav"])
        #expect(!clips.hasUncountedChannels && clips.count == 6)
        #expect((0..<6).map(clips.clip) == ["a", "b#1", "b#2", "b#3", "c", "d#1"])
        #expect((0..<6).map { clips.entry($0).clip } == (0..<6).map(clips.clip))
        #expect(
            (0..<6).map { clips.part($0)?.text } == [
                nil, "start=2 channel=1", "start=2 channel=2", "start=2 channel=3", "channel=2", "channel=1",
            ])
        #expect((0..<6).map(clips.line) == [2, 3, 3, 3, 4, 5])
        #expect(clips.labels(3) == ["Rain"] && clips.path(2) == "/corpus/b.wav")
        for row in 0..<6 { #expect(clips.row(of: clips.clip(row)) == row) }
        #expect(clips.row(of: "b") == nil && clips.row(of: "b#4") == nil && clips.row(of: "d#2") == nil)
        #expect(clips.digest == read.digest && clips.notices == read.notices)
    }

    @Test func aChannelsNameMustBeItsOwn() throws {
        let read = try manifest("clip,path,channel\nb,b.wav,each\nb#2,c.wav,\n")
        #expect(try read.withChannels { _ in 1 }.count == 2)
        var text = ""
        do { _ = try read.withChannels { _ in 2 } } catch { text = "\(error)" }
        #expect(text == "m.csv:3: found clip 'b#2' again (first on line 2), expected every clip name once")
    }

    @Test func partsAreWrittenAsTheyAreRead() throws {
        let part = RecordingPart(start: 1_250_000, end: 3_000_000, channel: 2)
        let entry = Manifest.Entry(clip: "a", path: "/c/a.wav", labels: ["X"], split: "train", part: part)
        let bytes =
            Manifest.header(hasParts: true) + Manifest.row(entry, folder: "/c", hasParts: true)
            + Manifest.row(.init(clip: "b", path: "/c/b.wav"), folder: "/c", hasParts: true)
        let read = try Manifest(bytes: bytes, file: "m.csv", folder: "/c")
        #expect(read.entry(0) == entry && read.entry(1).part == nil)
    }
}
