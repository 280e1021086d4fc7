import CKernels
import CZlib
import Files

/// A stream of zlib that inflates raw Deflate data piece by piece, and zlib's CRC-32.
package final class Inflater {
    /// What a step found.
    enum Outcome: Equatable { case more, end, damaged, outOfMemory }

    private let stream: UnsafeMutablePointer<z_stream>
    private let isOpen: Bool

    /// Bytes of the input that were not used yet.
    var inputLeft: Int { Int(stream.pointee.avail_in) }

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: no header of zlib around the data, a window of 32 KB.
        isOpen = inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    }

    deinit {
        if isOpen { inflateEnd(stream) }
        stream.deallocate()
    }

    /// Gives it input, which must stay where it is until it is used.
    func feed(_ bytes: UnsafeMutableRawBufferPointer) {
        stream.pointee.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_in = UInt32(clamping: bytes.count)
    }

    /// Inflates until the output is full or the input is used up.
    ///
    /// - Parameter out: at most 4 GB.
    /// - Returns: the number of bytes written.
    func inflate(into out: UnsafeMutableRawBufferPointer) -> (count: Int, outcome: Outcome) {
        guard isOpen else { return (0, .outOfMemory) }
        let space = UInt32(clamping: out.count)
        stream.pointee.next_out = out.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = space
        let code = CZlib.inflate(stream, Z_NO_FLUSH)
        let count = Int(space - stream.pointee.avail_out)
        switch code {
        case Z_OK, Z_BUF_ERROR: return (count, .more)
        case Z_STREAM_END: return (count, .end)
        case Z_MEM_ERROR: return (count, .outOfMemory)
        default: return (count, .damaged)
        }
    }

    /// Continues a CRC-32, which begins with 0: by the processor's carry-less multiplication if it has one, which takes
    /// a tenth of zlib's time, else by zlib.
    package static func checksum(_ sum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return sum }
        var sum = sum
        let folded = ck_crc32(&sum, start, bytes.count)
        if folded == bytes.count { return sum }
        return plainChecksum(sum, UnsafeRawBufferPointer(rebasing: bytes[folded...]))
    }

    /// The same by zlib alone.
    package static func plainChecksum(_ sum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return sum }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(sum), start, bytes.count))
    }
}
