import Foundation

/// Finds a clip's events in its chunk scores, chunk by chunk, by `EventRule`.
///
/// Memory: the scores of the chunks that cover one moment and a few numbers per class, however long the clip. Events are
/// emitted in order of start, so those that began after one that is still going are held, 40 bytes each.
package struct EventFinder {
    private let timing: ChunkTiming
    /// Indices of the classes searched.
    private let places: [Int]
    private let on: [Float]
    private let release: [Float]
    /// In samples.
    private let gap: Double
    private let least: Double

    /// The last chunks' scores of the classes searched, chunk i in row i modulo `depth`.
    private var ring: [Float]
    private let depth: Int
    /// At [count][class]: a product of `count` scores that is below this value is certainly below the release.
    private var floors: [[Double]] = []
    private var products: [Double]
    private var tracks: [EventTrack]
    private var isBusy: [Bool]

    /// Chunks added so far.
    private var chunks = 0
    /// Samples in the clip; anything beyond is padding.
    private var limit = Int.max
    private var held: [FoundEvent] = []
    private var earliestHeld = Int.max

    /// - Parameter places: indices of the classes whose events are wanted, ascending.
    package init(timing: ChunkTiming, rule: EventRule, places: [Int]) {
        self.timing = timing
        self.places = places
        on = places.map { rule.thresholds.on[$0] }
        release = places.map { rule.thresholds.release[$0] }
        gap = timing.samples(rule.gap)
        least = timing.samples(rule.least)
        depth = timing.length / timing.hop + 1
        ring = [Float](repeating: 0, count: depth * places.count)
        products = [Double](repeating: 0, count: places.count)
        tracks = [EventTrack](repeating: EventTrack(), count: places.count)
        isBusy = [Bool](repeating: false, count: places.count)
        for count in 0...depth {
            // A value is rounded to float32, which moves it by less than 1e-7 of it.
            floors.append(release.map { pow(Double($0), Double(count)) * (1 - 1e-7 * Double(count)) })
        }
    }

    /// Starts a clip.
    ///
    /// - Parameter samples: the clip's own, without padding; nil if not known, and then its last chunk counts whole.
    package mutating func begin(samples: Int?) {
        chunks = 0
        limit = samples ?? Int.max
        held.removeAll(keepingCapacity: true)
        earliestHeld = Int.max
        for index in tracks.indices where isBusy[index] {
            tracks[index] = EventTrack()
            isBusy[index] = false
        }
    }

    /// Takes the clip's next chunk, shape (classes), and emits the events that it settles, by start, then class.
    package mutating func add(_ row: UnsafeBufferPointer<Float>, _ emit: (FoundEvent) throws -> Void) rethrows {
        let base = chunks % depth * places.count
        if places.count == row.count {
            for index in 0..<row.count { ring[base + index] = row[index] }
        } else {
            for (index, place) in places.enumerated() { ring[base + index] = row[place] }
        }
        chunks += 1
        try advance(to: chunks - 1, emit)
    }

    /// Ends the clip and emits its remaining events.
    package mutating func finish(_ emit: (FoundEvent) throws -> Void) rethrows {
        limit = min(limit, (chunks - 1) * timing.hop + timing.length)
        var step = chunks
        while step * timing.hop < limit {
            try advance(to: step, emit)
            step += 1
        }
        for index in tracks.indices where isBusy[index] {
            if let event = tracks[index].finish(threshold: on[index]) { hold(event, index) }
            isBusy[index] = false
        }
        try release(before: Int.max, emit)
    }

    /// Settles the curve from the start of chunk `step` to the start of the next: no later chunk covers it.
    private mutating func advance(to step: Int, _ emit: (FoundEvent) throws -> Void) rethrows {
        let start = step * timing.hop
        let (whole, rest) = (timing.length / timing.hop, timing.length % timing.hop)
        // If the hop does not divide the chunk length, one more chunk reaches into the first part of the step.
        if rest > 0 { try settle(from: start, to: start + rest, chunks: step - whole..<step + 1, emit) }
        try settle(from: start + rest, to: start + timing.hop, chunks: step - whole + 1..<step + 1, emit)
    }

    /// Settles a stretch over which the curve is constant.
    ///
    /// - Parameter covering: the chunks that would cover it if all of them existed.
    private mutating func settle(
        from start: Int, to end: Int, chunks covering: Range<Int>, _ emit: (FoundEvent) throws -> Void
    ) rethrows {
        let end = min(end, limit)
        guard start < end else { return }
        let present = covering.clamped(to: 0..<chunks)
        multiply(present)
        var earliest = end
        for index in places.indices where products[index] >= floors[present.count][index] || isBusy[index] {
            let value = Self.mean(products[index], of: present.count)
            earliest = min(earliest, step(index, value, start, end))
        }
        if earliestHeld < earliest { try release(before: earliest, emit) }
    }

    /// The products of chunks' scores, class by class.
    private mutating func multiply(_ present: Range<Int>) {
        let (count, depth, ring) = (places.count, depth, ring)
        products.withUnsafeMutableBufferPointer { products in
            ring.withUnsafeBufferPointer { ring in
                guard let first = present.first else { return products.update(repeating: 0) }
                for chunk in present {
                    let row = UnsafeBufferPointer(rebasing: ring[chunk % depth * count..<(chunk % depth + 1) * count])
                    if chunk == first {
                        for index in 0..<count { products[index] = Double(row[index]) }
                    } else {
                        for index in 0..<count { products[index] *= Double(row[index]) }
                    }
                }
            }
        }
    }

    /// The geometric mean of `count` scores from their product, as float32, so that the mean of equal scores is that score.
    /// Square roots are exact to the last bit on every processor, unlike `pow`; overlaps of a half and three quarters use them.
    private static func mean(_ product: Double, of count: Int) -> Float {
        switch count {
        case 0: 0
        case 1: Float(product)
        case 2: Float(product.squareRoot())
        case 4: Float(product.squareRoot().squareRoot())
        case 8: Float(product.squareRoot().squareRoot().squareRoot())
        default: Float(pow(product, 1 / Double(count)))
        }
    }

    /// - Returns: the earliest start of an event of the class that is not settled yet.
    private mutating func step(_ index: Int, _ value: Float, _ start: Int, _ end: Int) -> Int {
        let event = tracks[index].add(
            value, from: start, to: end, threshold: on[index], release: release[index], gap: gap)
        if let event { hold(event, index) }
        isBusy[index] = tracks[index].isBusy
        return tracks[index].earliest ?? end
    }

    private mutating func hold(_ event: EventTrack.Stretch, _ index: Int) {
        guard Double(event.end - event.start) >= least else { return }
        held.append(
            FoundEvent(
                place: places[index], start: event.start, end: event.end,
                score: event.sum / Double(event.end - event.start), peak: event.peak))
        earliestHeld = min(earliestHeld, event.start)
    }

    /// Emits held events that begin before a sample.
    private mutating func release(before limit: Int, _ emit: (FoundEvent) throws -> Void) rethrows {
        held.sort { ($0.start, $0.place) < ($1.start, $1.place) }
        let count = held.firstIndex { $0.start >= limit } ?? held.count
        for event in held[..<count] { try emit(event) }
        held.removeFirst(count)
        earliestHeld = held.first?.start ?? Int.max
    }
}
