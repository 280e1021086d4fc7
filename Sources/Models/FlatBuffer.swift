/// A reader of the tables and vectors of a FlatBuffers file. The bytes are not trusted: every access is checked.
struct FlatBuffer {
    /// An error that says where the bytes do not hold what was asked for.
    struct Malformed: Error {
        let offset: Int
    }

    /// A table, whose vtable gives the positions of its fields.
    struct Table {
        /// Where it begins in the file.
        let start: Int
        fileprivate let size: Int
        fileprivate let vtable: Int
        fileprivate let vtableSize: Int
    }

    /// A vector: its length, then its elements.
    struct Vector {
        let count: Int
        fileprivate let start: Int
    }

    let bytes: UnsafeRawBufferPointer

    func scalar<T: FixedWidthInteger>(_ offset: Int, as type: T.Type = T.self) throws -> T {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<T>.size else { throw Malformed(offset: offset) }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The four characters that identify the file's format.
    var identifier: String {
        bytes.count < 8 ? "" : String(decoding: bytes[4..<8], as: UTF8.self)
    }

    func root() throws -> Table { try table(at: Int(scalar(0, as: UInt32.self))) }

    /// The offset of a field, or nil if the table leaves it out.
    ///
    /// - Parameter width: the field's size in bytes, which is also its alignment.
    private func place(_ table: Table, _ field: Int, width: Int = 4) throws -> Int? {
        let entry = 4 + 2 * field
        guard entry + 2 <= table.vtableSize else { return nil }
        let offset = Int(try scalar(table.vtable + entry, as: UInt16.self))
        if offset == 0 { return nil }
        guard offset + width <= table.size, (table.start + offset) % width == 0 else {
            throw Malformed(offset: table.vtable + entry)
        }
        return table.start + offset
    }

    /// Whether a table has a field.
    func has(_ table: Table, _ field: Int) throws -> Bool { try place(table, field, width: 1) != nil }

    /// The number in a field, or `value`, the schema's default, if the table leaves the field out.
    func integer<T: FixedWidthInteger>(_ table: Table, _ field: Int, default value: T) throws -> T {
        guard let at = try place(table, field, width: MemoryLayout<T>.size) else { return value }
        return try scalar(at)
    }

    func table(_ parent: Table, _ field: Int) throws -> Table? {
        guard let at = try place(parent, field) else { return nil }
        return try table(at: at + Int(scalar(at, as: UInt32.self)))
    }

    /// The vector in a field, or an empty one if the table leaves the field out.
    func vector(_ parent: Table, _ field: Int, elementSize: Int) throws -> Vector {
        guard let at = try place(parent, field) else { return Vector(count: 0, start: 0) }
        let start = at + Int(try scalar(at, as: UInt32.self))
        let count = Int(try scalar(start, as: UInt32.self))
        let (size, overflow) = count.multipliedReportingOverflow(by: elementSize)
        guard !overflow, size <= bytes.count - start - 4, start % 4 == 0, (start + 4) % min(elementSize, 8) == 0 else {
            throw Malformed(offset: start)
        }
        return Vector(count: count, start: start + 4)
    }

    func tables(_ parent: Table, _ field: Int) throws -> [Table] {
        let vector = try vector(parent, field, elementSize: 4)
        return try (0..<vector.count).map { index in
            let at = vector.start + 4 * index
            return try table(at: at + Int(scalar(at, as: UInt32.self)))
        }
    }

    func integers<T: FixedWidthInteger>(_ parent: Table, _ field: Int, as type: T.Type) throws -> [T] {
        let size = MemoryLayout<T>.size
        let vector = try vector(parent, field, elementSize: size)
        return try (0..<vector.count).map { try scalar(vector.start + size * $0) }
    }

    /// The bytes of a vector of bytes.
    func data(_ parent: Table, _ field: Int) throws -> UnsafeRawBufferPointer {
        let vector = try vector(parent, field, elementSize: 1)
        return UnsafeRawBufferPointer(rebasing: bytes[vector.start..<vector.start + vector.count])
    }

    /// A text: a vector of bytes and a zero behind it.
    func text(_ parent: Table, _ field: Int) throws -> String {
        let vector = try vector(parent, field, elementSize: 1)
        guard vector.start > 0 else { return "" }
        let end = vector.start + vector.count
        guard try scalar(end, as: UInt8.self) == 0 else { throw Malformed(offset: end) }
        return String(decoding: bytes[vector.start..<end], as: UTF8.self)
    }

    private func table(at start: Int) throws -> Table {
        let vtable = start - Int(try scalar(start, as: Int32.self))
        let entries = Int(try scalar(vtable, as: UInt16.self))
        let size = Int(try scalar(vtable + 2, as: UInt16.self))
        guard start % 4 == 0, vtable % 2 == 0, entries >= 4, entries % 2 == 0, vtable + entries <= bytes.count,
            size >= 4,
            start + size <= bytes.count
        else { throw Malformed(offset: vtable) }
        for entry in stride(from: 4, to: entries, by: 2) {
            let offset = Int(try scalar(vtable + entry, as: UInt16.self))
            guard offset == 0 || (4..<size).contains(offset) else { throw Malformed(offset: vtable + entry) }
        }
        return Table(start: start, size: size, vtable: vtable, vtableSize: entries)
    }
}
