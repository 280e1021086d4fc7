/// What can be wrong with a table of scores, in one line each.
package enum EvaluationError: Error, CustomStringConvertible, Equatable {
    /// The number of values does not fit the table's shape.
    case shape(what: String, found: Int, expected: Int)
    /// A score that is NaN or infinite; `row` counts from 0.
    case notFinite(row: Int, className: String, value: Float)
    /// A label index outside the table's classes; `row` counts from 0.
    case labelOutOfRange(row: Int, label: Int, classes: Int)
    /// An aggregation that does not exist, or with an impossible parameter.
    case aggregation(found: String, expected: String)
    /// An aggregation was finished before any chunk was added.
    case noChunks

    package var description: String {
        switch self {
        case .shape(let what, let found, let expected): "\(what): found \(found), expected \(expected)"
        case .notFinite(let row, let className, let value):
            "scores: row \(row), class '\(className)': found \(value), expected a finite number"
        case .labelOutOfRange(let row, let label, let classes):
            "truth: row \(row): found class index \(label), expected 0 to \(classes - 1)"
        case .aggregation(let found, let expected): "aggregation: found \(found), expected \(expected)"
        case .noChunks: "aggregation: found no chunk, expected at least one"
        }
    }
}
