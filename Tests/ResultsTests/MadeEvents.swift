import Foundation
import Results

/// Recordings and events of names that a format may trip over, and files of them.
struct MadeEvents {
    static let root = "/data/field, 2026"
    /// Quotes apart: formats without quoting keep them, and readers of those formats take them for quoting.
    static let labels = [
        "Dog", "Child speech, kid speaking", "a < b & c > d --> e", "tab\there", "line\nend\r", "naïve 日本 🐕",
        "50 % \\ ; #1",
        "O'Neil's",
    ]
    static let clips = [
        EventClip(name: "site 1/a", path: root + "/site 1/a.wav", seconds: 40.5),
        EventClip(name: "none", path: root + "/none.wav", seconds: 7),
        EventClip(name: "b", path: root + "/b, & <c>.flac", seconds: 36_010, began: "2026-05-01T04:00:00.500+02:00"),
    ]

    /// Clip by clip, by start.
    static let events: [(clip: EventClip, events: [Event])] = clips.map { clip in
        let count = clip.name == "none" ? 0 : labels.count
        return (
            clip,
            (0..<count).map { place in
                let start = clip.name == "b" ? 36_000 + Double(place) / 3 : Double(place) * 4 + 1.0 / 3
                return Event(
                    clip: clip.name, path: clip.path, start: start, end: start + 0.5 + Double(place) / 7,
                    label: labels[place], score: 0.5 + Double(place) / 31, peak: 0.9)
            }
        )
    }

    static var provenance: Provenance {
        var provenance = Provenance(
            version: "1.2", written: "2026-01-01T00:00:00Z", pipeline: "label --> \"x\"", fingerprint: "f", models: [],
            settings: [("threshold", "0.5"), ("class", "a\nb")])
        provenance.root = root
        provenance.band = 125...7500
        return provenance
    }

    /// A file of some recordings, by the format's writer.
    static func text(_ format: EventFormat, _ clips: [(clip: EventClip, events: [Event])] = events) throws -> String {
        let writer = format.make()
        var out: [UInt8] = []
        try writer.begin(provenance, &out)
        for (clip, events) in clips {
            try writer.begin(clip: clip, &out)
            for event in events { try writer.write(event, &out) }
        }
        try writer.finish(&out)
        return String(decoding: out, as: UTF8.self)
    }

    private struct Expected: Encodable {
        let clip, path, file, label: String
        let start, end, score: Double
        let seconds: Double?
    }

    /// What a reader must find, as JSON.
    static func expected(_ clips: [(clip: EventClip, events: [Event])] = events) throws -> Data {
        try JSONEncoder().encode(
            clips.flatMap { clip, events in
                events.map {
                    Expected(
                        clip: $0.clip, path: $0.path, file: String($0.path.dropFirst(root.count + 1)), label: $0.label,
                        start: $0.start, end: $0.end, score: $0.score, seconds: clip.seconds)
                }
            })
    }
}
