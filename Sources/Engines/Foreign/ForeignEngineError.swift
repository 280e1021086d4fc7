import Errors

/// The reason why a foreign engine could not be used, or could not do what was asked of it.
package struct ForeignEngineError: EarmarkError {
    package let category: ErrorCategory
    package let place: ErrorPlace?
    package let message: String

    package init(_ category: ErrorCategory, place: ErrorPlace? = nil, _ message: String) {
        self.category = category
        self.place = place
        self.message = message
    }
}
