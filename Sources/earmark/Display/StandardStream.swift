import Errors
import Files
import Foundation

/// Standard output or standard error. The program prints only through this type, so that no failed write goes
/// unnoticed.
///
/// `Swift.print` was rejected because it does not report a full disk, and `FileHandle` because it ends the process.
final class StandardStream: @unchecked Sendable {
    static let output = StandardStream(STDOUT_FILENO)
    static let errors = StandardStream(STDERR_FILENO)

    /// Why a write failed.
    enum Fault: Equatable {
        /// The pipe's reader has gone.
        case closedPipe
        /// Any other failure, with the system's reason.
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

    /// The first fault; anything written after it is dropped.
    var fault: Fault? { lock.withLock { found } }

    /// Registers a callback that is called once, when the reader has gone, so that long work can stop.
    func whenClosed(_ body: @escaping @Sendable () -> Void) { lock.withLock { onClosedPipe = body } }

    func line(_ text: String) { write(text + "\n") }

    func write(_ text: String) {
        // On a terminal, or with both streams in one file, lines appear in the order in which they were written.
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

    /// Writes what has been gathered.
    ///
    /// - Returns: the callback to call, once the lock is released, if the pipe turns out to be closed.
    private func send() -> (@Sendable () -> Void)? {
        defer { gathered.removeAll(keepingCapacity: true) }
        guard !gathered.isEmpty, found == nil else { return nil }
        guard !StandardDescriptors.wasClosed(descriptor) else {
            // Requested results that cannot be delivered are a fault; progress that nobody wants is not.
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

/// Replaces `Swift.print` in this program: writes a line to standard output and notices a failure.
func print(_ text: String) { StandardStream.output.line(text) }

/// Writes a line to standard error.
func say(_ text: String) { StandardStream.errors.line(text) }

/// Writes text for people to standard output, wrapped at words where that is a narrow terminal.
func printWrapped(_ text: String) { print(TerminalText.wrapped(text, on: STDOUT_FILENO)) }

/// Writes text for people to standard error, wrapped at words where that is a narrow terminal.
func sayWrapped(_ text: String) { say(TerminalText.wrapped(text, on: STDERR_FILENO)) }
