import Errors
import Files
import Foundation

/// Standard output or standard error: the one way in which this program prints, so that no failed write goes unnoticed.
///
/// `Swift.print` and `FileHandle` were not used: the one says nothing of a full disk, the other ends the process.
final class StandardStream: @unchecked Sendable {
    static let output = StandardStream(STDOUT_FILENO)
    static let errors = StandardStream(STDERR_FILENO)

    /// What became of what was written.
    enum Fault: Equatable {
        /// The pipe's reader has gone.
        case closedPipe
        /// The system's reason.
        case failed(String)
    }

    private static let room = 1 << 16

    private let descriptor: Int32
    private let isBuffered: Bool
    private let lock = NSLock()
    private var gathered: [UInt8] = []
    private var found: Fault?
    private var onClosedPipe: (@Sendable () -> Void)?

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        isBuffered = descriptor == STDOUT_FILENO && isatty(descriptor) == 0
    }

    /// The first fault; what comes after it is dropped.
    var fault: Fault? { lock.withLock { found } }

    /// Registers a callback, called once, that tells long work when nobody reads any more.
    func whenClosed(_ body: @escaping @Sendable () -> Void) { lock.withLock { onClosedPipe = body } }

    func line(_ text: String) { write(text + "\n") }

    func write(_ text: String) {
        // On a terminal, or with both in one file, lines stand in the order in which they were said.
        if descriptor == STDERR_FILENO { StandardStream.output.flush() }
        let report: (@Sendable () -> Void)? = lock.withLock {
            gathered += text.utf8
            return isBuffered && gathered.count < Self.room ? nil : send()
        }
        report?()
    }

    func flush() {
        let report = lock.withLock { send() }
        report?()
    }

    /// - Returns: whom to tell, once the lock is free, that the pipe is closed.
    private func send() -> (@Sendable () -> Void)? {
        defer { gathered.removeAll(keepingCapacity: true) }
        guard !gathered.isEmpty, found == nil else { return nil }
        guard !StandardDescriptors.wasClosed(descriptor) else {
            // Results that are asked for and cannot be handed over are a fault; progress that nobody wants is none.
            if descriptor == STDOUT_FILENO { found = .failed("it is closed") }
            return nil
        }
        do {
            try OutputFile.put(
                gathered[...], into: descriptor,
                named: descriptor == STDERR_FILENO ? "standard error" : "standard output")
            return nil
        } catch is OutputFile.ClosedPipe {
            found = .closedPipe
            return onClosedPipe
        } catch {
            found = .failed((error as? FileError)?.reason ?? "\(error)")
        }
        return nil
    }
}

/// Takes the place of `Swift.print` in this program: a line on standard output whose failure is noticed.
func print(_ text: String) { StandardStream.output.line(text) }

/// A line on standard error.
func say(_ text: String) { StandardStream.errors.line(text) }
