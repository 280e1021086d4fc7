import Tables

/// A hash table from clip names to rows that does not store the names: each slot is one word with 32 bits of the hash
/// and the row. Names with equal hashes are compared byte by byte, so a collision costs time but never gives a wrong
/// answer.
struct ClipIndex: Sendable {
    private var slots = [UInt64](repeating: 0, count: 1024)
    private var count = 0

    /// Adds a row's name, or returns the row that already has the name. `field` returns where in `bytes` an earlier
    /// row's name is.
    mutating func insert(row: Int, name bytes: [UInt8], _ name: CSV.Field, field: (Int) -> CSV.Field?) -> Int? {
        let hash = Self.hash(bytes, name)
        if let twin = find(hash, bytes, name, field, bytes) { return twin }
        if (count + 1) * 4 > slots.count * 3 { grow() }
        count += 1
        place(UInt64(hash) << 32 | UInt64(row + 1))
        return nil
    }

    /// The row with this name; nil if there is none. `field` returns where in `table()` a row's name is.
    func row(name: [UInt8], _ whole: CSV.Field, field: (Int) -> CSV.Field?, bytes table: () -> [UInt8]) -> Int? {
        find(Self.hash(name, whole), name, whole, field, table())
    }

    private func find(
        _ hash: UInt32, _ bytes: [UInt8], _ name: CSV.Field, _ field: (Int) -> CSV.Field?, _ table: [UInt8]
    ) -> Int? {
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            if UInt32(slots[slot] >> 32) == hash {
                let row = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if let other = field(row), Self.equal(bytes, name, table, other) { return row }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func place(_ word: UInt64) {
        var slot = Int(word >> 32) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = word
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for word in old where word != 0 { place(word) }
    }

    /// Names that differ only in how they are quoted have the same hash: doubled quotes count once.
    private static func hash(_ bytes: [UInt8], _ name: CSV.Field) -> UInt32 {
        var hasher = Hasher()
        if name.isEscaped {
            CSV.value(bytes, name).withUnsafeBytes { hasher.combine(bytes: $0) }
        } else {
            bytes.withUnsafeBytes { hasher.combine(bytes: .init(rebasing: $0[name.start..<name.end])) }
        }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }

    private static func equal(_ a: [UInt8], _ left: CSV.Field, _ b: [UInt8], _ right: CSV.Field) -> Bool {
        if left.isEscaped || right.isEscaped { return CSV.value(a, left) == CSV.value(b, right) }
        return a[left.start..<left.end] == b[right.start..<right.end]
    }
}
