/// Finds where each example sounds in its recording, in the same pass that reads the chunk scores.
///
/// A window covers the chunk with the class's highest score and the unbroken run of chunks around it whose scores reach
/// half the threshold, plus half a second on both sides. A window longer than five seconds is cut to five seconds, with
/// the best chunk in the middle if the original window allows it.
package struct ExampleWindows {
    /// A pair of clip and class.
    package struct Key: Hashable {
        /// The clip's id in the ledger.
        package let clip: Int64
        package let classIndex: Int

        package init(clip: Int64, classIndex: Int) {
            self.clip = clip
            self.classIndex = classIndex
        }
    }

    /// Seconds added on both sides of the chunks.
    static let pad = 0.5
    /// The maximum length of a window, in seconds.
    static let longest = 5.0

    /// The classes to search for in each clip.
    private let wanted: [Int64: [Int]]
    private let release: [Float]
    private var searches: [Search] = []
    private var clip: Int64?
    private var found: [Key: Search] = [:]

    /// The search for one class in the current clip; ranges are in samples.
    private struct Search {
        let classIndex: Int
        var run: Range<Int>?
        var best: Float = -.infinity
        var bestChunk = 0..<0
        var bestRun = 0..<0
        /// Whether the run of the best chunk still continues.
        var isInRun = false

        mutating func add(_ score: Float, _ chunk: Range<Int>, release: Float) {
            if score >= release {
                run = (run?.lowerBound ?? chunk.lowerBound)..<chunk.upperBound
            } else {
                run = nil
            }
            if score > best {
                (best, bestChunk, bestRun, isInRun) = (score, chunk, run ?? chunk, run != nil)
            } else if let run, isInRun {
                bestRun = run
            } else {
                isInRun = false
            }
        }
    }

    /// - Parameters:
    ///   - keys: the pairs to search for.
    ///   - thresholds: by class.
    package init(_ keys: some Sequence<Key>, thresholds: [Double]) {
        wanted = Dictionary(grouping: Set(keys), by: \.clip).mapValues { $0.map(\.classIndex).sorted() }
        release = thresholds.map { Float($0 / 2) }
    }

    /// Starts a clip, ending the previous one.
    package mutating func begin(clip: Int64) {
        end()
        guard let classes = wanted[clip] else { return }
        self.clip = clip
        searches = classes.map { Search(classIndex: $0) }
    }

    /// Adds the scores of the clip's next chunk, shape (classes).
    ///
    /// - Parameter chunk: the chunk's sample range, cut off at the recording's end.
    package mutating func add(_ row: UnsafeBufferPointer<Float>, _ chunk: Range<Int>) {
        for index in searches.indices {
            let place = searches[index].classIndex
            searches[index].add(row[place], chunk, release: release[place])
        }
    }

    /// Ends the last clip.
    package mutating func end() {
        if let clip {
            for search in searches where !search.bestChunk.isEmpty {
                found[Key(clip: clip, classIndex: search.classIndex)] = search
            }
        }
        clip = nil
        searches.removeAll(keepingCapacity: true)
    }

    /// The window of a pair, in seconds from the clip's start and no earlier; nil if the clip has no chunk scores.
    ///
    /// - Parameter rate: samples per second.
    package func window(_ key: Key, rate: Int) -> ClosedRange<Double>? {
        guard let search = found[key] else { return nil }
        let seconds = { (samples: Int) in Double(samples) / Double(rate) }
        var from = max(0, seconds(search.bestRun.lowerBound) - Self.pad)
        var to = seconds(search.bestRun.upperBound) + Self.pad
        if to - from > Self.longest {
            let middle = seconds(search.bestChunk.lowerBound + search.bestChunk.upperBound) / 2
            from = min(max(from, middle - Self.longest / 2), to - Self.longest)
            to = from + Self.longest
        }
        return from...to
    }
}
