import Errors
import Files
import Glibc

/// Checks that a shared library is all there before the loader maps it. Where a file ends before what its headers
/// promise, the loader would read beyond its end, for which the system ends the process.
package enum ELFCheck {
    private static let headerSize = 64
    private static let segmentSize = 56

    /// - Throws: `ForeignEngineError` if it cannot be read, is no regular file, is no 64-bit library, or is cut short.
    package static func run(_ path: String) throws {
        // Opening a named pipe would wait for its writer.
        let file = FileSystem.withBytes(path) { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard file >= 0 else { throw error(path, SystemReason.text(errno)) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw error(path, SystemReason.text(errno)) }
        guard FileSystem.kind(status.st_mode) == .file else {
            throw error(path, "found a folder, a pipe or a device, expected a file")
        }
        let size = UInt64(max(0, status.st_size))
        let header = read(file, at: 0, count: headerSize)
        // The mark, 64 bits, the lower byte first.
        guard header.count == headerSize, header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]),
            number(header[54..<56]) == UInt64(segmentSize)
        else { throw error(path, "found a file of \(size) bytes that is no library, expected a 64-bit ELF file") }
        let segments = (start: number(header[32..<40]), count: number(header[56..<58]))
        let sections = (start: number(header[40..<48]), size: number(header[58..<60]), count: number(header[60..<62]))
        var needed = end(segments.start, segments.count * UInt64(segmentSize))
        // A library may be stripped of its table of sections. The table's count is 0 if it does not fit its field.
        if sections.start > 0 { needed = max(needed, end(sections.start, sections.size * max(1, sections.count))) }
        try require(needed, size, path)
        let table = read(file, at: Int(segments.start), count: Int(segments.count) * segmentSize)
        for place in stride(from: 0, to: table.count, by: segmentSize) where place + segmentSize <= table.count {
            let isUsed = number(table[place..<place + 4]) != 0
            let (start, length) = (number(table[place + 8..<place + 16]), number(table[place + 32..<place + 40]))
            if isUsed { needed = max(needed, end(start, length)) }
        }
        try require(needed, size, path)
    }

    private static func require(_ needed: UInt64, _ size: UInt64, _ path: String) throws {
        if needed > size {
            throw error(path, "found \(size) bytes, expected \(needed) or more by its own headers: it is cut short")
        }
    }

    private static func error(_ path: String, _ reason: String) -> ForeignEngineError {
        ForeignEngineError(.badInput, place: ErrorPlace(path), "cannot be opened: \(reason)")
    }

    /// The number whose bytes these are, the lowest first.
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    /// Where something ends; the largest number if that is beyond all files.
    private static func end(_ start: UInt64, _ size: UInt64) -> UInt64 {
        let (end, isTooLarge) = start.addingReportingOverflow(size)
        return isTooLarge ? .max : end
    }

    /// The bytes at a place, fewer where the file ends or cannot be read.
    private static func read(_ file: Int32, at offset: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress.map { $0 + done }, count - done, offset + done)
            }
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { break }
            done += got
        }
        return Array(bytes.prefix(done))
    }
}
