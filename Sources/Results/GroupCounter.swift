import Corpora
import Evaluation
import Ledger

/// Counts what a cache's scores have found in the groups of one division of its clips.
///
/// First each clip is added with its own score and length, then the chunks of those that have chunk scores. What is kept
/// grows with the groups and the classes found in them, not with the clips.
final class GroupCounter {
    private typealias Cell = ClipDivision.Cell

    /// A part of a recording that belongs to one group: from a number of milliseconds in it to where the next part
    /// begins.
    private struct Part {
        let start: Int64
        let group: Int
    }

    let kind: ClipDivision.Kind
    private let thresholds: [Float]
    private var values: [String?] = []
    private var places: [String?: Int] = [:]
    private var clips: [Int] = []
    private var hours: [Double] = []
    private var cells: [Int: Cell] = [:]
    private var rate: Int?

    // The clip whose chunks are being added.
    private var parts: [(start: Int, group: Int)] = []
    private var part = 0
    private var reached: [Int]
    /// Keys of `cells` in which this clip counts as heard already.
    private var heard: Set<Int> = []

    /// - Parameter thresholds: in the order of the scores.
    init(_ kind: ClipDivision.Kind, thresholds: [Double]) {
        self.kind = kind
        // As float32, the type in which scores are kept and written.
        self.thresholds = thresholds.map { Float($0) }
        reached = [Int](repeating: 0, count: thresholds.count)
    }

    /// Adds a clip.
    ///
    /// - Parameters:
    ///   - scores: the clip's own, in the order of the thresholds.
    ///   - seconds: its length; 0 if that is not known.
    func add(_ clip: ClipRecord, scores: [Float], seconds: Double) {
        let milliseconds = Int64((seconds * 1000).rounded(.up))
        let parts = parts(of: clip, milliseconds: milliseconds)
        var met = Set<Int>()
        for (place, part) in parts.enumerated() {
            let end = place + 1 < parts.count ? Double(parts[place + 1].start) / 1000 : seconds
            hours[part.group] += max(0, end - Double(part.start) / 1000) / 3600
            if met.insert(part.group).inserted { clips[part.group] += 1 }
        }
        for index in thresholds.indices where scores[index] >= thresholds[index] {
            cells[parts[0].group * thresholds.count + index, default: Cell()].clipsAbove += 1
        }
    }

    /// Starts a clip's chunks.
    ///
    /// - Parameters:
    ///   - samples: one past the last chunk's last.
    ///   - rate: samples per second.
    func begin(chunksOf clip: ClipRecord, samples: Int, rate: Int) {
        self.rate = rate
        let milliseconds = Int64((Double(samples) / Double(rate) * 1000).rounded(.up))
        parts = parts(of: clip, milliseconds: milliseconds).map {
            // The first sample at or after the moment.
            (start: (Int($0.start) * rate + 999) / 1000, group: $0.group)
        }
        part = 0
        heard.removeAll(keepingCapacity: true)
        for index in reached.indices { reached[index] = 0 }
    }

    /// Adds a chunk's scores, shape (classes); chunks must come in order of start.
    ///
    /// - Parameters:
    ///   - start: its first sample.
    ///   - end: one past its last sample, or past the recording's last if that comes first.
    func add(_ row: UnsafeBufferPointer<Float>, from start: Int, to end: Int) {
        while part + 1 < parts.count, parts[part + 1].start <= start { part += 1 }
        for index in 0..<row.count where row[index] >= thresholds[index] && end > reached[index] {
            cover(index, from: max(start, reached[index]), to: end)
            reached[index] = end
        }
    }

    /// Counts a stretch that a class's chunks cover, part by part.
    private func cover(_ index: Int, from start: Int, to end: Int) {
        var (place, from) = (part, start)
        while from < end {
            while place + 1 < parts.count, parts[place + 1].start <= from { place += 1 }
            let to = place + 1 < parts.count ? min(end, parts[place + 1].start) : end
            let key = parts[place].group * thresholds.count + index
            // A clip that lasts for days is in the same hour again, and counts once.
            let isNew = heard.insert(key).inserted
            cells[key, default: Cell()].samples += to - from
            if isNew { cells[key, default: Cell()].clipsHeard += 1 }
            from = to
        }
    }

    /// What was counted so far.
    func division() -> ClipDivision {
        ClipDivision(
            kind: kind,
            groups: values.indices.map { .init(value: values[$0], clips: clips[$0], hours: hours[$0]) },
            classes: thresholds.count, rate: rate, cells: cells)
    }

    /// The parts of a clip, at least one, by their start.
    private func parts(of clip: ClipRecord, milliseconds: Int64) -> [Part] {
        let metadata = clip.metadata.flatMap { ClipMetadata(json: $0) }
        if case .column(let name) = kind {
            let value = metadata?[name] ?? ""
            return [Part(start: 0, group: group(value.isEmpty ? nil : value))]
        }
        guard let began = metadata?.began else { return [Part(start: 0, group: group(nil))] }
        let unit: Int64 = kind == .hour ? 3_600_000 : 86_400_000
        var parts: [Part] = []
        var start: Int64 = 0
        repeat {
            let clock = began.clock.adding(milliseconds: start)
            let group = group(value(of: clock))
            if parts.last?.group != group { parts.append(Part(start: start, group: group)) }
            // To the next full hour or day.
            start += unit - Int64(clock.timeOfDay) % unit
        } while start < milliseconds
        return parts
    }

    private func value(of clock: ClockTime) -> String {
        switch kind {
        case .hour: (clock.hour < 10 ? "0" : "") + String(clock.hour)
        case .month: String(clock.dateText.dropLast(3))
        default: clock.dateText
        }
    }

    private func group(_ value: String?) -> Int {
        if let known = places[value] { return known }
        places[value] = values.count
        values.append(value)
        clips.append(0)
        hours.append(0)
        return values.count - 1
    }
}
