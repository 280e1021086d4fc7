import Files

/// The header of a NumPy `.npy` file, format version 1.0.
///
/// Layout: `\x93NUMPY`, version 1 0, header length as 16 bits little-endian, then a Python dictionary with `descr`,
/// `fortran_order` and `shape`, padded with spaces to end in a newline on a multiple of 64 bytes. Headers written by
/// Earmark are always `size` bytes long, so that they can be overwritten with the final shape when the shard is sealed.
package struct NumpyHeader: Sendable, Equatable {
    /// Bytes before the first row.
    package static let size = 128

    /// Number format of the rows.
    package let dtype: ShardDType
    package let rows: Int
    /// 1 for a one-dimensional file.
    package let columns: Int
    /// Where rows begin in the file that was read; `size` in files written by Earmark.
    package let dataOffset: Int

    package init(dtype: ShardDType, rows: Int, columns: Int) {
        self.dtype = dtype
        self.rows = rows
        self.columns = columns
        dataOffset = Self.size
    }

    /// The header's bytes.
    package var bytes: [UInt8] {
        let shape = columns == 1 ? "(\(rows),)" : "(\(rows), \(columns))"
        var text = Array("{'descr': '\(dtype.numpyName)', 'fortran_order': False, 'shape': \(shape), }".utf8)
        text += [UInt8](repeating: 0x20, count: Self.size - 10 - text.count - 1)
        text.append(0x0A)
        let length = text.count
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + text
    }

    /// Reads a header from a file's first bytes. Accepts what NumPy itself writes for the three dtypes, in C order.
    ///
    /// - Parameter bytes: at least the whole header; more does no harm.
    /// - Throws: `FileError` naming the byte, what was found and what was expected.
    package init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
        guard bytes.count >= 10, bytes.prefix(6).elementsEqual(magic) else {
            throw FileError(path: path, "not a NumPy file: expected it to begin with \\x93NUMPY", byte: 0)
        }
        guard bytes[6] == 1 else {
            throw FileError(path: path, "found .npy version \(bytes[6]).\(bytes[7]), expected 1.0", byte: 6)
        }
        let length = Int(bytes[8]) | Int(bytes[9]) << 8
        guard 10 + length <= bytes.count, length <= 4096 else {
            throw FileError(
                path: path, "the header says it is \(length) bytes long, found \(bytes.count - 10)", byte: 8)
        }
        let text = String(decoding: bytes[10..<10 + length], as: UTF8.self)
        guard let name = Self.quoted(after: "'descr':", in: text), let dtype = ShardDType(numpyName: name) else {
            throw FileError(path: path, "found no 'descr' of <f4, <f2 or <i2 in \(Self.shown(text))", byte: 10)
        }
        guard text.contains("'fortran_order': False") else {
            throw FileError(path: path, "expected 'fortran_order': False in \(Self.shown(text))", byte: 10)
        }
        guard let shape = Self.shape(in: text) else {
            throw FileError(path: path, "found no 'shape' of one or two dimensions in \(Self.shown(text))", byte: 10)
        }
        self.dtype = dtype
        rows = shape.rows
        columns = shape.columns
        dataOffset = 10 + length
    }

    /// Bytes of one row.
    package var rowSize: Int { columns * dtype.size }

    private static func shown(_ text: String) -> String {
        let line = text.prefix(100).filter { !$0.isNewline }
        return "'" + line.trimmingTrailingSpaces + "'"
    }

    private static func quoted(after key: String, in text: String) -> String? {
        guard let range = text.firstRange(of: key) else { return nil }
        let parts = text[range.upperBound...].split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? String(parts[1]) : nil
    }

    private static func shape(in text: String) -> (rows: Int, columns: Int)? {
        guard let key = text.firstRange(of: "'shape':"),
            let open = text[key.upperBound...].firstIndex(of: "("),
            let close = text[open...].firstIndex(of: ")")
        else { return nil }
        let inside = text[text.index(after: open)..<close]
        let numbers = inside.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        let values = numbers.compactMap { Int($0) }
        guard values.count == numbers.count, values.allSatisfy({ $0 >= 0 }) else { return nil }
        switch values.count {
        case 1: return (values[0], 1)
        case 2 where values[1] > 0:
            let (elements, overflow) = values[0].multipliedReportingOverflow(by: values[1])
            return overflow || elements > Int.max / 8 ? nil : (values[0], values[1])
        default: return nil
        }
    }
}

extension StringProtocol {
    fileprivate var trimmingTrailingSpaces: String {
        var text = String(self)
        while text.last == " " { text.removeLast() }
        return text
    }
}
