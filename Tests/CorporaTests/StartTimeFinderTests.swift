import Corpora
import Files
import Foundation
import TestSupport
import Testing

/// Start times of files whose headers are made here, byte by byte.
@Suite struct StartTimeFinderTests {
    private static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        let length = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
        return Array(name.utf8) + length + bytes + (bytes.count % 2 == 1 ? [0] : [])
    }

    private static func wav(before: [UInt8] = [], after: [UInt8] = [], samples: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        let format: [UInt8] = [1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0]
        let body = Array("WAVE".utf8) + chunk("fmt ", format) + before + chunk("data", samples) + after
        return chunk("RIFF", body)
    }

    private static func bext(_ date: String, _ time: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 602)
        bytes.replaceSubrange(256..<260, with: "Zoom".utf8)
        bytes.replaceSubrange(320..<320 + date.utf8.count, with: date.utf8)
        bytes.replaceSubrange(330..<330 + time.utf8.count, with: time.utf8)
        return chunk("bext", bytes)
    }

    private static func comment(_ text: String) -> [UInt8] {
        chunk(
            "LIST",
            Array("INFO".utf8) + chunk("IART", Array("AudioMoth 1\0".utf8)) + chunk("ICMT", Array(text.utf8) + [0]))
    }

    private static func guano(_ lines: String...) -> [UInt8] {
        chunk("guan", Array((["GUANO|Version: 1.0"] + lines).joined(separator: "\n").utf8))
    }

    private static let moth =
        "Recorded at 19:17:30 14/11/2023 (UTC-3) by AudioMoth 24F319055FDF2F5B at medium gain while battery was 4.2V."

    /// What is found of one file; the time and its source in one text, or the reason why there is none.
    private func find(
        _ name: String, _ bytes: [UInt8], zone: String? = nil, pattern: String? = nil
    ) throws -> (text: String, found: StartTimeFinder.Found, summary: StartTimeSummary) {
        let folder = try TemporaryFolder()
        let path = try folder.put(name, bytes)
        var finder = StartTimeFinder(
            zone: try zone.map { try ZoneRule($0) }, patterns: try pattern.map { [try NamePattern($0)] } ?? [],
            now: Date(timeIntervalSince1970: 1_800_000_000))
        let found = finder.find(clip: name, path: path)
        let summary = finder.summary
        let text = found.began.map { $0.text() + " " + (found.source?.rawValue ?? "") }
        return (text ?? summary.lacks.keys.first?.rawValue ?? "", found, summary)
    }

    @Test(arguments: [
        ("2024-05-12", "04:30:00", "2024-05-12T04:30:00+02:00 bext"),
        ("2024:05:12", "04-30-00", "2024-05-12T04:30:00+02:00 bext"),
        ("2024_05_12", "04_30_00", "2024-05-12T04:30:00+02:00 bext"),
        ("0000-00-00", "00:00:00", "no time in name or header"),
        ("", "", "no time in name or header"), ("2024-13-12", "04:30:00", "a date or time that does not exist"),
        ("12.05.2024", "04:30:00", "a date or time that does not exist"),
        ("2099-01-01", "00:00:00", "a time in the future"),
        ("1970-01-01", "00:10:00", "a time before 1980, as of a clock that was not set"),
        ("2024-03-31", "02:30:00", "a time that the clocks skipped when they were put forward"),
        ("2024-10-27", "02:30:00", "a time that there was twice when the clocks were put back"),
    ]) func broadcast(date: String, time: String, expected: String) throws {
        #expect(try find("a.wav", Self.wav(before: Self.bext(date, time)), zone: "Europe/Berlin").text == expected)
    }

    @Test func withoutAZoneNothingIsGuessed() throws {
        let plain = "a time without a zone; --zone gives it one"
        #expect(try find("a.wav", Self.wav(before: Self.bext("2024-05-12", "04:30:00"))).text == plain)
        #expect(try find("A_20240512_043000.wav", Self.wav()).text == plain)
        #expect(try find("A_20990512_043000.wav", Self.wav()).text == "a time in the future")
        #expect(
            try find("A_19700101_000100.wav", Self.wav()).text == "a time before 1980, as of a clock that was not set")
        #expect(
            try find("20240101_000000_20240102_000000.wav", Self.wav(), zone: "UTC").text.hasPrefix("several times"))
        let twice = try find("20240101_000000_20240102_000000.wav", Self.wav(), zone: "UTC", pattern: "_%Y%m%d_%H%M%S")
        #expect(twice.text == "2024-01-02T00:00:00Z name")
    }

    @Test(arguments: [
        ("(UTC-3) ", "2023-11-14T19:17:30-03:00 AudioMoth"), ("(UTC) ", "2023-11-14T19:17:30Z AudioMoth"),
        ("(UTC+5:30) ", "2023-11-14T19:17:30+05:30 AudioMoth"), ("(UTC+10) ", "2023-11-14T19:17:30+10:00 AudioMoth"),
        ("", "2023-11-14T19:17:30+02:00 AudioMoth"), ("(UTC+x) ", "a date or time that does not exist"),
    ]) func audioMoth(zone: String, expected: String) throws {
        let text = Self.moth.replacing("(UTC-3) ", with: zone)
        for bytes in [Self.wav(before: Self.comment(text)), Self.wav(after: Self.comment(text))] {
            let found = try find("a.wav", bytes, zone: "+02:00")
            #expect(found.text == expected && found.found.recorder == "AudioMoth 24F319055FDF2F5B")
        }
        #expect(
            try find("a.wav", Self.wav(before: Self.comment("Recorded at home"))).text == "no time in name or header")
    }

    @Test func guano() throws {
        let whole = Self.guano(
            "Timestamp: 2024-05-12T04:30:00.5+02:00", "Make: Wildlife Acoustics", "Model: SM4", "Serial: S4U1",
            "Loc Position: 52.5 -13.25", "Note: a: b", "no colon")
        let found = try find("a.wav", Self.wav(after: whole))
        #expect(found.text == "2024-05-12T04:30:00.500+02:00 GUANO")
        #expect(found.found.recorder == "Wildlife Acoustics SM4 S4U1")
        #expect(found.found.position?.latitude == "52.5" && found.found.position?.longitude == "-13.25")
        for (line, expected) in [
            ("Timestamp: 2024-05-12 04:30:00-5:00", "2024-05-12T04:30:00-05:00 GUANO"),
            ("Timestamp:2024-05-12T04:30:00", "2024-05-12T04:30:00Z GUANO"),
            ("Timestamp: ", "no time in name or header"),
            ("Timestamp: soon", "a date or time that does not exist"), ("timestamp: 2024", "no time in name or header"),
        ] {
            #expect(try find("a.wav", Self.wav(after: Self.guano(line)), zone: "UTC").text == expected, "\(line)")
        }
        for place in ["91 0", "0 181", "1", "x y", "1 2 3", ""] {
            #expect(try find("a.wav", Self.wav(after: Self.guano("Loc Position: \(place)"))).found.position == nil)
        }
    }

    @Test func theSampleAfterTheHeaderDoesNotMatter() throws {
        // An odd number of bytes of samples, an RF64 file, and a chunk that claims more than there is.
        let tag = Self.guano("Timestamp: 2024-05-12T04:30:00Z")
        #expect(try find("a.wav", Self.wav(after: tag, samples: [1, 2, 3])).text == "2024-05-12T04:30:00Z GUANO")
        var wide = Self.wav(
            before: Self.chunk("ds64", [UInt8](repeating: 0, count: 8) + [4] + [UInt8](repeating: 0, count: 19)),
            after: tag)
        wide.replaceSubrange(0..<4, with: "RF64".utf8)
        let place = try #require((0..<wide.count - 4).first { Array(wide[$0..<$0 + 4]) == Array("data".utf8) })
        wide.replaceSubrange(place + 4..<place + 8, with: [255, 255, 255, 255])
        #expect(try find("a.wav", wide).text == "2024-05-12T04:30:00Z GUANO")
        let cut = Self.wav(before: Self.bext("2024-05-12", "04:30:00")).prefix(300)
        let found = try find("a.wav", Array(cut))
        #expect(
            found.summary.unreadable == 1
                && found.summary.lines.contains(
                    "headers that cannot be read: 1, the first of 'a.wav': its header is cut short")
        )
        #expect(try find("a.wav", []).summary.unreadable == 1)
        #expect(try find("a.flac", Array("fLaC".utf8)).summary.unreadable == 0)
    }

    /// No byte of a header, changed to anything, and no cut makes the reader fail.
    @Test func anyByteAndAnyCut() throws {
        let whole = Self.wav(
            before: Self.bext("2024-05-12", "04:30:00") + Self.comment(Self.moth),
            after: Self.guano("Timestamp: 2024-05-12T04:30:00Z"))
        let folder = try TemporaryFolder()
        var finder = StartTimeFinder(zone: nil, patterns: [])
        for place in stride(from: 0, to: whole.count, by: 3) {
            for value: UInt8 in [0, 255] {
                var bytes = whole
                bytes[place] = value
                let path = try folder.put("a.wav", bytes)
                _ = finder.find(clip: "a.wav", path: path)
            }
            let path = try folder.put("a.wav", Array(whole[..<place]))
            _ = finder.find(clip: "a.wav", path: path)
        }
        #expect(finder.summary.sources[.guano] ?? 0 > 100)
    }

    @Test func theFirstSourceCountsAndDisagreementsAreTold() throws {
        let all = Self.wav(
            before: Self.bext("2024-05-12", "05:30:00") + Self.comment(Self.moth),
            after: Self.guano("Timestamp: 2024-05-12T04:30:00+02:00"))
        let name = "A_20240512_043003.wav"
        let found = try find(name, all, zone: "Europe/Berlin")
        #expect(found.text == "2024-05-12T04:30:00+02:00 GUANO" && found.summary.disagreements == 1)
        #expect(
            found.summary.lines.last
                == "  '\(name)': GUANO 2024-05-12T04:30:00+02:00, but AudioMoth 2023-11-14T19:17:30-03:00, bext 2024-05-12T05:30:00+02:00"
        )
        // A pattern that the user gives comes first; a name comes before bext.
        #expect(
            try find(name, all, zone: "Europe/Berlin", pattern: "A_%Y%m%d_%H%M%S").text
                == "2024-05-12T04:30:03+02:00 name")
        let two = Self.wav(before: Self.bext("2024-05-13", "05:30:00"))
        #expect(try find(name, two, zone: "UTC").text == "2024-05-12T04:30:03Z name")
        // An AudioMoth names its files in UTC, whatever zone its comment is in.
        let moth = try find("20231114_221730.WAV", Self.wav(before: Self.comment(Self.moth)), zone: "Europe/Berlin")
        #expect(moth.text == "2023-11-14T19:17:30-03:00 AudioMoth" && moth.summary.disagreements == 0)
        let other = try find("20231114_201730.WAV", Self.wav(before: Self.comment(Self.moth)))
        #expect(other.summary.disagreements == 1)
        // A clock that was not set does not hide the name.
        let unset = try find(
            name, Self.wav(before: Self.comment(Self.moth.replacing("14/11/2023", with: "01/01/1970"))), zone: "UTC")
        #expect(unset.text == "2024-05-12T04:30:03Z name" && unset.summary.disagreements == 1)
    }

    @Test func namesThatAreNotUTF8() throws {
        let folder = try TemporaryFolder()
        let bytes = Array((folder.path + "/caf").utf8) + [0xE9] + Array("_20240601_120000.wav".utf8)
        let file = fopen(bytes.map(CChar.init(bitPattern:)) + [0], "w")
        #expect(file != nil)
        if let file { fclose(file) }
        let path = PathText.text(bytes)
        var finder = StartTimeFinder(zone: try ZoneRule("UTC"), patterns: [])
        #expect(
            finder.find(clip: String(path.split(separator: "/").last ?? ""), path: path).began?.text()
                == "2024-06-01T12:00:00Z")
    }

    @Test func theFirstPatternThatFitsCounts() throws {
        let folder = try TemporaryFolder()
        func began(_ name: String, _ patterns: String...) throws -> String? {
            let path = try folder.put(name, Self.wav())
            var finder = StartTimeFinder(zone: try ZoneRule("UTC"), patterns: try patterns.map { try NamePattern($0) })
            return finder.find(clip: name, path: path).began?.text()
        }
        let (dashed, german) = ("%Y-%m-%d_%H%M", "%d.%m.%Y_%H%M")
        #expect(try began("2024-05-12_0430.wav", dashed, german)?.hasPrefix("2024-05-12T04:30") == true)
        #expect(try began("12.05.2024_0430.wav", dashed, german)?.hasPrefix("2024-05-12T04:30") == true)
        #expect(try began("12.05.2024_0430.wav", dashed) == nil)
        let both = "2024-05-12_0430 01.02.2023_0000.wav"
        #expect(try began(both, german, dashed)?.hasPrefix("2023-02-01") == true)
    }
}
