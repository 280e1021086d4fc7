import Results
import Testing

@Suite struct ClipLabelsTests {
    private static let names = (0..<12).map { "\($0)" }

    /// By sorting.
    private func plain(_ scores: [Float], _ places: [Int], _ on: [Float], _ top: Int?) -> [ClipLabel] {
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        let labels = order.enumerated().filter { places.contains($1) && scores[$1] >= on[$1] }.map {
            ClipLabel(place: $1, score: scores[$1], rank: $0 + 1)
        }
        return Array(labels.prefix(top ?? Int.max))
    }

    @Test func equalsSorting() throws {
        var draw = Draw(3)
        for _ in 0..<2000 {
            // Few different scores: ties are common.
            let scores = Self.names.map { _ in Float(draw.number(below: 6)) / 5 }
            var request = SelectionRequest()
            request.threshold = Double(draw.number(below: 6)) / 5
            if draw.number(below: 2) == 0 { request.top = 1 + draw.number(below: 4) }
            if draw.number(below: 2) == 0 { request.only = Self.names.filter { _ in draw.number(below: 2) == 0 } }
            if draw.number(below: 2) == 0 { request.not = [Self.names[draw.number(below: 12)]] }
            guard let selection = try? request.resolved(classes: Self.names) else { continue }
            let expected = plain(scores, selection.places, selection.thresholds.on, request.top)
            #expect(ClipLabels(selection).find(scores) == expected)
        }
    }

    @Test func aScoreThatIsNoNumberIsNoLabel() throws {
        var request = SelectionRequest()
        request.threshold = 0
        let found = ClipLabels(try request.resolved(classes: ["a", "b"])).find([.nan, 0.3])
        #expect(found == [ClipLabel(place: 1, score: 0.3, rank: 1)])
    }
}
