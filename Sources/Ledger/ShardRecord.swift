/// A shard file of the cache.
package struct ShardRecord: Sendable, Equatable {
    package let id: Int64
    /// Path relative to the cache that the file has once sealed, even if it is not sealed yet.
    package let path: String
    package let stage: Int64
    package let kind: String
    /// Number format, as named by `ShardDType`.
    package let dtype: String
    package let columns: Int64
    /// Number of rows; 0 until the shard is sealed.
    package let rows: Int64
    /// Size of the file in bytes; 0 until the shard is sealed.
    package let bytes: Int64
    /// XXH3-128 digest of the whole file; nil until the shard is sealed.
    package let digest: String?
    /// Whether the file has its final name and gets no more rows.
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
