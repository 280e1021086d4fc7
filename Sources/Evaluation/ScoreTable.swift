/// Clip scores, shape (clips, classes), row-major, with each clip's length.
package struct ScoreTable: Sendable {
    package let classes: [String]
    package let clips: Int
    /// Each clip's length in seconds, for the hours in the statistics.
    package let seconds: [Double]
    /// Row-major, `clips * classes.count` values, all finite.
    package let scores: [Float]

    /// Checks the shape and that every score is finite; throws `EvaluationError.shape` or `.notFinite`.
    package init(classes: [String], scores: [Float], seconds: [Double]) throws {
        guard scores.count == seconds.count * classes.count else {
            throw EvaluationError.shape(
                what: "scores of \(seconds.count) clips and \(classes.count) classes", found: scores.count,
                expected: seconds.count * classes.count)
        }
        if let bad = scores.firstIndex(where: { !$0.isFinite }) {
            throw EvaluationError.notFinite(
                row: bad / classes.count, className: classes[bad % classes.count], value: scores[bad])
        }
        self.classes = classes
        self.clips = seconds.count
        self.seconds = seconds
        self.scores = scores
    }

    /// Calls `body(class, column)` for every class in order, where `column` holds that class's score of every clip.
    ///
    /// Columns are gathered sixteen at a time: a row's neighbours share a cache line, so one pass over the table serves sixteen
    /// classes.
    func forEachColumn(_ body: (Int, UnsafeBufferPointer<Float>) -> Void) {
        let width = classes.count
        let lanes = 16
        let gathered = UnsafeMutableBufferPointer<Float>.allocate(capacity: lanes * clips)
        defer { gathered.deallocate() }
        scores.withUnsafeBufferPointer { scores in
            for first in stride(from: 0, to: width, by: lanes) {
                let count = min(lanes, width - first)
                for row in 0..<clips {
                    for lane in 0..<count { gathered[lane * clips + row] = scores[row * width + first + lane] }
                }
                for lane in 0..<count {
                    body(first + lane, UnsafeBufferPointer(rebasing: gathered[lane * clips..<(lane + 1) * clips]))
                }
            }
        }
    }
}
