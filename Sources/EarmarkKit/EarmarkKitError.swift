import Errors
public import Foundation

/// Why something could not be done: what kind of fault it is, where, what was found and what was expected.
///
/// A file that cannot be heard is none: it is a ``FailedClip`` of the run, and every other clip is done.
public struct EarmarkKitError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault it is, which says who can mend it.
    public enum Category: String, Sendable, CaseIterable {
        /// What was asked for makes no sense: an unknown setting, clip or class, or samples that are not finite.
        case usage
        /// A file is not what was expected of it: a pipeline, a manifest, a model, a ledger or a shard.
        case badInput
        /// The system could not read or write.
        case inputOutput
        /// The cache is in use by another process, or space, memory or file descriptors ran out: try again later.
        case tryAgain
        /// A fault of EarmarkKit itself.
        case internalFault
    }

    public let category: Category
    /// One line: where, what was found, and what was expected.
    public let message: String
    /// The file that is at fault, where it is one.
    public let file: String?
    /// The line in ``file``, from 1, where known.
    public let line: Int?
    /// The byte in ``file``, from 0, where known.
    public let byte: Int?

    public var description: String { message }

    init(_ category: Category, _ message: String, file: String? = nil, line: Int? = nil, byte: Int? = nil) {
        self.category = category
        self.message = message
        self.file = file
        self.line = line
        self.byte = byte
    }
}

extension EarmarkKitError: LocalizedError {
    /// The message, for what shows `localizedDescription`.
    public var errorDescription: String? { message }
}

extension EarmarkKitError {
    /// The one place where errors of the modules below become public.
    init(_ error: any Error) {
        switch error {
        case let error as EarmarkKitError: self = error
        case let error as any EarmarkError:
            self.init(
                Category(error.category), error.description, file: error.place?.file, line: error.place?.line,
                byte: error.place?.byte)
        default: self.init(.internalFault, "internal fault: \(error)")
        }
    }

    /// Runs work of the modules below.
    static func translating<Value>(_ work: () throws -> Value) throws(EarmarkKitError) -> Value {
        do { return try work() } catch { throw EarmarkKitError(error) }
    }
}

extension EarmarkKitError.Category {
    fileprivate init(_ category: ErrorCategory) {
        switch category {
        case .usage: self = .usage
        case .badInput: self = .badInput
        case .inputOutput: self = .inputOutput
        case .busy, .shortage, .interrupted: self = .tryAgain
        case .incomplete, .internal: self = .internalFault
        }
    }
}
