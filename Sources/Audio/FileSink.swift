import Foundation

/// What libsndfile writes into: a descriptor that somebody else opened and closes.
final class FileSink {
    private let descriptor: Int32
    /// Where the next byte goes.
    private(set) var place: Int64 = 0
    private(set) var length: Int64 = 0
    /// The system's error number of the first write that failed; nil: none did.
    private(set) var failure: Int32?

    init(descriptor: Int32) { self.descriptor = descriptor }

    func seek(_ offset: Int64, from whence: Int32) -> Int64 {
        let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? place : length
        let (sum, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, sum >= 0 else { return -1 }
        place = sum
        return sum
    }

    /// - Returns: bytes that were written; fewer than there are where the system refused the rest.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
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
}
