import Foundation
import Results
import Testing

@Suite struct WriterTests {
    private func text(_ make: (inout [UInt8]) -> Void) -> String {
        var out: [UInt8] = []
        make(&out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func fixedNumbersAreThoseOfTheCLibrary() {
        var draw = Draw(5)
        for _ in 0..<20_000 {
            let digits = draw.number(below: 10)
            let value = (Double(draw.share()) - 0.2) * pow(10, Double(draw.number(below: 7)))
            var expected = String(format: "%.\(digits)f", value)
            // There is no zero below zero here.
            if expected.hasPrefix("-"), Double(expected) == 0 { expected.removeFirst() }
            let found = text { NumberText.append(value, digits: digits, to: &$0) }
            // Close to a half the product of value and power may be rounded to the other side: by one in the last digit.
            let scaled = abs(value) * pow(10, Double(digits))
            let isHalf = abs(scaled - scaled.rounded(.down) - 0.5) < 1e-3
            let (whole, other) = (Int(found.filter { $0 != "." }), Int(expected.filter { $0 != "." }))
            let difference = abs((whole ?? Int.max / 2) - (other ?? 0))
            #expect(found == expected || isHalf && difference == 1, "\(value) \(digits): \(found) \(expected)")
        }
    }

    @Test(arguments: [
        (0, 6, "0"), (12.5, 6, "12.5"), (36000, 6, "36000"), (0.1 + 0.2, 6, "0.3"), (1.0000001, 6, "1"),
        (-0.25, 1, "-0.3"),
        (-0.04, 1, "0"), (0.000_001, 6, "0.000001"), (123.456789, 3, "123.457"), (100, 0, "100"),
        (1e12, 2, "1000000000000.0"),
    ]) func trimmedNumbers(value: Double, digits: Int, expected: String) {
        #expect(text { NumberText.append(value, upTo: digits, to: &$0) } == expected)
    }

    private let provenance = Provenance(
        version: "1", written: "2026-01-01T00:00:00Z", pipeline: "p", fingerprint: "f", models: [], settings: [])

    private func write(_ format: String, _ events: [Event], hasStartTimes: Bool = false) throws -> String {
        let writer = try #require(EventFormat.named(format)).make()
        var out: [UInt8] = []
        let told = Provenance(
            version: "1", written: "2026-01-01T00:00:00Z", pipeline: "p", fingerprint: "f", models: [], settings: [],
            hasStartTimes: hasStartTimes)
        try writer.begin(told, &out)
        for event in events {
            try writer.begin(clip: EventClip(name: event.clip, path: event.path, seconds: 9), &out)
            try writer.write(event, &out)
        }
        try writer.finish(&out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func eventsAsCSV() throws {
        let event = Event(
            clip: "=a,b", path: "/x \"y\".wav", start: 0.5, end: 1.0 / 3 + 1, label: "Child speech, kid speaking",
            score: 0.6,
            peak: Double(Float(0.7)), began: "2026-05-01T04:00:00.500+02:00")
        let row = #""'=a,b","/x ""y"".wav",0.5,1.333333,"Child speech, kid speaking",0.6,0.7"#
        #expect(try write("csv", [event]) == "clip,path,start,end,label,score,peak\n" + row + "\n")
        #expect(
            try write("csv", [event], hasStartTimes: true)
                == "clip,path,start,end,label,score,peak,began\n" + row + ",2026-05-01T04:00:00.500+02:00\n")
    }

    private struct Line: Decodable, Equatable {
        let clip, path, label: String
        let start, end, score, peak: Double
        let began: String?
    }

    /// By a reader of JSON that is not ours.
    @Test func eventsAsJSONLines() throws {
        let names = [
            "a\"b", "back\\slash", "two\nlines\r\tand a tab", "\u{1}\u{1F}\u{7F}", "naïve 日本 🐕", "\u{EFAB}", "/", "",
        ]
        let events = names.map {
            Event(clip: $0, path: "/p/" + $0, start: 1, end: 2.25, label: $0, score: 1e-7, peak: 1)
        }
        let lines = try write("jsonl", events).split(separator: "\n")
        let read = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        let expected = names.map {
            Line(clip: $0, path: "/p/" + $0, label: $0, start: 1, end: 2.25, score: 1e-7, peak: 1, began: nil)
        }
        #expect(read == expected)
    }
}
