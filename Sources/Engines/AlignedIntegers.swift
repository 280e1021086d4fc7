/// A buffer of integers that starts at a 64-byte boundary and is freed with the object.
///
/// Sendable by convention: the owner may write to a buffer only before sharing it.
final class AlignedIntegers<Element: FixedWidthInteger & Sendable>: @unchecked Sendable {
    /// The first of `count` integers.
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    /// Allocates a buffer of zeros.
    ///
    /// - Parameter count: number of integers.
    init(count: Int) {
        self.count = count
        pointer = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64
        ).bindMemory(to: Element.self, capacity: count)
        pointer.initialize(repeating: 0, count: count)
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
