import Foundation

/// Searches a buffer for a sequence of bytes by looking for the sequence's rarest byte.
///
/// Swift on Linux does not expose C's `memmem`.
package struct ByteSearch {
    /// The number of bytes sampled to count how often each byte value occurs.
    private static let sample = 1 << 16

    private let needle: [UInt8]
    private let hay: UnsafeRawBufferPointer
    /// The position of the rarest byte in `needle`.
    private let rare: Int

    /// - Parameters:
    ///   - needle: the bytes to find; not empty.
    ///   - hay: the buffer to search. It must stay valid, and must not move, while this value is used.
    package init(_ needle: [UInt8], in hay: UnsafeRawBufferPointer) {
        precondition(!needle.isEmpty, "looks for nothing")
        self.needle = needle
        self.hay = hay
        var counts = [Int](repeating: 0, count: 256)
        for byte in hay.prefix(Self.sample) { counts[Int(byte)] += 1 }
        rare = needle.indices.min { counts[Int(needle[$0])] < counts[Int(needle[$1])] } ?? 0
    }

    /// The position of the first match at or after `start`; nil if there is none.
    package func first(from start: Int) -> Int? {
        guard let base = hay.baseAddress else { return nil }
        var place = start + rare
        let end = hay.count - (needle.count - 1 - rare)
        while place < end, let hit = memchr(base + place, Int32(needle[rare]), end - place) {
            let found = base.distance(to: UnsafeRawPointer(hit))
            if memcmp(base + (found - rare), needle, needle.count) == 0 { return found - rare }
            place = found + 1
        }
        return nil
    }
}
