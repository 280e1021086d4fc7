import Files
import Foundation

/// Which clip each worker is on, in a small mapped file that survives the death of the process (though not of the
/// machine, which is no fault of a clip).
///
/// Only deaths by a fault of the process itself count against its clips (SIGSEGV, SIGABRT and their like, as a decoder
/// dies of a hostile file): being killed from outside says nothing about the clip that happened to be under way. The
/// first slot holds the signal, written by the handler; the others a clip for each worker.
package final class InFlightLog: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Int64>
    private let path: String

    /// Takes over the file, handing out the clips that were in flight when the last process died.
    ///
    /// - Throws: `FileError` where the file cannot be made or mapped.
    package init(cache: String, workers: Int) throws {
        path = cache + "/in-flight"
        let size = (1 + max(1, workers)) * 8
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot open", code: errno) }
        defer { close(descriptor) }
        // A mapping over a hole would end the process on a full disk, so the room is taken first.
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

    /// Drops what the last process left.
    package static func forget(cache: String) { unlink(cache + "/in-flight") }

    /// The clips that a process had in flight when it died of a fault; none where it ended in order or was killed.
    package static func survivors(cache: String) -> [Int64] {
        guard let data = FileManager.default.contents(atPath: cache + "/in-flight") else { return [] }
        var numbers: [Int64] = []
        for index in 0..<data.count / 8 {
            var value: UInt64 = 0
            for byte in 0..<8 { value |= UInt64(data[data.startIndex + index * 8 + byte]) << UInt64(byte * 8) }
            numbers.append(Int64(bitPattern: value))
        }
        guard let signal = numbers.first, signal != 0 else { return [] }
        return numbers.dropFirst().filter { $0 > 0 }
    }

    /// A worker takes a clip; 0: it has none any more.
    package func note(clip: Int64, worker: Int) { if worker + 1 < slots.count { slots[worker + 1] = clip } }

    /// The run ends in order: nothing is in flight.
    package func remove() { unlink(path) }
}

/// Notes the signal a process dies of before it dies.
private enum FatalSignals {
    nonisolated(unsafe) private static var slot: UnsafeMutablePointer<Int64>?

    static func watch(_ target: UnsafeMutablePointer<Int64>?) {
        slot = target
        for number in [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE] {
            guard target != nil else {
                signal(number, SIG_DFL)
                continue
            }
            // Only what is safe in a handler: one store, then the default action.
            signal(number) { received in
                FatalSignals.slot?.pointee = Int64(received)
                signal(received, SIG_DFL)
                raise(received)
            }
        }
    }
}
