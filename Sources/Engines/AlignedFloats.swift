/// A buffer of floats that starts at a 64-byte boundary and is freed with the object.
///
/// Sendable by convention: the owner may write to a buffer only before sharing it.
package final class AlignedFloats: @unchecked Sendable {
    /// The first of `count` floats.
    package let pointer: UnsafeMutablePointer<Float>
    package let count: Int

    /// Allocates a buffer of zeros.
    ///
    /// - Parameter count: number of floats.
    package init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Float.self, capacity: count)
        pointer.initialize(repeating: 0, count: count)
    }

    /// Allocates a buffer with a copy of `values`.
    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
        }
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
