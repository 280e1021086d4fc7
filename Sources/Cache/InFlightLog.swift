import Errors
import Files
import Foundation

/// Which clip each worker is on, in a small mapped file that survives the death of the process (though not of the
/// machine, for which no clip is to blame).
///
/// Only crashes of the process itself count against its clips (SIGSEGV, SIGABRT and the like, as when a hostile file
/// crashes a decoder): being killed from outside says nothing about the clip that happened to be under way. The first
/// slot holds the signal, written by the handler; each other slot holds one worker's clip.
package final class InFlightLog: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Int64>
    private let path: String

    /// Opens or creates the file, clears it and starts recording fatal signals in it.
    ///
    /// - Throws: `FileError` if the file cannot be opened, given its space or mapped.
    package init(cache: String, workers: Int) throws {
        path = cache + "/in-flight"
        let size = (1 + max(1, workers)) * 8
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot open", code: errno) }
        defer { close(descriptor) }
        // On a full disk, writing to a mapped hole would kill the process, so the space is allocated first.
        let code = posix_fallocate(descriptor, 0, size)
        guard code == 0, ftruncate(descriptor, size) == 0 else {
            throw FileError(path: path, "cannot take \(size) bytes", code: code == 0 ? errno : code)
        }
        guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw FileError(path: path, "cannot map", code: errno)
        }
        slots = UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: Int64.self), count: size / 8)
        slots.update(repeating: 0)
        FatalSignals.watch(slots.baseAddress)
    }

    deinit {
        FatalSignals.watch(nil)
        munmap(slots.baseAddress, slots.count * 8)
    }

    /// Deletes what the last process left.
    package static func forget(cache: String) { unlink(cache + "/in-flight") }

    /// The clips that a process had in flight when it crashed; none if it ended normally or was killed.
    package static func survivors(cache: String) -> [Int64] {
        guard let data = try? FileSystem.read(cache + "/in-flight") else { return [] }
        var numbers: [Int64] = []
        for index in 0..<data.count / 8 {
            var value: UInt64 = 0
            for byte in 0..<8 { value |= UInt64(data[index * 8 + byte]) << UInt64(byte * 8) }
            numbers.append(Int64(bitPattern: value))
        }
        guard let signal = numbers.first, signal != 0 else { return [] }
        return numbers.dropFirst().filter { $0 > 0 }
    }

    /// Notes that a worker starts on a clip; 0 means that it no longer has one.
    package func note(clip: Int64, worker: Int) { if worker + 1 < slots.count { slots[worker + 1] = clip } }

    /// The run ends normally: nothing is in flight.
    package func remove() { unlink(path) }
}

/// Records which signal a process is dying of before it dies.
private enum FatalSignals {
    nonisolated(unsafe) private static var slot: UnsafeMutablePointer<Int64>?

    static func watch(_ target: UnsafeMutablePointer<Int64>?) {
        slot = target
        for number in [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE] {
            guard target != nil else {
                signal(number, SIG_DFL)
                continue
            }
            // Only what is safe in a signal handler: one store, then the default action.
            signal(number) { received in
                FatalSignals.slot?.pointee = Int64(received)
                signal(received, SIG_DFL)
                raise(received)
            }
        }
    }
}
