import Errors
import Foundation
import GRDB

/// Reads the rows of a SQLite file page by page, without its header, schema or B-trees, any of which may be damaged.
///
/// Every page that looks like a leaf, or like an interior page of a table without rowid, is treated as one, and every
/// cell that its pointers reach is read separately. The records may be rows of any table, stale rows from free pages,
/// or nonsense: only a row's own check can tell. (Format: sqlite.org/fileformat2.html, sections 1.5 to 2.1.)
final class PageScan {
    struct Record {
        /// nil for a table without rowid.
        let rowID: Int64?
        let values: [DatabaseValue]
    }

    private static let logHeaderSize = 32
    private static let frameHeaderSize = 24
    private static let fileHeaderSize = 100
    private let data: Data
    private let log: Data
    private let pageSize: Int
    /// A page's number, and its offset in the log if `isLogged`, otherwise in the database file.
    private struct Page {
        let number: Int
        let offset: Int
        let isLogged: Bool
    }
    private var pages: [Page] = []
    /// For each page number, the offset in the log of the last page with that number.
    private var logged: [Int: Int] = [:]

    /// Page sizes that a database can have, the ledger's usual one first.
    static let pageSizes = [4096, 512, 1024, 2048, 8192, 16384, 32768, 65536]

    /// - Parameter path: path of the database, whose log is read too.
    /// - Throws: `LedgerError` if a file exists but cannot be read.
    init(path: String, pageSize: Int) throws {
        data = try Self.bytes(path)
        log = try Self.bytes(path + "-wal")
        self.pageSize = pageSize
        for number in 0..<data.count / pageSize {
            pages.append(Page(number: number + 1, offset: number * pageSize, isLogged: false))
        }
        let frame = Self.frameHeaderSize + pageSize
        for start in stride(from: Self.logHeaderSize, through: log.count - frame, by: frame) {
            let number = Int(Self.number(log, start, 4))
            logged[number] = start + Self.frameHeaderSize
            pages.append(Page(number: number, offset: start + Self.frameHeaderSize, isLogged: true))
        }
    }

    private static func bytes(_ path: String) throws -> Data {
        guard access(path, F_OK) == 0 else { return Data() }
        return try MappedData.of(path)
    }

    /// Whether a text occurs anywhere in the file or its log.
    func holds(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return [data, log].contains { bytes in
            bytes.withUnsafeBytes { raw in
                guard let base = raw.baseAddress, let first = wanted.first else { return false }
                var place = 0
                while place + wanted.count <= raw.count,
                    let found = memchr(base + place, Int32(first), raw.count - wanted.count + 1 - place)
                {
                    if memcmp(found, wanted, wanted.count) == 0 { return true }
                    place = UnsafeRawPointer(found) - base + 1
                }
                return false
            }
        }
    }

    /// Calls `body` with every record that can be decoded, those in the log last.
    func forEachRecord(_ body: (Record) throws -> Void) throws {
        for page in pages {
            let bytes = page.isLogged ? log : data
            try bytes.withUnsafeBytes { raw in
                let whole = UnsafeRawBufferPointer(rebasing: raw[page.offset..<page.offset + pageSize])
                try cells(whole, isFirst: page.number == 1, body)
            }
        }
    }

    private func cells(_ page: UnsafeRawBufferPointer, isFirst: Bool, _ body: (Record) throws -> Void) throws {
        let header = isFirst ? Self.fileHeaderSize : 0
        let kind = page[header]
        let (isTable, hasChild) = (kind == 0x0D, kind == 0x02)
        guard isTable || hasChild || kind == 0x0A else { return }
        let count = Int(page[header + 3]) << 8 | Int(page[header + 4])
        let pointers = header + (hasChild ? 12 : 8)
        for index in 0..<count {
            let place = pointers + 2 * index
            guard place + 2 <= page.count else { return }
            var start = Int(page[place]) << 8 | Int(page[place + 1])
            if hasChild { start += 4 }
            if let record = record(page, start, isTable: isTable) { try body(record) }
        }
    }

    private func record(_ page: UnsafeRawBufferPointer, _ start: Int, isTable: Bool) -> Record? {
        var place = start
        guard let size = Self.varint(page, &place), size > 0, size <= Int64(data.count + log.count) else { return nil }
        var rowID: Int64?
        if isTable {
            guard let id = Self.varint(page, &place) else { return nil }
            rowID = id
        }
        guard let payload = payload(page, place, Int(size), isTable: isTable) else { return nil }
        return payload.withUnsafeBytes { raw in Self.values(raw).map { Record(rowID: rowID, values: $0) } }
    }

    /// A record's bytes, including those on overflow pages; nil if any are missing.
    private func payload(_ page: UnsafeRawBufferPointer, _ start: Int, _ size: Int, isTable: Bool) -> [UInt8]? {
        let most = isTable ? pageSize - 35 : (pageSize - 12) * 64 / 255 - 23
        let least = (pageSize - 12) * 32 / 255 - 23
        var local = size
        if size > most {
            let rest = least + (size - least) % (pageSize - 4)
            local = rest <= most ? rest : least
        }
        guard start + local <= page.count else { return nil }
        var bytes = [UInt8](page[start..<start + local])
        if local == size { return bytes }
        guard start + local + 4 <= page.count else { return nil }
        var next = (0..<4).reduce(0) { $0 << 8 | Int(page[start + local + $1]) }
        while bytes.count < size {
            guard let more = overflow(next) else { return nil }
            let count = min(size - bytes.count, pageSize - 4)
            bytes += more.bytes.prefix(count)
            next = more.next
        }
        return bytes
    }

    private func overflow(_ number: Int) -> (next: Int, bytes: Data)? {
        let (source, offset): (Data, Int)
        if let place = logged[number] {
            (source, offset) = (log, place)
        } else {
            guard number > 0, number * pageSize <= data.count else { return nil }
            (source, offset) = (data, (number - 1) * pageSize)
        }
        return (Int(Self.number(source, offset, 4)), source[offset + 4..<offset + pageSize])
    }

    /// The values of a record; nil if its header does not match its bytes.
    private static func values(_ bytes: UnsafeRawBufferPointer) -> [DatabaseValue]? {
        var place = 0
        guard let length = varint(bytes, &place), length <= bytes.count, length >= place else { return nil }
        var body = Int(length)
        var values: [DatabaseValue] = []
        while place < Int(length) {
            guard let type = varint(bytes, &place), place <= Int(length), type >= 0 else { return nil }
            let sizes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0]
            guard type < 10 || type >= 12, type / 2 <= Int64(bytes.count) + 6 else { return nil }
            let size = type < 10 ? sizes[Int(type)] : (Int(type) - 12) / 2
            guard body + size <= bytes.count else { return nil }
            let field = UnsafeRawBufferPointer(rebasing: bytes[body..<body + size])
            body += size
            switch type {
            case 0: values.append(.null)
            case 1...6: values.append(integer(field).databaseValue)
            case 7: values.append(Double(bitPattern: UInt64(bitPattern: integer(field))).databaseValue)
            case 8, 9: values.append((type - 8).databaseValue)
            default:
                if type % 2 == 0 {
                    values.append(Data(field).databaseValue)
                } else {
                    // A text that is not UTF-8 was never written.
                    guard let text = String(validating: field, as: UTF8.self) else { return nil }
                    values.append(text.databaseValue)
                }
            }
        }
        return body == bytes.count ? values : nil
    }

    /// A big-endian integer in two's complement.
    private static func integer(_ field: UnsafeRawBufferPointer) -> Int64 {
        guard let first = field.first else { return 0 }
        return field.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    private static func number(_ data: Data, _ offset: Int, _ count: Int) -> UInt64 {
        data[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A SQLite varint of one to nine bytes; nil if the bytes end too early.
    private static func varint(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) -> Int64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 { return Int64(bitPattern: value) }
        }
        return nil
    }
}
