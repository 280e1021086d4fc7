import Results
import Testing

/// Events found chunk by chunk are those of the rule applied to the whole curve, whatever the overlap.
@Suite struct EventFinderTests {
    private struct Trial {
        let timing: ChunkTiming
        let rule: EventRule
        let rows: [[Float]]
        let samples: Int?
        let places: [Int]

        init(_ seed: Int, classes: Int = 3) throws {
            var draw = Draw(seed)
            let length = 1 + draw.number(below: 12)
            timing = ChunkTiming(rate: 10, hop: 1 + draw.number(below: length), length: length)
            let chunks = 1 + draw.number(below: 24)
            // Now loud, now quiet, for some chunks each: events and gaps of many lengths.
            var loud = [Bool](repeating: false, count: classes)
            var rows: [[Float]] = []
            // In every other trial, some stretches are skipped.
            var isSkipped = false
            for _ in 0..<chunks {
                for place in 0..<classes where draw.number(below: 3) == 0 { loud[place].toggle() }
                if seed % 2 == 1, draw.number(below: 6) == 0 { isSkipped.toggle() }
                rows.append(loud.map { $0 ? 0.3 + 0.7 * draw.share() : 0.5 * draw.share() })
                if isSkipped { rows[rows.count - 1] = [Float](repeating: .nan, count: classes) }
            }
            self.rows = rows
            let end = (chunks - 1) * timing.hop + length
            samples = draw.number(below: 4) == 0 ? nil : max(1, end - draw.number(below: timing.hop))
            let threshold = 0.1 + 0.7 * Double(draw.share())
            let names = (0..<classes).map { "\($0)" }
            rule = EventRule(
                thresholds: try Thresholds(
                    classes: names, fallback: threshold, release: threshold * Double(draw.share())),
                gap: Double(draw.number(below: 25)) / 10, least: Double(draw.number(below: 15)) / 10)
            places = draw.number(below: 2) == 0 ? [0, 1, 2] : [0, 2]
        }

        var found: [FoundEvent] {
            var finder = EventFinder(timing: timing, rule: rule, places: places)
            return finder.find(rows, samples: samples)
        }
    }

    private static func areSame(_ a: [FoundEvent], _ b: [FoundEvent]) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy {
                ($0.place, $0.start, $0.end) == ($1.place, $1.start, $1.end) && abs($0.score - $1.score) < 1e-6
                    && abs($0.peak - $1.peak) < 1e-6
            }
    }

    @Test(arguments: 0..<40) func equalsThePlainRule(block: Int) throws {
        var events = 0
        for seed in block * 100..<(block + 1) * 100 {
            let trial = try Trial(seed)
            let plain = PlainEvents(timing: trial.timing, rule: trial.rule).find(trial.rows, samples: trial.samples)
                .filter { trial.places.contains($0.place) }
            let found = trial.found
            events += found.count
            #expect(Self.areSame(found, plain), "seed \(seed): \(found) \(plain)")
        }
        #expect(events > 50)
    }

    @Test func aFinderIsAsNewForEachClip() throws {
        for seed in 0..<300 {
            let (first, other) = (try Trial(seed), try Trial(seed + 1000))
            var finder = EventFinder(timing: first.timing, rule: first.rule, places: first.places)
            let alone = finder.find(first.rows, samples: first.samples)
            _ = finder.find(other.rows, samples: nil)
            // A clip that is given up in its middle leaves nothing either.
            finder.begin(samples: nil)
            for row in other.rows { row.withUnsafeBufferPointer { finder.add($0) { _ in } } }
            #expect(finder.find(first.rows, samples: first.samples) == alone)
        }
    }

    @Test func aHigherThresholdAddsNoTime() throws {
        for seed in 0..<500 {
            let trial = try Trial(seed)
            var below: [Set<Int>]?
            for threshold in stride(from: 0.05, through: 0.95, by: 0.09) {
                var rule = trial.rule
                rule.thresholds = try Thresholds(classes: ["0", "1", "2"], fallback: threshold)
                var finder = EventFinder(timing: trial.timing, rule: rule, places: [0, 1, 2])
                var covered = [Set<Int>](repeating: [], count: 3)
                for event in finder.find(trial.rows, samples: trial.samples) {
                    covered[event.place].formUnion(event.start..<event.end)
                }
                if let below { #expect(zip(covered, below).allSatisfy { $0.isSubset(of: $1) }, "seed \(seed)") }
                below = covered
            }
        }
    }

    @Test func backwardsTheEventsAreBackwards() throws {
        for seed in 0..<500 {
            let trial = try Trial(seed)
            let end = (trial.rows.count - 1) * trial.timing.hop + trial.timing.length
            var finder = EventFinder(timing: trial.timing, rule: trial.rule, places: [0, 1, 2])
            let forwards = finder.find(trial.rows, samples: nil)
            let backwards = finder.find(trial.rows.reversed(), samples: nil).map {
                FoundEvent(place: $0.place, start: end - $0.end, end: end - $0.start, score: $0.score, peak: $0.peak)
            }.sorted { ($0.start, $0.place) < ($1.start, $1.place) }
            #expect(Self.areSame(forwards, backwards), "seed \(seed)")
        }
    }

    /// A reader of a recording of ten hours has its first events at once, and they take no memory.
    @Test func eventsAreHandedOutAsSoonAsTheyAreSettled() throws {
        let rule = EventRule(thresholds: try Thresholds(classes: ["a", "b"], fallback: 0.5), gap: 1)
        var finder = EventFinder(timing: ChunkTiming(rate: 10, hop: 10, length: 10), rule: rule, places: [0, 1])
        finder.begin(samples: nil)
        var found = 0
        for chunk in 0..<10_000 {
            // An event a second chunk; of the other class one that lasts for ten chunks.
            let row: [Float] = [chunk % 2 == 0 ? 0.9 : 0, chunk % 20 < 10 ? 0.9 : 0]
            row.withUnsafeBufferPointer { finder.add($0) { _ in found += 1 } }
            if chunk % 20 == 19 { #expect(found == (chunk + 1) / 20 * 11) }
        }
    }

    @Test func eventsComeInOrderAndWithinTheClip() throws {
        for seed in 0..<500 {
            let trial = try Trial(seed)
            let found = trial.found
            #expect(zip(found, found.dropFirst()).allSatisfy { ($0.start, $0.place) < ($1.start, $1.place) })
            #expect(
                found.allSatisfy {
                    0 <= $0.start && $0.start < $0.end && $0.end <= trial.samples ?? Int.max
                        && Double($0.peak) >= $0.score - 1e-6
                        && $0.peak >= trial.rule.thresholds.on[$0.place]
                })
        }
    }
}
