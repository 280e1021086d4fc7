import Cache
import Corpora
import Evaluation
import Foundation
import Results
import TestSupport
import Testing

/// Statistics by hour, date, month and column against the same counted sample by sample, with Foundation's calendar.
@Suite struct DivisionTests {
    private static let classes = ["Dog", "Rain", "Never"]
    /// Two samples a second, so that every one of them can be asked for its hour.
    private static let timing = ChunkTiming(rate: 2, hop: 60, length: 130)
    private static let threshold: Float = 0.6

    private struct Made {
        let name: String
        let samples: Int
        let began: String?
        let site: String?
        let rows: [[Float]]

        var metadata: String? {
            let fields = [("began", began), ("site", site)].compactMap { name, value in value.map { (name, $0) } }
            return fields.isEmpty ? nil : ClipMetadata(fields).json
        }
    }

    private static func clips(seed: Int) -> [Made] {
        var draw = Draw(seed)
        let starts: [String?] = [
            "2024-05-12T23:10:07.250+02:00", "2024-05-31T22:59:59Z", nil, "2024-12-31T23:59:30-03:30",
            "2024-05-12T04:00:00+05:45", "2024-10-27T01:30:00+02:00", "", "2024-05-12T04:30:00+02:00",
        ]
        return starts.enumerated().map { place, began in
            // From less than a chunk to more than a day.
            let samples = [3, 4000, 8000, 180_000, 7200, 18_000, 2000, 130][place]
            let chunks = samples <= timing.length ? 1 : (samples - timing.length + timing.hop - 1) / timing.hop + 1
            let rows = (0..<chunks).map { _ in
                [draw.share(), draw.share() * draw.share() * 1.3, 0.2].map { min($0, 1) }
            }
            return Made(
                name: "c\(place)", samples: samples, began: began, site: ["pond", "hill", "", nil][place % 4],
                rows: rows)
        }
    }

    private struct Expected {
        var clips: [String: Int] = [:]
        var hours: [String: Double] = [:]
        var above: [String: [Int]] = [:]
        var heard: [String: [Int]] = [:]
        var samples: [String: [Int]] = [:]
    }

    /// The group of each sample of a clip.
    private static func groups(_ clip: Made, _ kind: ClipDivision.Kind) -> [String] {
        if case .column = kind {
            let value = clip.site ?? ""
            return [String](repeating: value.isEmpty ? "(none)" : value, count: clip.samples)
        }
        guard let text = clip.began, !text.isEmpty else { return [String](repeating: "(none)", count: clip.samples) }
        let reader = ISO8601DateFormatter()
        reader.formatOptions =
            text.contains(".") ? [.withInternetDateTime, .withFractionalSeconds] : [.withInternetDateTime]
        var calendar = Calendar(identifier: .gregorian)
        let zone = text.suffix(6)
        let sign = zone.hasPrefix("-") ? -1 : 1
        let seconds =
            text.hasSuffix("Z")
            ? 0 : sign * ((Int(zone.dropFirst().prefix(2)) ?? 0) * 60 + (Int(zone.suffix(2)) ?? 0)) * 60
        calendar.timeZone = TimeZone(secondsFromGMT: seconds) ?? .gmt
        let start = (reader.date(from: text) ?? .distantPast).timeIntervalSince1970
        var last = (minute: -1, text: "")
        return (0..<clip.samples).map { sample in
            // Minutes are asked for once: no hour or day begins within one.
            let minute = Int(((start + Double(sample) / 2) / 60 + 1e-9).rounded(.down))
            if last.minute == minute { return last.text }
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour], from: Date(timeIntervalSince1970: Double(minute) * 60 + 1))
            let (year, month, day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
            let text =
                switch kind {
                case .hour: String(format: "%02d", parts.hour ?? -1)
                case .month: String(format: "%04d-%02d", year, month)
                default: String(format: "%04d-%02d-%02d", year, month, day)
                }
            last = (minute, text)
            return text
        }
    }

    private static func expected(_ clips: [Made], _ kind: ClipDivision.Kind) -> Expected {
        var found = Expected()
        let none = [Int](repeating: 0, count: classes.count)
        for clip in clips {
            let groups = groups(clip, kind)
            let names = Array(Set(groups))
            let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            // The groups as numbers: a day of samples is compared in a moment.
            var last = (name: "", place: 0)
            let placeOf = groups.map { name in
                if name != last.name { last = (name, places[name] ?? 0) }
                return last.place
            }
            var counts = [Int](repeating: 0, count: names.count)
            for place in placeOf { counts[place] += 1 }
            for (name, count) in zip(names, counts) {
                found.clips[name, default: 0] += 1
                found.hours[name, default: 0] += Double(count) * 0.5 / 3600
            }
            for index in classes.indices {
                let mean = clip.rows.map { Double($0[index]) }.reduce(0, +) / Double(clip.rows.count)
                if Float(mean) >= threshold { found.above[groups[0], default: none][index] += 1 }
                var isCovered = [Bool](repeating: false, count: clip.samples)
                for (place, row) in clip.rows.enumerated() where row[index] >= threshold {
                    let start = place * timing.hop
                    for sample in start..<max(start, min(start + timing.length, clip.samples)) {
                        isCovered[sample] = true
                    }
                }
                var covered = [Int](repeating: 0, count: names.count)
                for sample in isCovered.indices where isCovered[sample] { covered[placeOf[sample]] += 1 }
                for (name, count) in zip(names, covered) where count > 0 {
                    found.samples[name, default: none][index] += count
                    found.heard[name, default: none][index] += 1
                }
            }
        }
        return found
    }

    @Test(arguments: [1, 2]) func everyCountIsThatOfTheSamples(seed: Int) throws {
        let folder = try TemporaryFolder()
        let cache = CacheFolder(folder: folder.path + "/cache")
        let clips = Self.clips(seed: seed)
        try ScoreCache(cache: cache, classes: Self.classes, timing: Self.timing).make(clips: clips.count) { place in
            let clip = clips[place]
            return ScoreCache.Clip(
                name: clip.name, path: "/audio/\(clip.name).wav", samples: clip.samples,
                scores: clip.rows.flatMap { $0 }, metadata: clip.metadata)
        }
        let kinds: [ClipDivision.Kind] = [.hour, .date, .month, .column("site")]
        let content = try StatisticsBuilder(cache: cache, pipeline: nil, by: kinds).content(
            truth: nil, thresholds: ClassThresholds(fallback: Double(Self.threshold)), examples: nil)
        #expect(content.divisions.map(\.kind) == kinds)
        for division in content.divisions {
            let expected = Self.expected(clips, division.kind)
            #expect(Set(division.groups.map(\.name)) == Set(expected.clips.keys), "\(division.kind)")
            #expect(
                division.groups.last?.name == "(none)"
                    && division.groups.dropLast().map(\.name) == division.groups.dropLast().map(\.name).sorted())
            for (place, group) in division.groups.enumerated() {
                #expect(group.clips == expected.clips[group.name], "\(division.kind) \(group.name)")
                // One recording begins between two samples.
                #expect(abs(group.hours - (expected.hours[group.name] ?? 0)) < 5e-4)
                for index in Self.classes.indices {
                    let cell = division[place, index]
                    #expect(cell.clipsAbove == expected.above[group.name]?[index] ?? 0)
                    #expect(cell.clipsHeard == expected.heard[group.name]?[index] ?? 0)
                    #expect(cell.samples == expected.samples[group.name]?[index] ?? 0, "\(division.kind) \(group.name)")
                }
            }
            // What the classes' own table says.
            for (index, row) in content.summary.classes.enumerated() {
                let places = division.groups.indices
                #expect(places.reduce(0) { $0 + division[$1, index].clipsAbove } == row.clipsAbove)
                let hours = places.reduce(0) { $0 + division.hoursAbove(group: $1, index) }
                #expect(abs(hours - row.hoursAbove) < 1e-9)
            }
            #expect(abs(division.groups.reduce(0) { $0 + $1.hours } - content.summary.hours) < 1e-9)
            try check(tables: division)
        }
    }

    private func check(tables division: ClipDivision) throws {
        let lines = String(decoding: division.csv(Self.classes), as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "\(division.kind.name),class,clips,clips_above,clips_heard,hours,hours_above")
        // Never is found in no group.
        #expect(lines.count == 1 + 2 * division.groups.count && !lines.contains { $0.contains("Never") })
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(division.json(Self.classes).utf8)) as? [String: Any])
        let groups = try #require(json["groups"] as? [[String: Any]])
        #expect(groups.count == division.groups.count && json["classes_found"] as? Int == 2)
        #expect(json["clips_without_value"] as? Int == division.clipsWithoutValue && division.clipsWithoutValue > 0)
        for (group, found) in zip(division.groups, groups) {
            #expect(found["value"] as? String == group.value && found["clips"] as? Int == group.clips)
        }
    }

    @Test func thePageShowsHoursAndDates() throws {
        let folder = try TemporaryFolder()
        let cache = CacheFolder(folder: folder.path + "/cache")
        let clips = Self.clips(seed: 3)
        func page(_ metadata: (Made) -> String?, by kinds: [ClipDivision.Kind]) throws -> String {
            try? FileManager.default.removeItem(atPath: cache.folder)
            try ScoreCache(cache: cache, classes: Self.classes, timing: Self.timing).make(clips: clips.count) { place in
                ScoreCache.Clip(
                    name: clips[place].name, path: "/audio/\(place).wav", samples: clips[place].samples,
                    scores: clips[place].rows.flatMap { $0 }, metadata: metadata(clips[place]))
            }
            return ReportPage(
                try StatisticsBuilder(cache: cache, pipeline: nil, by: kinds).content(
                    truth: nil, thresholds: ClassThresholds(fallback: Double(Self.threshold)),
                    examples: ExampleSettings(perClass: 0))
            ).html()
        }
        let plain = try page({ _ in nil }, by: [])
        #expect(!plain.contains("When and where") && !plain.contains("hour of day"))
        let full = try page(\.metadata, by: [.column("site")])
        #expect(full.contains("Hours of sound by hour of day") && full.contains("Hours of sound by date"))
        #expect(full.contains("Hours of sound by site; 4 clips have no site"))
        #expect(full.contains("By <bdi>site</bdi>") && full.contains("By <bdi>date</bdi>"))
        #expect(full.contains("at or above the threshold, by hour of day"))
    }
}
