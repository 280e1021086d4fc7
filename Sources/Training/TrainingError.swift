import Errors

/// Why a training or an evaluation cannot begin, or had to end.
package struct TrainingError: EarmarkError {
    /// Bad input: a manifest, a model or a checkpoint does not fit.
    package let category: ErrorCategory
    package let place: ErrorPlace?
    package let message: String

    package init(_ category: ErrorCategory, at place: ErrorPlace?, _ message: String) {
        self.category = category
        self.place = place
        self.message = message
    }
}
