import Corpora
import Errors
import Foundation
import TestSupport
import Testing

/// Times as texts, in names, in headers and on clocks that are being changed.
@Suite struct StartTimeTests {
    private static func calendar(_ zone: String) throws -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        return calendar
    }

    @Test func datesAreThoseOfTheCalendar() throws {
        let calendar = try Self.calendar("UTC")
        for number in Seeded.uniform(stream: 4, count: 5000) {
            // From 1874 to 2128.
            let milliseconds = Int64(Double(number) * 8e12) + 1_000_000_000_000
            let date = Date(timeIntervalSince1970: (Double(milliseconds) / 1000).rounded(.down))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            let clock = ClockTime(milliseconds: milliseconds)
            #expect(clock.date == (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0) && clock.hour == parts.hour)
            let made = ClockTime(
                year: clock.date.year, month: clock.date.month, day: clock.date.day, hour: parts.hour ?? 0,
                minute: parts.minute ?? 0, second: parts.second ?? 0, millisecond: clock.timeOfDay % 1000)
            #expect(made == clock)
            let text = StartTime(clock: clock, offset: nil).text(alwaysMilliseconds: true)
            #expect(StartTime(text)?.clock == clock)
            #expect(text.hasPrefix(date.formatted(.iso8601).dropLast()))
        }
        for year in 1995...2105 {
            for month in 1...12 {
                let first = try #require(calendar.date(from: DateComponents(year: year, month: month)))
                let days = try #require(calendar.range(of: .day, in: .month, for: first)).count
                #expect(ClockTime(year: year, month: month, day: days) != nil)
                #expect(ClockTime(year: year, month: month, day: days + 1) == nil)
            }
        }
    }

    @Test(arguments: [
        ("2024-05-12T04:30:00+02:00", "2024-05-12T04:30:00+02:00", 1_715_481_000_000),
        ("2024-05-12 04:30+0200", "2024-05-12T04:30:00+02:00", 1_715_481_000_000),
        ("2024-05-12T02:30:00Z", "2024-05-12T02:30:00Z", 1_715_481_000_000),
        ("2024-05-12T08:15:00.25+05:45", "2024-05-12T08:15:00.250+05:45", 1_715_481_000_250),
        ("2024-05-11T23:00:00,123456-03:30", "2024-05-11T23:00:00.123-03:30", 1_715_481_000_123),
        ("2024-05-12T02:30:00+00:00", "2024-05-12T02:30:00+00:00", 1_715_481_000_000),
        ("2024-05-11T16:30:00-10", "2024-05-11T16:30:00-10:00", 1_715_481_000_000),
    ]) func textsAreRead(text: String, written: String, instant: Int) throws {
        let time = try #require(StartTime(text))
        #expect(time.text() == written && time.instant == Int64(instant))
    }

    @Test func anEventsTimeIsOnTheRecordingsClock() throws {
        let start = try #require(StartTime("2024-12-31T23:59:59.900-03:00"))
        #expect(start.adding(seconds: 0.2505).text(alwaysMilliseconds: true) == "2025-01-01T00:00:00.151-03:00")
        // The zone's offset changes an hour later; the clock of a recorder that runs does not.
        let summer = try #require(StartTime("2024-10-27T02:30:00+02:00"))
        #expect(summer.adding(seconds: 3600).text() == "2024-10-27T03:30:00+02:00")
    }

    // MARK: Names

    private func named(_ name: String, pattern: String? = nil) throws -> [String] {
        let found =
            try pattern.map { try NamePattern($0).find(in: Array(name.utf8)) }
            ?? RecorderNames.find(in: name, now: 1_800_000_000)
        return found.map { one in
            guard let time = one.time else { return "impossible" }
            return one.offset.map { StartTime(clock: time, offset: $0.seconds).text() } ?? time.text()
        }
    }

    @Test(arguments: [
        ("20240512_043000.wav", "2024-05-12T04:30:00"), ("SITE-3_20240512_043000.wav", "2024-05-12T04:30:00"),
        ("SM4_A_0+1_20240512$043000.wav", "2024-05-12T04:30:00"), ("20240512_043000T.WAV", "2024-05-12T04:30:00"),
        ("20240512T043000Z.flac", "2024-05-12T04:30:00Z"), ("20240512_043000Z_ch1.flac", "2024-05-12T04:30:00Z"),
        ("20240512T043000+0545.wav", "2024-05-12T04:30:00+05:45"), ("20240512T043000-0001.wav", "2024-05-12T04:30:00"),
        ("20240512_043000-0300.wav", "2024-05-12T04:30:00"),
        ("S_20240512_043000+0530.wav", "2024-05-12T04:30:00+05:30"),
        ("20240512_043000+01.wav", "2024-05-12T04:30:00+01:00"),
        ("20240512T043000.250Z.wav", "2024-05-12T04:30:00Z"), ("20240512T043000+1500.wav", "impossible"),
        ("20240512_043000_UTC.wav", "2024-05-12T04:30:00Z"), ("20240512_043000UTC.wav", "2024-05-12T04:30:00Z"),
        ("20240512043000.mp3", "2024-05-12T04:30:00"),
        ("rec 2024-05-12 04.30.00.wav", "2024-05-12T04:30:00"),
        ("2024-05-12T04:30:00+02:00.wav", "2024-05-12T04:30:00+02:00"),
        ("2024_05_12-04_30_00_x.wav", "2024-05-12T04:30:00"), ("240512_043000.wav", "2024-05-12T04:30:00"),
        ("240512-043000_Tr1.WAV", "2024-05-12T04:30:00"), ("5E2B4B40.WAV", "2020-01-24T19:53:36Z"),
        ("58123456.WAV", "2016-10-27T17:07:34Z"),
        ("a20240512_043000_20240512_043000.wav", "2024-05-12T04:30:00 2024-05-12T04:30:00"),
        ("20240101_000000_20240102_000000.wav", "2024-01-01T00:00:00 2024-01-02T00:00:00"),
        ("20241332_250000.wav", "impossible"), ("20240230_120000.wav", "impossible"),
        ("20240512.wav", ""), ("1-100032-A-0.wav", ""), ("123456789012345.wav", ""), ("991399_999999.wav", ""),
        ("x5E2B4B40.wav", ""), ("5e2b4b40.wav", ""), ("FFFFFFFF.WAV", ""), ("ZOOM0001.WAV", ""), ("", ""),
        ("120240512_043000.wav", ""), ("20240512_0430001.wav", ""),
    ]) func recordersNames(name: String, expected: String) throws {
        #expect(try named(name).joined(separator: " ") == expected)
    }

    @Test(arguments: [
        ("rec_%d-%m-%Y_%Hh%M", "rec_12-05-2024_04h30.wav", "2024-05-12T04:30:00"),
        ("%Y-%m-%d/*_%H%M%S", "pond/2024-05-12/cam3_043001.wav", "2024-05-12T04:30:01"),
        ("%y%m%d%H", "x24051204.wav", "2024-05-12T04:00:00"), ("%s", "a_1715481000.wav", "2024-05-12T02:30:00Z"),
        ("%Y%m%d%H%M%S.%f%z", "20240512043000.25+0200", "2024-05-12T04:30:00.250+02:00"),
        ("100%%_%Y%m%d_%H", "100%_20240512_04", "2024-05-12T04:00:00"), ("%Y%m%d_%H", "120240512_04.wav", ""),
        ("%Y%m%d_%H", "20240512_041.wav", ""),
        ("%Y%m%d_%H", "20240512_04 20240513_04", "2024-05-12T04:00:00 2024-05-13T04:00:00"),
    ]) func patterns(pattern: String, name: String, expected: String) throws {
        #expect(try named(name, pattern: pattern).joined(separator: " ") == expected)
    }

    /// Were each `*` tried anew for each place of those before it, this would take longer than the universe is old.
    @Test(.timeLimit(.minutes(1))) func manyStars() throws {
        let pattern = String(repeating: "*a", count: 40) + "%Y%m%d_%H"
        #expect(try named(String(repeating: "a", count: 250), pattern: pattern) == [])
        #expect(try named(String(repeating: "a", count: 250) + "20240512_04", pattern: pattern).count == 1)
    }

    @Test(arguments: ["%Y%m%d", "%q%Y%m%d%H", "abc", "%Y%m%d%H%", "%s%Y%m%d%H"]) func wrongPatterns(pattern: String) {
        let said = message { _ = try NamePattern(pattern) }
        #expect(said?.hasPrefix("--name-pattern: found ") == true, "\(said ?? "nothing")")
    }

    // MARK: Zones

    private func meaning(_ zone: String, _ text: String) throws -> String {
        let clock = try #require(StartTime(text + "Z")).clock
        return switch try ZoneRule(zone).meaning(of: clock) {
        case .moment(let time): time.text()
        case .skipped: "skipped"
        case .twice: "twice"
        }
    }

    @Test(arguments: [
        ("Europe/Berlin", "2024-03-31T01:59:59", "2024-03-31T01:59:59+01:00"),
        ("Europe/Berlin", "2024-03-31T02:00:00", "skipped"), ("Europe/Berlin", "2024-03-31T02:30:00", "skipped"),
        ("Europe/Berlin", "2024-03-31T03:00:00", "2024-03-31T03:00:00+02:00"),
        ("Europe/Berlin", "2024-10-27T01:59:59", "2024-10-27T01:59:59+02:00"),
        ("Europe/Berlin", "2024-10-27T02:30:00", "twice"),
        ("Europe/Berlin", "2024-10-27T03:00:00", "2024-10-27T03:00:00+01:00"),
        ("Asia/Kolkata", "2024-05-12T04:30:00", "2024-05-12T04:30:00+05:30"),
        ("Asia/Kathmandu", "2024-05-12T04:30:00", "2024-05-12T04:30:00+05:45"),
        ("America/St_Johns", "2024-05-12T04:30:00", "2024-05-12T04:30:00-02:30"),
        ("Australia/Lord_Howe", "2024-04-07T01:45:00", "twice"),
        ("Australia/Lord_Howe", "2024-10-06T02:15:00", "skipped"),
        ("+05:45", "2024-05-12T04:30:00", "2024-05-12T04:30:00+05:45"),
        ("-0330", "2024-05-12T04:30:00", "2024-05-12T04:30:00-03:30"),
        ("UTC", "2024-05-12T04:30:00", "2024-05-12T04:30:00Z"), ("Z", "2024-05-12T04:30:00", "2024-05-12T04:30:00Z"),
    ]) func zones(zone: String, clock: String, expected: String) throws {
        #expect(try meaning(zone, clock) == expected)
    }

    /// Forward from every quarter of an hour of a year: each clock time that comes once means that moment, each that comes
    /// more often none, and each that never comes was skipped.
    @Test(arguments: ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
    func aYearOfClocks(zone: String) throws {
        let place = try #require(TimeZone(identifier: zone))
        let rule = try ZoneRule(zone)
        let (start, step): (Int64, Int64) = (1_704_067_200, 900)
        var moments: [Int64: [Int64]] = [:]
        for number in 0..<366 * 96 {
            let moment = start + Int64(number) * step
            let ahead = place.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment)))
            moments[moment + Int64(ahead), default: []].append(moment)
        }
        var (twice, skipped) = (0, 0)
        for number in 96..<365 * 96 {
            let clock = start + Int64(number) * step
            let found = rule.meaning(of: ClockTime(milliseconds: clock * 1000))
            switch (moments[clock] ?? []).count {
            case 0:
                skipped += 1
                #expect(found == .skipped)
            case 1:
                guard case .moment(let time) = found else {
                    Issue.record("\(clock): \(found)")
                    continue
                }
                #expect(time.instant == (moments[clock]?.first ?? 0) * 1000)
            default:
                twice += 1
                #expect(found == .twice)
            }
        }
        #expect(twice == skipped && twice == ["Australia/Lord_Howe": 2, "Asia/Kathmandu": 0][zone] ?? 4)
    }

    @Test(arguments: ["", "CEST", "EST", "Europe/Berln", "+15:00", "2", "local", "Europe/"]) func wrongZones(
        zone: String
    ) {
        #expect(message { _ = try ZoneRule(zone) }?.hasPrefix("--zone: found '\(zone)', expected UTC") == true)
    }
}
