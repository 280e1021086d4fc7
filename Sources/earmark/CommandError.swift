import Errors

/// An error that a command itself finds.
struct CommandError: EarmarkError {
    let category: ErrorCategory
    let place: ErrorPlace?
    let message: String

    /// - Parameter file: the file, folder or address at fault; nil for the command line or the system.
    init(_ category: ErrorCategory, at file: String? = nil, _ message: String) {
        self.category = category
        place = file.map { ErrorPlace($0) }
        self.message = message
    }
}
