/// A shard file of the cache.
package struct ShardRecord: Sendable, Equatable {
    package let id: Int64
    /// Relative to the cache, the name it has or will have once sealed.
    package let path: String
    package let stage: Int64
    package let kind: String
    /// Number format, by the names of `ShardDType`.
    package let dtype: String
    package let columns: Int64
    /// Set when it is sealed; 0 before.
    package let rows: Int64
    package let bytes: Int64
    /// XXH3-128 of the whole file; nil until it is sealed.
    package let digest: String?
    /// Whether it has its final name, and gets no more rows.
    package let isSealed: Bool

    package init(
        id: Int64, path: String, stage: Int64, kind: String, dtype: String, columns: Int64, rows: Int64 = 0,
        bytes: Int64 = 0, digest: String? = nil, isSealed: Bool = false
    ) {
        self.id = id
        self.path = path
        self.stage = stage
        self.kind = kind
        self.dtype = dtype
        self.columns = columns
        self.rows = rows
        self.bytes = bytes
        self.digest = digest
        self.isSealed = isSealed
    }

    var check: Int64 {
        var check = RowCheck()
        for number in [id, stage, columns, rows, bytes, isSealed ? 1 : 0] { check.add(number) }
        for text in [path, kind, dtype, digest] { check.add(text) }
        return check.value
    }
}
