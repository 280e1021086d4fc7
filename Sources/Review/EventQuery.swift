import Random

/// The events that a reviewer wants to see, and their order.
package struct EventQuery: Sendable, Equatable {
    /// The order of the events.
    package enum Order: String, Sendable, CaseIterable {
        /// By how far the peak lies above the threshold, the nearest first.
        case doubt
        /// By score, the highest first.
        case score
        /// By the recordings' order in the manifest, then by start.
        case time
    }

    /// The indices of the wanted classes; nil for all.
    package var classes: Set<Int>?
    /// The lowest wanted score; the range from `low` to `high` includes both ends.
    package var low: Float = 0
    package var high: Float = 1
    /// Text to find in the clip's name or path, ignoring case; empty for all clips.
    package var text = ""
    package var order = Order.doubt
    /// The number of events to draw from each class, spread over its scores; nil for all events.
    package var sample: Int?
    package var seed: UInt64 = 1

    package init() {}

    /// Returns the wanted events, in order.
    ///
    /// - Parameter isHidden: whether to leave out an event, such as one that is already judged. The sample is drawn
    ///   before events are hidden, so it does not change while the reviewer judges it.
    package func run(_ index: EventIndex, isHidden: (Int) -> Bool = { _ in false }) -> [Int32] {
        var isWanted = wanted(index)
        if let sample {
            let drawn = Self.draw(sample, seed, isWanted, index)
            for event in isWanted.indices { isWanted[event] = false }
            for event in drawn { isWanted[Int(event)] = true }
        }
        var found: [Int32] = []
        func take(_ event: Int32) { if isWanted[Int(event)], !isHidden(Int(event)) { found.append(event) } }
        switch order {
        case .doubt: index.byDoubt.forEach(take)
        case .score: index.byScore.forEach(take)
        case .time: for event in 0..<index.count { take(Int32(event)) }
        }
        return found
    }

    private func wanted(_ index: EventIndex) -> [Bool] {
        let isNamed = text.isEmpty ? nil : index.names.containing(text)
        let isChosen = index.classes.indices.map { classes?.contains($0) ?? true }
        return [Bool](unsafeUninitializedCapacity: index.count) { buffer, count in
            for event in 0..<index.count {
                let score = index.scores[event]
                let isIn = score >= low && score <= high && isChosen[Int(index.places[event])]
                buffer[event] = isIn && (isNamed?[Int(index.clips[event])] ?? true)
            }
            count = index.count
        }
    }

    /// Draws `count` events of each class, spread over its range of scores. The range from the class's lowest to its
    /// highest score is cut into ten parts, and one event at a time is drawn at random from each part in turn, starting
    /// with the highest part, until there are enough.
    private static func draw(_ count: Int, _ seed: UInt64, _ isWanted: [Bool], _ index: EventIndex) -> [Int32] {
        let parts = 10
        var byClass: [[Int32]] = Array(repeating: [], count: index.classes.count)
        for event in isWanted.indices where isWanted[event] { byClass[Int(index.places[event])].append(Int32(event)) }
        var drawn: [Int32] = []
        for (place, events) in byClass.enumerated() where !events.isEmpty {
            guard events.count > count else {
                drawn += events
                continue
            }
            // Each class has its own random sequence, so its sample does not depend on other classes.
            var random = SplitMix64(seed: seed &+ UInt64(place) &* 0x9E37_79B9_7F4A_7C15)
            let scores = events.map { index.scores[Int($0)] }
            let (low, high) = (scores.min() ?? 0, scores.max() ?? 0)
            var strata: [[Int32]] = Array(repeating: [], count: parts)
            for (event, score) in zip(events, scores) {
                let part = high > low ? Int((score - low) / (high - low) * Float(parts)) : 0
                strata[parts - 1 - min(part, parts - 1)].append(event)
            }
            for part in strata.indices { strata[part].shuffle(using: &random) }
            var taken = 0
            while taken < count {
                for part in strata.indices where taken < count {
                    guard let event = strata[part].popLast() else { continue }
                    drawn.append(event)
                    taken += 1
                }
            }
        }
        return drawn
    }
}
