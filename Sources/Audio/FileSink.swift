import Foundation

/// The target of libsndfile's writes: a descriptor that is opened and closed elsewhere.
final class FileSink {
    private let descriptor: Int32
    /// The place of the next byte.
    private(set) var place: Int64 = 0
    private(set) var length: Int64 = 0
    /// The system's error number for the first write that failed; nil if none did.
    private(set) var failure: Int32?

    init(descriptor: Int32) { self.descriptor = descriptor }

    func seek(_ offset: Int64, from whence: Int32) -> Int64 {
        let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? place : length
        let (sum, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, sum >= 0 else { return -1 }
        place = sum
        return sum
    }

    /// - Returns: the number of bytes written; fewer than given if the system refused the rest.
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
