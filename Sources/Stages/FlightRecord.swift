import Foundation
import Shards

/// Which clip each worker is on, in a small mapped file that survives the death of the process (though not of the
/// machine, which is no fault of a clip). A clip that was in flight at two deaths is set aside.
final class FlightRecord: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Int64>
    private let path: String

    /// Takes over the file, handing out the clips that were in flight when the last process died.
    init(cache: String, workers: Int) throws {
        path = cache + "/in-flight"
        let size = max(1, workers) * 8
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ShardError(path: path, "cannot open", code: errno) }
        defer { close(descriptor) }
        // A mapping over a hole would end the process on a full disk, so the room is taken first.
        let code = posix_fallocate(descriptor, 0, size)
        guard code == 0, ftruncate(descriptor, size) == 0 else {
            throw ShardError(path: path, "cannot take \(size) bytes", code: code == 0 ? errno : code)
        }
        guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw ShardError(path: path, "cannot map", code: errno)
        }
        slots = UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: Int64.self), count: size / 8)
        slots.update(repeating: 0)
    }

    deinit { munmap(slots.baseAddress, slots.count * 8) }

    /// The clips that a process which died had in flight; none where it ended in order.
    static func survivors(cache: String) -> [Int64] {
        guard let data = FileManager.default.contents(atPath: cache + "/in-flight") else { return [] }
        var clips: [Int64] = []
        for index in 0..<data.count / 8 {
            var value: UInt64 = 0
            for byte in 0..<8 { value |= UInt64(data[data.startIndex + index * 8 + byte]) << UInt64(byte * 8) }
            if let clip = Int64(exactly: value), clip > 0 { clips.append(clip) }
        }
        return clips
    }

    func note(clip: Int64, worker: Int) { if worker < slots.count { slots[worker] = clip } }

    /// The run ends in order: nothing is in flight.
    func remove() { unlink(path) }
}
