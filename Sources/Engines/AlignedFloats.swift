/// Floats at a 64-byte boundary, zero at first, freed with the object.
///
/// Sendable by agreement: whoever shares one writes it before sharing it, and never after.
package final class AlignedFloats: @unchecked Sendable {
    /// The first of `count` floats.
    package let pointer: UnsafeMutablePointer<Float>
    package let count: Int

    /// Zeros.
    ///
    /// - Parameter count: floats.
    package init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Float.self, capacity: count)
        pointer.initialize(repeating: 0, count: count)
    }

    /// A copy.
    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
        }
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
