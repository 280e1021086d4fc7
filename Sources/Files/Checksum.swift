import CXXHash
import Foundation

/// A 128-bit XXH3 digest: fast enough to compute over every byte, and strong enough against any accidental change. It
/// is not meant to withstand forgery.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    init(_ hash: XXH128_hash_t) {
        high = hash.high64
        low = hash.low64
    }

    /// 32 lower-case hexadecimal digits, as `xxh128sum` prints them.
    package var description: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    private static func hexadecimal(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// A digest computed piece by piece.
package final class Checksum {
    private let state: OpaquePointer

    package init() {
        guard let state = XXH3_createState() else { fatalError("out of memory for a checksum") }
        self.state = state
        reset()
    }

    deinit { XXH3_freeState(state) }

    /// Copies the state of another checksum, to go on from there.
    package func copy(_ other: Checksum) { XXH3_copyState(state, other.state) }

    /// Starts again.
    package func reset() { XXH3_128bits_reset(state) }

    /// Adds more bytes to the digest.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        withExtendedLifetime(self) { _ = XXH3_128bits_update(state, bytes.baseAddress, bytes.count) }
    }

    package var digest: Digest { withExtendedLifetime(self) { Digest(XXH3_128bits_digest(state)) } }

    /// The digest of some bytes, in one call.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> Digest {
        Digest(XXH3_128bits(bytes.baseAddress, bytes.count))
    }

    /// Digest of a file's bytes, read block by block.
    ///
    /// - Parameters:
    ///   - bytes: the path's bytes, for names that are not UTF-8; nil: the bytes of the text.
    ///   - offset: where to begin.
    /// - Throws: `FileError` with the system's error number.
    package static func ofFile(
        _ path: String, bytes: [UInt8]? = nil, from offset: Int = 0
    ) throws(FileError) -> Digest {
        try FileDigester().digest(path, bytes: bytes, from: offset)
    }
}

/// Digests many files one after another through one buffer, small enough to stay in the processor's cache.
package final class FileDigester {
    private static let blockSize = 128 << 10
    private let checksum = Checksum()
    private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: FileDigester.blockSize, alignment: 64)

    package init() {}

    deinit { block.deallocate() }

    /// - Parameters:
    ///   - bytes: the path's bytes, for names that are not UTF-8; nil: the bytes of the text.
    ///   - start: where to begin.
    /// - Throws: `FileError` with the system's error number.
    package func digest(_ path: String, bytes: [UInt8]? = nil, from start: Int = 0) throws(FileError) -> Digest {
        try read(path, bytes: bytes, from: start, into: checksum)
        return checksum.digest
    }

    /// Like `digest`, but adds the bytes to a checksum that the caller can go on with.
    ///
    /// - Throws: `FileError` with the system's error number.
    package func read(_ path: String, bytes: [UInt8]? = nil, from start: Int, into checksum: Checksum) throws(FileError)
    {
        checksum.reset()
        let raw = (bytes ?? Array(path.utf8)).map(CChar.init(bitPattern:)) + [0]
        let descriptor = open(raw, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot open", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, "cannot look at", code: errno) }
        try FileError.requireFile(status, path)
        guard start == 0 || lseek(descriptor, start, SEEK_SET) == start else {
            throw FileError(path: path, "cannot go to byte \(start)", code: errno)
        }
        var offset = start
        while true {
            let count = Foundation.read(descriptor, block.baseAddress, block.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, "cannot read", code: errno, byte: offset)
            }
            if count == 0 { return }
            checksum.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
            offset += count
        }
    }
}
