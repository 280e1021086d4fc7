import Foundation
import Random
import Results
import Testing

import Review

/// Queues over many events, against the plain way of making them.
struct EventQueryTests {
    private static func index(_ count: Int, classes: Int = 5, seed: UInt64 = 1) -> EventIndex {
        var random = SplitMix64(seed: seed)
        var index = EventIndex(
            classes: (0..<classes).map { "Class \($0)" },
            thresholds: (0..<classes).map { 0.1 + 0.1 * Float($0) })
        for clip in 0..<count {
            index.begin(EventClip(name: "Folder-\(clip % 7)/clip-\(clip).wav", path: "/audio/X\(clip)", seconds: 10))
            for _ in 0..<random.below(4) {
                let place = random.below(classes)
                let score = Float(random.below(1000)) / 1000
                index.add(
                    Event(
                        clip: "", path: "", start: 1, end: 2, label: "", score: Double(score),
                        peak: Double(min(1, score + 0.1))), place: place)
            }
        }
        index.finish()
        return index
    }

    @Test("Every filter and order gives what a plain sort gives", arguments: EventQuery.Order.allCases)
    func plain(order: EventQuery.Order) {
        let index = Self.index(2000)
        for (low, high, text, classes) in [
            (Float(0), Float(1), "", nil), (0.25, 0.5, "", nil), (0, 1, "folder-3/", nil), (0, 1, "x19", Set([0, 3])),
            (0.4, 0.6, "CLIP-1", Set([4])), (0, 1, "nothing", nil), (0.9, 0.1, "", nil),
        ] as [(Float, Float, String, Set<Int>?)] {
            var query = EventQuery()
            (query.low, query.high, query.text, query.classes, query.order) = (low, high, text, classes, order)
            let plain = (0..<index.count).filter { event in
                let clip = index.clip(Int(index.clips[event]))
                let isNamed =
                    text.isEmpty || clip.name.lowercased().contains(text.lowercased())
                    || clip.path.lowercased().contains(text.lowercased())
                return index.scores[event] >= low && index.scores[event] <= high && isNamed
                    && classes?.contains(Int(index.places[event])) ?? true
            }
            func doubt(_ event: Int) -> Float {
                max(0, index.peaks[event] - index.thresholds[Int(index.places[event])])
            }
            let expected =
                switch order {
                case .time: plain
                case .score: plain.sorted { (index.scores[$1], $0) < (index.scores[$0], $1) }
                case .doubt: plain.sorted { (doubt($0), $0) < (doubt($1), $1) }
                }
            #expect(query.run(index).map(Int.init) == expected, "\(low) \(high) '\(text)'")
            let shown = query.run(index) { $0 % 3 == 0 }.map(Int.init)
            #expect(shown == expected.filter { $0 % 3 != 0 })
        }
    }

    @Test("A sample has so many of each class, of every band of scores, the same for the same seed, judged or not")
    func sample() {
        let index = Self.index(4000)
        var query = EventQuery()
        query.sample = 20
        let drawn = query.run(index)
        for place in index.classes.indices {
            let scores = drawn.filter { Int(index.places[Int($0)]) == place }.map { index.scores[Int($0)] }
            #expect(scores.count == 20)
            for tenth in 0..<10 {
                let inside = scores.count { $0 * 10 >= Float(tenth) && $0 * 10 < Float(tenth + 1) }
                #expect((1...3).contains(inside), "class \(place), \(tenth): \(inside)")
            }
        }
        #expect(query.run(index) == drawn)
        let left = query.run(index) { drawn.prefix(30).contains(Int32($0)) }
        #expect(left == Array(drawn.dropFirst(30)))
        query.seed = 2
        #expect(query.run(index) != drawn)
        query.sample = 1_000_000
        #expect(query.run(index).count == index.count)
    }

    @Test("Bytes are found wherever they are, as a plain search finds them")
    func bytes() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<300 {
            let hay = (0..<random.below(60)).map { _ in UInt8(97 + random.below(3)) }
            let needle = (0..<1 + random.below(4)).map { _ in UInt8(97 + random.below(3)) }
            for start in 0...hay.count {
                let plain = (start..<max(start, hay.count)).first { hay[$0...].starts(with: needle) }
                let found = hay.withUnsafeBytes { ByteSearch(needle, in: $0).first(from: start) }
                #expect(found == plain)
            }
        }
    }

    @Test("A clip's events stand together, and clips are found by the bytes of their names")
    func clips() {
        let index = Self.index(500)
        var all: [Int] = []
        for clip in 0..<index.clipCount {
            let events = index.events(of: clip)
            #expect(!events.isEmpty && events.allSatisfy { Int(index.clips[$0]) == clip })
            all += events
        }
        #expect(all == Array(0..<index.count))
        let name = index.clip(7).name
        #expect(index.clips(named: [name, "none"]) == [Array(name.utf8): 7])
    }
}
