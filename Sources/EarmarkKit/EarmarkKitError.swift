import Errors
public import Foundation

/// An error: what kind it is, where it occurred, what was found and what was expected.
///
/// An unreadable recording is not an error: it becomes a ``FailedClip`` of the run, and all other clips are processed.
public struct EarmarkKitError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error, which tells who can fix it.
    public enum Category: String, Sendable, CaseIterable {
        /// The request makes no sense: an unknown setting, clip or class, or samples that are not finite.
        case usage
        /// A file is not what it should be: a pipeline, a manifest, a model, a ledger or a shard.
        case badInput
        /// The system could not read or write.
        case inputOutput
        /// The cache is in use by another process, or space, memory or file descriptors ran out: try again later.
        case tryAgain
        /// A bug in EarmarkKit.
        case internalFault
    }

    public let category: Category
    /// One line: where, what was found, and what was expected.
    public let message: String
    /// The file at fault, if there is one.
    public let file: String?
    /// The line in ``file``, from 1, if known.
    public let line: Int?
    /// The byte in ``file``, from 0, if known.
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
    /// The message, for code that shows `localizedDescription`.
    public var errorDescription: String? { message }
}

extension EarmarkKitError {
    /// Converts an error of an internal module. Every internal error becomes public here.
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

    /// Runs work of the internal modules.
    ///
    /// - Throws: ``EarmarkKitError``, made from the error that `work` throws.
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
