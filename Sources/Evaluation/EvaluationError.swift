import Errors

/// What can be wrong with a table of scores.
package enum EvaluationError: EarmarkError, Equatable {
    /// The number of values does not fit the table's shape.
    case shape(what: String, found: Int, expected: Int)
    /// A score that is NaN or infinite; `row` counts from 0.
    case notFinite(row: Int, className: String, value: Float)
    /// A score that is not a probability; `row` counts from 0.
    case outOfRange(row: Int, className: String, value: Float)
    /// A label index outside the table's classes; `row` counts from 0.
    case labelOutOfRange(row: Int, label: Int, classes: Int)
    /// An aggregation that does not exist, or that has an invalid parameter.
    case aggregation(found: String, expected: String)
    /// An aggregation was finished before any chunk was added.
    case noChunks

    package var category: ErrorCategory { .badInput }

    package var place: ErrorPlace? {
        switch self {
        case .shape(let what, _, _): ErrorPlace(what)
        case .notFinite(let row, _, _), .outOfRange(let row, _, _): ErrorPlace("scores", part: .row(row))
        case .labelOutOfRange(let row, _, _): ErrorPlace("truth", part: .row(row))
        case .aggregation, .noChunks: ErrorPlace("aggregation")
        }
    }

    package var message: String {
        switch self {
        case .shape(_, let found, let expected): "found \(found), expected \(expected)"
        case .notFinite(_, let className, let value):
            "class '\(className)': found \(value), expected a finite number"
        case .outOfRange(_, let className, let value):
            "class '\(className)': found \(value), expected 0 to 1"
        case .labelOutOfRange(_, let label, let classes):
            "found class index \(label), expected 0 to \(classes - 1)"
        case .aggregation(let found, let expected): "found \(found), expected \(expected)"
        case .noChunks: "found no chunk, expected at least one"
        }
    }
}
