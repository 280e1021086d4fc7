import Foundation

/// A library's error that was not translated where it arose: a fault of this program. If it contains the system's
/// reason, that is shown without the library's own names for the error.
package struct UnexpectedError: EarmarkError {
    package let category: ErrorCategory
    package let place: ErrorPlace?
    package let message: String
    package let code: Int32?

    package init(_ error: any Error) {
        if let error = error as? any EarmarkError {
            (category, place, message, code) = (error.category, error.place, error.message, error.code)
            return
        }
        let outer = error as NSError
        let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError
        place = (outer.userInfo[NSFilePathErrorKey] as? String).map { ErrorPlace($0) }
        if let posix = [outer, inner].compactMap({ $0 }).first(where: { $0.domain == NSPOSIXErrorDomain }) {
            let number = Int32(truncatingIfNeeded: posix.code)
            category = SystemReason.isShortage(number) ? .shortage : .inputOutput
            message = "the system refused"
            code = number
            return
        }
        category = .internal
        code = nil
        message =
            switch error {
            case let error as DecodingError: "internal fault: cannot decode: \(error.reason)"
            case is EncodingError: "internal fault: cannot encode what is to be written"
            case is CocoaError: "internal fault: error \(outer.code) of the system's library"
            default:
                type(of: error) is NSError.Type
                    ? "internal fault: error \(outer.code) of a library" : "internal fault: \(error)"
            }
    }
}
