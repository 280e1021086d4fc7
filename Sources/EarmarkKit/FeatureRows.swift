import Shards

/// Rows of numbers of one clip: log-mel frames, samples, embeddings or chunk scores.
///
/// Rows of a cache are not copied: they stay in the cache's file, which is mapped into memory, and are read when
/// requested. They stay valid as long as this value exists, even if a run adds to the cache in the meantime.
public struct FeatureRows: Sendable {
    /// The number format in the file.
    public enum NumberFormat: String, Sendable, CaseIterable {
        case float32
        case float16
        /// Used for samples only: 32768 represents 1.
        case int16
    }

    enum Storage: Sendable {
        case mapped(MappedShard, first: Int)
        case values([Float])
    }

    /// The number of rows: frames, samples or chunks.
    public let count: Int
    /// The number of values in a row: mel bands, 1 for samples, the size of an embedding, or classes.
    public let columns: Int
    /// The sample rate, in Hz, of the audio that the rows were made from; nil if the cache predates this field.
    public let sampleRate: Int?
    /// The samples from the start of one row to the start of the next; nil if the cache predates this field.
    public let hop: Int?
    /// The length of the clip in samples at ``sampleRate``, without the zeros that pad it; nil if the cache predates
    /// this field.
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

    /// The number format in the file; `float32` for scores that were computed in memory.
    public var format: NumberFormat {
        guard case .mapped(let shard, _) = storage else { return .float32 }
        return switch shard.header.dtype {
        case .float32: .float32
        case .float16: .float16
        case .int16: .int16
        }
    }

    /// The seconds from the clip's start to a row's start; nil if the cache predates this field.
    public func startTime(of row: Int) -> Double? {
        guard let sampleRate, let hop else { return nil }
        return Double(row) * Double(hop) / Double(sampleRate)
    }

    /// Calls `body` with some of the rows, of shape (rows, ``columns``), row by row. `float32` rows are the file's own
    /// memory; other formats are converted, so request a few rows at a time.
    ///
    /// - Parameters:
    ///   - rows: the range of rows; nil for all of them.
    ///   - body: a closure that must not keep the address of the values after it returns.
    /// - Throws: the error that `body` throws.
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

    /// A copy of one row's values.
    public subscript(row: Int) -> [Float] { withUnsafeValues(row..<row + 1) { Array($0) } }

    /// A copy of all values, of shape (``count``, ``columns``).
    public var values: [Float] { withUnsafeValues { Array($0) } }

    /// The mapped rows themselves; nil if they are not floats or not aligned for `Float`.
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
