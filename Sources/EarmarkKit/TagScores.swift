/// A class and how sure a model is of it.
public struct Tag: Sendable, Hashable {
    /// The class's name.
    public let label: String
    /// From 0 to 1. The scores of one clip do not add up to 1: several things may be heard at once.
    public let score: Float
}

/// One score a class, of a clip or of one of its chunks.
public struct TagScores: Sendable, Hashable {
    /// Names in the order of ``values``.
    public let classes: [String]
    /// From 0 to 1, one a class.
    public let values: [Float]

    init(classes: [String], values: [Float]) {
        precondition(classes.count == values.count, "\(values.count) scores of \(classes.count) classes")
        self.classes = classes
        self.values = values
    }

    /// The score of a class by its name; nil where there is no such class.
    public subscript(label: String) -> Float? { classes.firstIndex(of: label).map { values[$0] } }

    /// The classes of the highest scores, the highest first; of equal ones the first class first.
    ///
    /// - Parameter count: all classes where there are fewer.
    public func top(_ count: Int) -> [Tag] {
        values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(Swift.max(0, count))
            .map { Tag(label: classes[$0], score: values[$0]) }
    }
}
