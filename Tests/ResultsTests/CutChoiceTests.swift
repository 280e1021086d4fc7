import Foundation
import Results
import Testing

@Suite struct CutChoiceTests {
    /// Clips with events of three classes, scores in steps so that equal ones come up.
    private func made(_ seed: Int, clips: Int = 30) -> [(EventClip, [Event])] {
        var draw = Draw(seed)
        return (0..<clips).map { place in
            let clip = EventClip(name: "clip \(place)", path: "/c/\(place).wav", seconds: 100)
            return (
                clip,
                (0..<draw.number(below: 12)).map {
                    let label = ["Dog", "Rain", "Sneeze"][draw.number(below: 3)]
                    let score = Double(draw.number(below: label == "Rain" ? 4 : 50)) / 50
                    return Event(
                        clip: clip.name, path: clip.path, start: Double($0), end: Double($0) + 1, label: label,
                        score: score, peak: score)
                }
            )
        }
    }

    private func choose(_ choice: CutChoice, _ clips: [(EventClip, [Event])]) throws -> [ChosenEvent] {
        var chosen: [ChosenEvent] = []
        var last = -1
        try CutChooser.choose(choice, from: { body in for (clip, events) in clips { try body(clip, events) } }) {
            clip, events in
            let place = clips.firstIndex { $0.0 == clip } ?? -1
            #expect(place > last && events.allSatisfy { $0.event.clip == clip.name })
            #expect(events.map(\.event.start) == events.map(\.event.start).sorted())
            last = place
            chosen += events
        }
        return chosen
    }

    @Test(arguments: 1...6) func bestAreThoseOfAPlainSort(seed: Int) throws {
        let clips = made(seed)
        let all = clips.flatMap(\.1)
        for count in [1, 2, 7, 1000] {
            let chosen = try choose(.best(count), clips).map(\.event)
            let expected = ["Dog", "Rain", "Sneeze"].flatMap { label in
                // A stable sort: of equal scores those that come first.
                all.enumerated().filter { $0.element.label == label }
                    .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.prefix(count).map(
                        \.offset)
            }.sorted().map { all[$0] }
            #expect(chosen == expected)
        }
        #expect(try choose(.all, clips).map(\.event) == all)
    }

    @Test(arguments: 1...6) func aSpreadHasEachPartOfTheScores(seed: Int) throws {
        let clips = made(seed)
        let all = clips.flatMap(\.1)
        for count in [1, 3, 10, 25, 1000] {
            let chosen = try choose(.spread(count), clips)
            for label in ["Dog", "Rain", "Sneeze"] {
                let own = all.filter { $0.label == label }
                let taken = chosen.filter { $0.event.label == label }
                #expect(taken.count == min(count, own.count))
                let strata = Dictionary(grouping: taken) { $0.stratum?.low ?? -1 }
                for (low, events) in strata {
                    let stratum = try #require(events[0].stratum)
                    #expect(
                        events.allSatisfy { $0.event.score >= low - 1e-12 && $0.event.score <= stratum.high + 1e-12 })
                    #expect(events.count <= stratum.events)
                }
                // The parts' own counts add up where all parts were taken from.
                if count >= 10 {
                    #expect(strata.values.reduce(0) { $0 + ($1[0].stratum?.events ?? 0) } == own.count)
                    // As even as there are events: a part that gave fewer than another has no more.
                    let most = strata.values.map(\.count).max() ?? 0
                    #expect(strata.values.allSatisfy { $0.count >= most - 1 || $0.count == $0[0].stratum?.events })
                }
            }
            #expect(try choose(.spread(count), clips).map(\.event) == chosen.map(\.event))
        }
    }

    /// What is chosen of a class does not hang on other classes or on how clips are called before it.
    @Test func aSpreadOfAClassIsItsOwn() throws {
        let clips = made(3)
        let dogs = clips.map { ($0.0, $0.1.filter { $0.label == "Dog" }) }
        #expect(
            try choose(.spread(9), clips).map(\.event).filter { $0.label == "Dog" }
                == choose(.spread(9), dogs).map(\.event))
    }
}
