/// Which events to cut.
package enum CutChoice: Sendable, Equatable {
    case all
    /// This many events of each class, highest scores first; among equal scores, those that come first.
    case best(Int)
    /// This many events of each class, spread over its range of scores, for validating a threshold.
    case spread(Int)
}

/// An event to cut, and its stratum within its class's scores.
package struct ChosenEvent: Sendable {
    package let event: Event
    /// For a spread: the range of scores that the event represents, and how many events of its class are in that range.
    package let stratum: (low: Double, high: Double, events: Int)?
}

/// Chooses events from a stream that is too long to keep in memory.
package struct CutChooser {
    /// Most strata per class.
    private static let strata = 10

    /// Passes the events clip by clip; the same at every call.
    package typealias Events = (_ body: (EventClip, [Event]) throws -> Void) throws -> Void

    private struct Ranked {
        let event: Event
        let clip: EventClip
        let rank: Double
        /// Position in the stream.
        let number: Int
    }

    private struct Stratum {
        var events = 0
        var kept: [Ranked] = []

        /// Keeps the `limit` events of lowest rank, in rank order; among equal ranks, the first.
        mutating func add(_ event: Ranked, limit: Int) {
            events += 1
            if kept.count == limit, let last = kept.last, event.rank >= last.rank { return }
            var (low, high) = (0, kept.count)
            while low < high {
                let middle = (low + high) / 2
                if kept[middle].rank <= event.rank { low = middle + 1 } else { high = middle }
            }
            kept.insert(event, at: low)
            if kept.count > limit { kept.removeLast() }
        }
    }

    /// Passes the chosen events clip by clip, in the stream's order.
    ///
    /// A spread divides the range between a class's lowest and highest score into at most ten strata of equal width and takes
    /// from each in turn, the highest first. Within a stratum it goes by a hash of clip, label and start, which is as good as
    /// random and the same every time.
    ///
    /// - Throws: anything `events` or `body` throws.
    package static func choose(
        _ choice: CutChoice, from events: Events, _ body: (EventClip, [ChosenEvent]) throws -> Void
    ) throws {
        var classes: [String: [Stratum]] = [:]
        var ranges: [String: ClosedRange<Double>] = [:]
        let limit: Int
        switch choice {
        case .all:
            return try withoutActuallyEscaping(body) { body in
                try events { clip, events in
                    try body(clip, events.map { ChosenEvent(event: $0, stratum: nil) })
                }
            }
        case .best(let count): limit = count
        case .spread(let count):
            limit = count
            try events { _, events in
                for event in events {
                    let known = ranges[event.label] ?? event.score...event.score
                    ranges[event.label] =
                        min(known.lowerBound, event.score)...max(known.upperBound, event.score)
                }
            }
        }
        let width = min(limit, strata)
        var number = 0
        try events { clip, events in
            for event in events {
                let range = ranges[event.label]
                let place = range.map { stratum(event.score, of: $0, strata: width) } ?? 0
                classes[event.label, default: Array(repeating: Stratum(), count: range == nil ? 1 : width)][place].add(
                    Ranked(
                        event: event, clip: clip, rank: range == nil ? -event.score : lot(event), number: number),
                    limit: limit)
                number += 1
            }
        }
        var chosen: [(number: Int, clip: EventClip, event: ChosenEvent)] = []
        for (label, strata) in classes {
            for (place, event) in take(limit, from: strata) {
                let stratum = ranges[label].map { range in
                    let step = (range.upperBound - range.lowerBound) / Double(width)
                    return (
                        low: range.lowerBound + Double(place) * step,
                        high: range.lowerBound + Double(place + 1) * step, events: strata[place].events
                    )
                }
                chosen.append((event.number, event.clip, ChosenEvent(event: event.event, stratum: stratum)))
            }
        }
        chosen.sort { $0.number < $1.number }
        var start = 0
        while start < chosen.count {
            let clip = chosen[start].clip
            let end = chosen[start...].firstIndex { !$0.clip.name.utf8.elementsEqual(clip.name.utf8) } ?? chosen.count
            try body(clip, chosen[start..<end].map(\.event))
            start = end
        }
    }

    /// The stratum of a score, counting from 0 for the lowest.
    private static func stratum(_ score: Double, of range: ClosedRange<Double>, strata: Int) -> Int {
        let length = range.upperBound - range.lowerBound
        guard length > 0 else { return 0 }
        return min(strata - 1, Int((score - range.lowerBound) / length * Double(strata)))
    }

    /// Takes from each stratum in turn, the highest first.
    private static func take(_ limit: Int, from strata: [Stratum]) -> [(place: Int, event: Ranked)] {
        var taken: [(place: Int, event: Ranked)] = []
        var round = 0
        while taken.count < limit {
            let before = taken.count
            for place in strata.indices.reversed() where taken.count < limit && round < strata[place].kept.count {
                taken.append((place, strata[place].kept[round]))
            }
            if taken.count == before { break }
            round += 1
        }
        return taken
    }

    /// A number from 0 to 1 determined by the event, by FNV-1a and the finaliser of SplitMix64.
    private static func lot(_ event: Event) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        add(event.clip.utf8)
        add([0])
        add(event.label.utf8)
        add([0])
        withUnsafeBytes(of: Int64((event.start * 1000).rounded()).littleEndian) { add($0) }
        hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
        return Double((hash ^ hash >> 31) >> 11) / Double(1 << 53)
    }
}
