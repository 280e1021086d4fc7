import Random
import Testing

import Archives

/// The CRC-32 by the processor's instructions against zlib's.
@Suite struct ChecksumTests {
    @Test("Every length, from every alignment, continued from any sum, gives zlib's CRC-32")
    func sameAsZlib() {
        var random = SplitMix64(seed: 3)
        let bytes = (0..<1200).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { all in
            for length in 0...1100 {
                let start = length % 17
                let piece = UnsafeRawBufferPointer(rebasing: all[start..<start + length])
                for sum in [0, UInt32(truncatingIfNeeded: random.next())] {
                    #expect(Inflater.checksum(sum, piece) == Inflater.plainChecksum(sum, piece), "\(length) bytes")
                }
            }
        }
        // The check value of the catalogue of CRCs.
        let digits = Array("123456789".utf8)
        digits.withUnsafeBytes { #expect(Inflater.checksum(0, $0) == 0xCBF4_3926) }
    }
}
