/// How long each class was present: the time covered by chunks at or above its threshold, with overlapping stretches counted
/// once and nothing counted past a recording's end.
///
/// It takes chunks one by one and keeps two numbers per class, however long the recording. Time is in whole samples, so that
/// sums over recordings are exact and independent of their order.
package struct CoveredTime: Sendable {
    /// As float32, the type in which scores are kept and written: a score written as 0.9 is at a threshold of 0.9.
    private let thresholds: [Float]
    /// The sample up to which each class's time in this recording has been counted.
    private var reached: [Int]
    /// Samples of all recordings, by class.
    package private(set) var samples: [Int]

    /// - Parameter thresholds: in the order of the scores.
    package init(thresholds: [Double]) {
        self.thresholds = thresholds.map { Float($0) }
        reached = [Int](repeating: 0, count: thresholds.count)
        samples = reached
    }

    /// Starts another recording.
    package mutating func begin() {
        for index in reached.indices { reached[index] = 0 }
    }

    /// Adds a chunk's scores, shape (classes); chunks must come in order of start.
    ///
    /// - Parameters:
    ///   - start: its first sample.
    ///   - end: one past its last sample, or past the recording's last if that comes first.
    package mutating func add(_ row: UnsafeBufferPointer<Float>, from start: Int, to end: Int) {
        precondition(row.count == thresholds.count, "a row holds one score a class")
        reached.withUnsafeMutableBufferPointer { reached in
            samples.withUnsafeMutableBufferPointer { samples in
                thresholds.withUnsafeBufferPointer { thresholds in
                    for index in 0..<row.count where row[index] >= thresholds[index] && end > reached[index] {
                        samples[index] += end - max(start, reached[index])
                        reached[index] = end
                    }
                }
            }
        }
    }

    /// Hours of all recordings, by class.
    ///
    /// - Parameter rate: samples per second.
    package func hours(rate: Int) -> [Double] { samples.map { Double($0) / Double(rate) / 3600 } }
}
