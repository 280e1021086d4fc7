import Errors

/// The reason that training or evaluation cannot begin or had to stop.
package struct TrainingError: EarmarkError {
    /// Bad input if a manifest, a model or a checkpoint does not fit; usage if settings do not.
    package let category: ErrorCategory
    package let place: ErrorPlace?
    package let message: String

    package init(_ category: ErrorCategory, at place: ErrorPlace?, _ message: String) {
        self.category = category
        self.place = place
        self.message = message
    }
}
