import Foundation

/// The target of libsndfile's writes: a descriptor that is opened and closed elsewhere, or memory.
final class FileSink {
    private let descriptor: Int32?
    /// What was written, if into memory.
    private(set) var bytes: [UInt8] = []
    /// The place of the next byte.
    private(set) var place: Int64 = 0
    private(set) var length: Int64 = 0
    /// The system's error number for the first write that failed; nil if none did.
    private(set) var failure: Int32?

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Into memory.
    init() { descriptor = nil }

    func seek(_ offset: Int64, from whence: Int32) -> Int64 {
        let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? place : length
        let (sum, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, sum >= 0 else { return -1 }
        place = sum
        return sum
    }

    /// - Returns: the number of bytes written; fewer than given if the system refused the rest.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let descriptor else { return keep(bytes) }
        var done = 0
        while done < bytes.count, failure == nil {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(place) + off_t(done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                failure = count == 0 ? ENOSPC : errno
            }
        }
        place += Int64(done)
        length = max(length, place)
        return done
    }

    private func keep(_ more: UnsafeRawBufferPointer) -> Int {
        let end = Int(place) + more.count
        if bytes.count < end { bytes.append(contentsOf: repeatElement(0, count: end - bytes.count)) }
        let start = Int(place)
        bytes.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[start..<end]).copyMemory(from: more)
        }
        place = Int64(end)
        length = max(length, place)
        return more.count
    }
}
