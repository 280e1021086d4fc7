/// How a row of scores says that it is of a chunk that no model heard, or of a clip without any other chunk: every value is
/// NaN. No model's scores are, as `infer` fails a clip whose scores are not finite.
package enum SkippedRow {
    /// Whether a row, shape (classes), is of a skipped chunk or clip.
    package static func matches(_ row: UnsafeBufferPointer<Float>) -> Bool { row.first?.isNaN ?? false }

    /// Whether a row, shape (classes), is of a skipped chunk or clip.
    package static func matches(_ row: [Float]) -> Bool { row.first?.isNaN ?? false }
}
