import Audio
import Files
import Foundation

/// Finds when recordings began, from their files' headers and names.
///
/// Of several sources the first counts that gives a moment: GUANO, the comment of an AudioMoth, the name, `bext`; a
/// pattern that the user gave counts before all of them. `bext` is last because programs that edit recordings write the
/// time of the edit into it. Nothing is guessed: a clock without a zone, a time that a change of the clocks skipped or
/// repeated, one of the future or from before 1980, and a name with several times give none.
package struct StartTimeFinder {
    /// Where a time comes from.
    package enum Source: String, Sendable, CaseIterable {
        case guano = "GUANO"
        case audioMoth = "AudioMoth"
        case name
        case broadcast = "bext"
    }

    /// Why a source gives no moment.
    package enum Lack: String, Sendable, CaseIterable {
        case nothing = "no time in name or header"
        case zone = "a time without a zone; --zone gives it one"
        case several = "several times in the name; --name-pattern says which"
        case impossible = "a date or time that does not exist"
        case future = "a time in the future"
        case ancient = "a time before 1980, as of a clock that was not set"
        case skipped = "a time that the clocks skipped when they were put forward"
        case twice = "a time that there was twice when the clocks were put back"
    }

    /// What was found of one recording.
    package struct Found: Sendable {
        package var began: StartTime?
        /// nil if `began` is.
        package var source: Source?
        package var recorder: String?
        /// Degrees, as the header has them.
        package var position: (latitude: String, longitude: String)?
        /// The file with the same content whose time this is; nil if it is the recording's own, or there is none.
        package var copy: String?
    }

    /// Times of one recording that are farther apart than this, in milliseconds, disagree.
    package static let tolerance: Int64 = 5000

    private struct Reading {
        let source: Source
        let clock: ClockTime
        let hasOwnZone: Bool
        /// nil if the clock's zone is not known, or the clock was being changed.
        let moment: StartTime?
        let lack: Lack?
    }

    private let zone: ZoneRule?
    private let patterns: [NamePattern]
    /// Milliseconds since 1970 in UTC.
    private let now: Int64
    /// What came of all recordings.
    package private(set) var summary = StartTimeSummary()

    /// - Parameters:
    ///   - zone: of clocks that do not say theirs; nil if it is not known.
    ///   - patterns: where names have the time: the first that fits a name counts; none for the forms of well-known
    ///     recorders.
    package init(zone: ZoneRule?, patterns: [NamePattern], now: Date = Date()) {
        self.zone = zone
        self.patterns = patterns
        self.now = Int64(now.timeIntervalSince1970 * 1000)
    }

    /// Finds when a recording began.
    ///
    /// - Parameters:
    ///   - clip: its path below the folder, as `PathText` has it.
    ///   - path: its absolute path.
    ///   - copies: files with its content, of which the first that has a time gives it if its own file has none.
    package mutating func find(
        clip: String, path: String, copies: [(clip: String, path: String)] = []
    ) -> Found {
        var found = Found()
        let tags = tags(clip: clip, path: path)
        let guano = tags?.guano.map(HeaderTimes.guano) ?? [:]
        found.recorder = HeaderTimes.recorder(guano, comment: tags?.comment)
        found.position = HeaderTimes.position(guano)
        var told: [(Source, HeaderTimes.Told)] = [
            (.guano, HeaderTimes.guanoTime(guano)),
            (.audioMoth, tags?.comment.map(HeaderTimes.audioMoth) ?? .nothing),
            (.broadcast, tags?.broadcast.map(HeaderTimes.broadcast) ?? .nothing),
        ]
        let (named, isSeveral) = named(clip)
        told.insert((.name, named), at: patterns.isEmpty ? 2 : 0)
        var readings: [Reading] = []
        var lacks: [Lack] = []
        for (source, told) in told {
            switch told {
            case .nothing: if source == .name, isSeveral { lacks.append(.several) }
            case .impossible: lacks.append(.impossible)
            case .time(let clock, let offset):
                let reading = reading(source, clock, offset)
                readings.append(reading)
                if let lack = reading.lack { lacks.append(lack) }
            }
        }
        guard let chosen = readings.first(where: { $0.lack == nil }), let began = chosen.moment else {
            if let (copy, told, source) = timed(copies) {
                (found.began, found.source, found.copy) = (told, source, copy)
                summary.note(source: source)
                summary.note(clip: clip, copy: copy)
            } else {
                summary.note(lack: lacks.first ?? .nothing, clip: clip)
            }
            return found
        }
        (found.began, found.source) = (began, chosen.source)
        summary.note(source: chosen.source)
        let others = readings.filter { $0.source != chosen.source && !agrees($0, with: chosen, began) }
        if !others.isEmpty {
            summary.note(
                disagreement: clip, taken: chosen.source, began.text(),
                others: others.map { ($0.source, $0.moment?.text() ?? $0.clock.text()) })
        }
        return found
    }

    /// The first of some files that has a time. What else is odd about them is not counted, as they are not listed.
    private func timed(
        _ files: [(clip: String, path: String)]
    ) -> (clip: String, began: StartTime, source: Source)? {
        var other = self
        for file in files {
            let found = other.find(clip: file.clip, path: file.path)
            if let began = found.began, let source = found.source { return (file.clip, began, source) }
        }
        return nil
    }

    private mutating func tags(clip: String, path: String) -> RecorderTags? {
        do throws(AudioError) {
            let tags = try RecorderTags.read(path, bytes: PathText.bytes(path))
            if tags?.isCut == true { summary.note(unreadable: clip, "its header is cut short") }
            return tags
        } catch {
            summary.note(unreadable: clip, error.reason)
            return nil
        }
    }

    /// The time in a name, and whether there are several.
    private func named(_ clip: String) -> (HeaderTimes.Told, Bool) {
        let file = clip.unicodeScalars.split(separator: "/").last.map(String.init) ?? clip
        let found =
            patterns.isEmpty
            ? RecorderNames.find(in: file, now: now / 1000)
            : patterns.lazy.map { $0.find(in: PathText.bytes($0.spansFolders ? clip : file)) }.first { !$0.isEmpty }
                ?? []
        guard let first = found.first else { return (.nothing, false) }
        if found.dropFirst().contains(where: { !$0.equals(first) }) { return (.nothing, true) }
        return (first.time.map { .time($0, offset: first.offset) } ?? .impossible, false)
    }

    private func reading(_ source: Source, _ clock: ClockTime, _ offset: StartTime.Offset?) -> Reading {
        func made(_ moment: StartTime?, _ lack: Lack?) -> Reading {
            Reading(source: source, clock: clock, hasOwnZone: offset != nil, moment: moment, lack: lack)
        }
        let moment: StartTime
        if let offset {
            moment = StartTime(clock: clock, offset: offset.seconds)
        } else {
            switch zone?.meaning(of: clock) {
            case nil:
                // Whatever the zone, it is at most 14 hours from UTC.
                let slack = Int64(StartTime.widestOffset) * 1000
                if clock.milliseconds - slack > now { return made(nil, .future) }
                if clock.milliseconds + slack < OddTimes.earliest { return made(nil, .ancient) }
                return made(nil, .zone)
            case .skipped: return made(nil, .skipped)
            case .twice: return made(nil, .twice)
            case .moment(let found): moment = found
            }
        }
        if moment.instant > now { return made(moment, .future) }
        if moment.instant < OddTimes.earliest { return made(moment, .ancient) }
        return made(moment, nil)
    }

    /// Whether a reading says the same as the chosen one. A clock without a zone may have been that of the chosen one's
    /// zone, or have shown UTC, as AudioMoths name their files.
    private func agrees(_ reading: Reading, with chosen: Reading, _ began: StartTime) -> Bool {
        func isNear(_ a: Int64, _ b: Int64) -> Bool { abs(a - b) <= Self.tolerance }
        if let moment = reading.moment, isNear(moment.instant, began.instant) { return true }
        guard !reading.hasOwnZone else { return false }
        if chosen.hasOwnZone, isNear(reading.clock.milliseconds, began.instant) { return true }
        return reading.moment == nil && isNear(reading.clock.milliseconds, began.clock.milliseconds)
    }
}
