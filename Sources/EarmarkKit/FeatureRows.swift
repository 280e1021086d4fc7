import Shards

/// Rows of numbers that a cache holds of one clip: log-mel frames, samples, embeddings or chunk scores.
///
/// Nothing is copied to make it: the rows stay in the cache's file, which is mapped into memory, and are read when they are
/// asked for. It stays valid while it exists, also when a run adds to the cache meanwhile.
public struct FeatureRows: Sendable {
    /// How the numbers lie in the file.
    public enum NumberFormat: String, Sendable, CaseIterable {
        case float32
        case float16
        /// Samples alone: 32768 stands for 1.
        case int16
    }

    enum Storage: Sendable {
        case mapped(MappedShard, first: Int)
        case values([Float])
    }

    /// How many rows there are: frames, samples or chunks.
    public let count: Int
    /// Numbers of a row: mel bands, 1 for samples, the size of an embedding, or classes.
    public let columns: Int
    /// Samples per second of what the rows were made of; nil in caches of before this was kept.
    public let sampleRate: Int?
    /// Samples from the start of a row to that of the next; nil in caches of before this was kept.
    public let hop: Int?
    /// Samples of the clip without the zeros behind its end, at ``sampleRate``; nil in caches of before this was kept.
    public let clipSamples: Int?
    private let storage: Storage

    init(_ storage: Storage, count: Int, columns: Int, sampleRate: Int?, hop: Int?, clipSamples: Int?) {
        self.storage = storage
        self.count = count
        self.columns = columns
        self.sampleRate = sampleRate
        self.hop = hop
        self.clipSamples = clipSamples
    }

    /// How the numbers lie in the file; `float32` for scores that were made in memory.
    public var format: NumberFormat {
        guard case .mapped(let shard, _) = storage else { return .float32 }
        return switch shard.header.dtype {
        case .float32: .float32
        case .float16: .float16
        case .int16: .int16
        }
    }

    /// Seconds from the clip's start to a row's; nil in caches of before this was kept.
    public func startTime(of row: Int) -> Double? {
        guard let sampleRate, let hop else { return nil }
        return Double(row) * Double(hop) / Double(sampleRate)
    }

    /// Lends some rows, (rows, ``columns``), row after row. Rows of `float32` are those of the file itself; others are
    /// converted, so ask for a few at a time.
    ///
    /// - Parameters:
    ///   - rows: nil for all of them.
    ///   - body: must not keep the numbers' address beyond its end.
    /// - Throws: what `body` throws.
    public func withUnsafeValues<Value>(
        _ rows: Range<Int>? = nil, _ body: (UnsafeBufferPointer<Float>) throws -> Value
    ) rethrows -> Value {
        let rows = rows ?? 0..<count
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) of \(count)")
        switch storage {
        case .values(let values):
            return try values.withUnsafeBufferPointer {
                try body(UnsafeBufferPointer(rebasing: $0[rows.lowerBound * columns..<rows.upperBound * columns]))
            }
        case .mapped(let shard, let first):
            if let direct = Self.floats(shard, first + rows.lowerBound, rows.count) {
                return try withExtendedLifetime(shard) { try body(direct) }
            }
            return try converted(shard, first + rows.lowerBound, rows.count).withUnsafeBufferPointer(body)
        }
    }

    /// One row's numbers, copied.
    public subscript(row: Int) -> [Float] { withUnsafeValues(row..<row + 1) { Array($0) } }

    /// All numbers, (``count``, ``columns``), copied.
    public var values: [Float] { withUnsafeValues { Array($0) } }

    /// The mapped rows as they are; nil where they are no floats, or lie at an odd address.
    private static func floats(_ shard: MappedShard, _ first: Int, _ count: Int) -> UnsafeBufferPointer<Float>? {
        guard shard.header.dtype == .float32, let bytes = try? shard.rows(first, count),
            let base = bytes.baseAddress, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0
        else { return nil }
        return bytes.bindMemory(to: Float.self)
    }

    private func converted(_ shard: MappedShard, _ first: Int, _ count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count * columns) { buffer, filled in
            guard let base = buffer.baseAddress, count > 0 else { return }
            // The rows were there when the clip was opened, and a mapping does not shrink.
            do { try shard.floats(first, count, to: base) } catch { preconditionFailure("\(error)") }
            filled = count * columns
        }
    }
}
