import Foundation
import Results
import Testing

/// The formats of other programs, byte by byte as their documents have them.
@Suite struct EventFormatTests {
    private func text(_ name: String, _ clips: [(clip: EventClip, events: [Event])]) throws -> String {
        try MadeEvents.text(try #require(EventFormat.named(name)), clips)
    }

    private let two: [(clip: EventClip, events: [Event])] = [
        (
            EventClip(name: "a", path: MadeEvents.root + "/s/a.wav", seconds: 10),
            [
                Event(
                    clip: "a", path: MadeEvents.root + "/s/a.wav", start: 0.5, end: 1.25, label: "Dog", score: 0.75,
                    peak: 0.9)
            ]
        ),
        (EventClip(name: "silent", path: MadeEvents.root + "/silent.wav", seconds: 100), []),
        (
            EventClip(name: "b", path: MadeEvents.root + "/b.wav", seconds: 5, began: "2026-05-01T04:00:00+02:00"),
            [
                Event(
                    clip: "b", path: MadeEvents.root + "/b.wav", start: 2, end: 4, label: "A, b", score: 0.5,
                    peak: 0.625,
                    began: "2026-05-01T04:00:02+02:00")
            ]
        ),
    ]

    @Test func audacity() throws {
        #expect(try text("audacity", [two[0]]) == "0.500000\t1.250000\tDog\n")
        #expect(try text("audacity", [two[1]]) == "")
        #expect(try text("audacity", MadeEvents.events).split(separator: "\n").count == 2 * MadeEvents.labels.count)
    }

    /// The clock runs through the recordings that the table names; one without an event is none of them.
    @Test func raven() throws {
        let root = MadeEvents.root
        #expect(
            try text("raven", two) == """
                Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tBegin Path\t\
                File Offset (s)\tAnnotation\tScore\tPeak
                1\tSpectrogram 1\t1\t0.500000\t1.250000\t125.0\t7500.0\t\(root)/s/a.wav\t0.500000\tDog\t0.75\t0.9
                2\tSpectrogram 1\t1\t12.000000\t14.000000\t125.0\t7500.0\t\(root)/b.wav\t2.000000\tA, b\t0.5\t0.625

                """)
        let unknown = [(EventClip(name: "a", path: root + "/s/a.wav", seconds: nil), two[0].events), two[2]]
        #expect(throws: (any Error).self) { try text("raven", unknown) }
        // Alone, or as the last, a recording may be of any length.
        #expect(try text("raven", [unknown[0]]) == text("raven", [two[0]]))
        #expect(try text("raven", [two[2], unknown[0]]).contains("\t5.500000\t6.250000\t"))
    }

    @Test func kaleidoscope() throws {
        #expect(
            try text("kaleidoscope", two) == """
                INDIR,FOLDER,IN FILE,CHANNEL,OFFSET,DURATION,Fmin,Fmax,DATE,TIME,HOUR,TOP1MATCH,TOP1DIST,MANUAL ID,SCORE,PEAK
                "\(MadeEvents.root)",s,a.wav,0,0.5,0.75,125,7500,,,,Dog,0.25,,0.75,0.9
                "\(MadeEvents.root)",,b.wav,0,2,2,125,7500,2026-05-01,04:00:00,04,"A, b",0.5,,0.5,0.625

                """)
    }

    @Test func dcase() throws {
        #expect(
            try text("dcase", two) == """
                filename\tonset\toffset\tevent_label
                s/a.wav\t0.500000\t1.250000\tDog
                b.wav\t2.000000\t4.000000\tA, b

                """)
    }

    @Test func webvtt() throws {
        #expect(
            try text("webvtt", [two[2]]) == """
                WEBVTT

                NOTE b: Earmark 1.2, pipeline label -- > "x", threshold 0.5, class a b

                00:00:02.000 --> 00:00:04.000
                A, b (0.50)

                """)
        let odd = Event(
            clip: "x", path: "/x", start: 360_000.0004, end: 360_000.0004001, label: "a<b>&", score: 1, peak: 1)
        let long = try text("webvtt", [(EventClip(name: "x", path: "/x", seconds: 360_001), [odd])])
        #expect(long.hasSuffix("\n100:00:00.000 --> 100:00:00.001\na&lt;b&gt;&amp; (1.00)\n"))
    }

    @Test func jams() throws {
        let read = try #require(
            try JSONSerialization.jsonObject(with: Data(text("jams", [two[2]]).utf8)) as? [String: Any])
        let annotation = try #require((read["annotations"] as? [[String: Any]])?.first)
        #expect(annotation["namespace"] as? String == "tag_open" && annotation["duration"] as? Double == 5)
        let sandbox = try #require(read["sandbox"] as? [String: String])
        #expect(sandbox["threshold"] == "0.5" && sandbox["began"] == "2026-05-01T04:00:00+02:00")
        // Without a recording and without an event it is JSON still.
        for clips in [[], [two[1]], [MadeEvents.events[0]]] {
            #expect(try JSONSerialization.jsonObject(with: Data(text("jams", clips).utf8)) is [String: Any])
        }
    }
}
