/// A class and how confident a model is of it.
public struct Tag: Sendable, Hashable {
    /// The class's name.
    public let label: String
    /// The score, from 0 to 1. The scores of a clip do not add up to 1: several sounds may be heard at once.
    public let score: Float
}

/// One score per class, for a clip or for one of its chunks.
public struct TagScores: Sendable, Hashable {
    /// The class names, in the order of ``values``.
    public let classes: [String]
    /// The scores, from 0 to 1, one per class; NaN if no model heard the chunk, or any chunk of the clip.
    public let values: [Float]
    /// Whether there are no scores, because a pipeline with `skip-below` left the chunk, or each chunk of the clip, out.
    public var isSkipped: Bool { values.first?.isNaN ?? false }

    init(classes: [String], values: [Float]) {
        precondition(classes.count == values.count, "\(values.count) scores of \(classes.count) classes")
        self.classes = classes
        self.values = values
    }

    /// The score of the class with this name; nil if there is no such class.
    public subscript(label: String) -> Float? { classes.firstIndex(of: label).map { values[$0] } }

    /// Returns the classes with the highest scores, highest first; equal scores are in class order.
    ///
    /// - Parameter count: how many classes to return; all of them if there are fewer, and none if there are no scores.
    public func top(_ count: Int) -> [Tag] {
        if isSkipped { return [] }
        return values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(Swift.max(0, count))
            .map { Tag(label: classes[$0], score: values[$0]) }
    }
}
