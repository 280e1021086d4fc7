/// How numbers are stored in a shard.
package enum ShardDType: String, Sendable, CaseIterable {
    case float32
    case float16
    case int16

    /// NumPy's name for it, little-endian.
    package var numpyName: String {
        switch self {
        case .float32: "<f4"
        case .float16: "<f2"
        case .int16: "<i2"
        }
    }

    package var size: Int { self == .float32 ? 4 : 2 }

    /// - Parameter numpyName: `<f4`, `<f2` or `<i2`; nil for any other.
    package init?(numpyName: String) {
        guard let found = Self.allCases.first(where: { $0.numpyName == numpyName }) else { return nil }
        self = found
    }

    /// Full scale of int16: a sample of 1.0 would be 32768 and is clamped to 32767.
    private static let scale: Float = 32768
    /// Above this, int16 cannot hold the nearest whole number.
    private static let highest: Float = 32767.5
    private static let lowest: Float = -32768.5

    /// Writes `values` in this format to `target`, which holds at least `values.count * size` bytes.
    ///
    /// - Returns: how many samples were clipped to fit int16: those more than half a step beyond full scale, which
    ///   rounding would have taken to 32768 or above, or below -32768. 0 for the other formats.
    @discardableResult
    package func encode(_ values: UnsafeBufferPointer<Float>, to target: UnsafeMutableRawPointer) -> Int {
        guard let source = values.baseAddress else { return 0 }
        switch self {
        case .float32: target.copyMemory(from: source, byteCount: values.count * 4)
        case .float16:
            let out = target.assumingMemoryBound(to: Float16.self)
            for index in 0..<values.count { out[index] = Float16(source[index]) }
        case .int16:
            return Self.encodeSamples(UnsafeRawPointer(source), count: values.count, to: target)
        }
        return 0
    }

    /// Eight at a time, by the same rule as `sample`: adding 1.5 * 2^23 leaves the nearest whole number, ties to even,
    /// in the low bits, without calling the maths library.
    private static func encodeSamples(
        _ source: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer
    ) -> Int {
        let magic = SIMD8<Float>(repeating: 12_582_912)
        var index = 0
        // Each lane counts down by one for every clipped sample, because a true mask is -1.
        var lanes = SIMD8<Int32>()
        while index + 8 <= count {
            var scaled = source.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self) * scale
            scaled.replace(with: 0, where: scaled .!= scaled)
            lanes &+= unsafeBitCast(
                scaled .> highest .| (scaled .< lowest), to: SIMD8<Int32>.self)
            scaled.replace(with: 32767, where: scaled .> 32767)
            scaled.replace(with: -32768, where: scaled .< -32768)
            let bits =
                unsafeBitCast(scaled + magic, to: SIMD8<Int32>.self) &- unsafeBitCast(magic, to: SIMD8<Int32>.self)
            target.storeBytes(
                of: SIMD8<Int16>(truncatingIfNeeded: bits), toByteOffset: index * 2, as: SIMD8<Int16>.self)
            index += 8
        }
        var clipped = -Int(lanes.wrappedSum())
        while index < count {
            let value = source.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
            if value * scale > highest || value * scale < lowest { clipped += 1 }
            target.storeBytes(of: sample(value), toByteOffset: index * 2, as: Int16.self)
            index += 1
        }
        return clipped
    }

    /// Reads `count` numbers in this format from `source`, which may have any alignment.
    package func decode(_ source: UnsafeRawPointer, count: Int, to target: UnsafeMutablePointer<Float>) {
        switch self {
        case .float32:
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
        case .float16:
            for index in 0..<count {
                target[index] = Float(source.loadUnaligned(fromByteOffset: index * 2, as: Float16.self))
            }
        case .int16:
            for index in 0..<count {
                let sample = source.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)
                target[index] = Float(sample) * (1 / Self.scale)
            }
        }
    }

    /// The values that `values` would have after being stored and read again.
    package func round(_ values: UnsafeBufferPointer<Float>, into out: inout [Float]) {
        if out.count != values.count { out = [Float](repeating: 0, count: values.count) }
        for index in 0..<values.count {
            switch self {
            case .float32: out[index] = values[index]
            case .float16: out[index] = Float(Float16(values[index]))
            case .int16: out[index] = Float(Self.sample(values[index])) * (1 / Self.scale)
            }
        }
    }

    /// Nearest, ties to even, as NumPy rounds; NaN becomes 0.
    @inline(__always)
    private static func sample(_ value: Float) -> Int16 {
        let scaled = (value * scale).rounded(.toNearestOrEven)
        return Int16(Swift.max(-32768, Swift.min(32767, scaled.isNaN ? 0 : scaled)))
    }
}
