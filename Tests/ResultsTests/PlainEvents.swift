import Results

#if canImport(Glibc)
    import Glibc
#endif

/// The rule of events in the plainest way: sample by sample, with the whole curve in memory.
struct PlainEvents {
    let timing: ChunkTiming
    let rule: EventRule

    /// One class's curve, a value a sample.
    func curve(_ scores: [Float], samples: Int?) -> [Double] {
        let end = (scores.count - 1) * timing.hop + timing.length
        return (0..<min(samples ?? end, end)).map { sample in
            let covering = scores.indices.filter {
                $0 * timing.hop <= sample && sample < $0 * timing.hop + timing.length
            }
            // Where a skipped chunk reaches, nothing is found.
            if covering.isEmpty || covering.contains(where: { scores[$0].isNaN }) { return 0 }
            return exp(covering.map { log(Double(scores[$0])) }.reduce(0, +) / Double(covering.count))
        }
    }

    /// The events of class `place`, whose chunks have these scores.
    func find(_ scores: [Float], place: Int, samples: Int?) -> [FoundEvent] {
        let curve = curve(scores, samples: samples)
        let (on, release) = (Double(rule.thresholds.on[place]), Double(rule.thresholds.release[place]))
        var spans: [Range<Int>] = []
        for sample in curve.indices where curve[sample] >= release {
            if let last = spans.last, last.upperBound == sample {
                spans[spans.count - 1] = last.lowerBound..<sample + 1
            } else {
                spans.append(sample..<sample + 1)
            }
        }
        spans = spans.filter { span in curve[span].contains { $0 >= on } }
        var joined: [Range<Int>] = []
        for span in spans {
            if let last = joined.last, Double(span.lowerBound - last.upperBound) < rule.gap * Double(timing.rate) - 1e-9
            {
                joined[joined.count - 1] = last.lowerBound..<span.upperBound
            } else {
                joined.append(span)
            }
        }
        return joined.filter { Double($0.count) >= rule.least * Double(timing.rate) - 1e-9 }.map { span in
            FoundEvent(
                place: place, start: span.lowerBound, end: span.upperBound,
                score: curve[span].reduce(0, +) / Double(span.count), peak: Float(curve[span].max() ?? 0))
        }
    }

    /// The events of all classes by start, then class.
    func find(_ rows: [[Float]], samples: Int?) -> [FoundEvent] {
        (0..<(rows.first?.count ?? 0)).flatMap { place in find(rows.map { $0[place] }, place: place, samples: samples) }
            .sorted { ($0.start, $0.place) < ($1.start, $1.place) }
    }
}

extension EventFinder {
    /// The events of a clip with these chunk scores, a row a chunk.
    mutating func find(_ rows: [[Float]], samples: Int?) -> [FoundEvent] {
        var found: [FoundEvent] = []
        begin(samples: samples)
        for row in rows { row.withUnsafeBufferPointer { add($0) { found.append($0) } } }
        finish { found.append($0) }
        return found
    }
}

/// Numbers that are the same in every run.
struct Draw {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 12345 }

    mutating func number(below limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    /// 0 to 1.
    mutating func share() -> Float { Float(number(below: 1 << 24)) / 16_777_216 }
}
