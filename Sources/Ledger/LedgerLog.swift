import Foundation
import Wording

/// Reads the ledger's write-ahead log as SQLite does, and reports if SQLite would stop too early.
///
/// SQLite takes the first frame whose check fails for the end of the log, so a flipped byte silently undoes every later
/// commit. A commit of the same log after the broken frame reveals it. (Format: sqlite.org/fileformat2.html, section
/// 4.)
package enum LedgerLog {
    private static let headerSize = 32
    private static let frameHeaderSize = 24

    /// What is wrong with the log next to a ledger; nil if the log is sound, empty, missing or unreadable.
    ///
    /// - Parameters:
    ///   - path: path of the ledger.
    ///   - looks: how many times to read a damaged log, 50 ms apart. A run may be writing to it: a frame that was only
    ///     half written is whole at a later look, while damage stays.
    package static func damage(beside path: String, looks: Int = 3) -> String? {
        var found = look(path)
        for _ in 1..<max(1, looks) {
            if found == nil { break }
            usleep(50_000)
            found = look(path)
        }
        return found
    }

    private static func look(_ path: String) -> String? {
        var status = stat()
        guard stat(path + "-wal", &status) == 0, status.st_size >= headerSize,
            let data = try? MappedData.of(path + "-wal"),
            data.count >= headerSize
        else { return nil }
        return data.withUnsafeBytes { look($0, path + "-wal") }
    }

    private static func look(_ bytes: UnsafeRawBufferPointer, _ path: String) -> String? {
        func word(_ at: Int) -> UInt32 { UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)) }
        let magic = word(0)
        let isBig = magic & 1 == 1
        var sum: (UInt32, UInt32) = (0, 0)
        func add(_ range: Range<Int>) {
            for at in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                let first = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
                let second = bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
                sum.0 &+= (isBig ? UInt32(bigEndian: first) : UInt32(littleEndian: first)) &+ sum.1
                sum.1 &+= (isBig ? UInt32(bigEndian: second) : UInt32(littleEndian: second)) &+ sum.0
            }
        }
        add(0..<24)
        let page = Int(word(8))
        guard magic & ~1 == 0x377f_0682, sum == (word(24), word(28)), (512...65_536).contains(page),
            page & (page - 1) == 0
        else {
            return
                "\(path): byte 0: the log's header is not what was written; what it recorded is lost, its clips are pending"
        }
        let size = frameHeaderSize + page
        let salts = (word(16), word(20))
        var broken: Int?
        var lost = 0
        for start in stride(from: headerSize, through: bytes.count - size, by: size) {
            let isOfThisLog = (word(start + 8), word(start + 12)) == salts
            let isCommit = word(start + 4) != 0
            if broken == nil {
                add(start..<start + 8)
                add(start + frameHeaderSize..<start + size)
                if !isOfThisLog || sum != (word(start + 16), word(start + 20)) { broken = start }
                if broken == nil { continue }
            }
            if isOfThisLog, isCommit { lost += 1 }
        }
        guard let broken, lost > 0 else { return nil }
        return
            "\(path): byte \(broken): a page of the log is not what was written; \(counted(lost, "commit")) from there on \(lost == 1 ? "is" : "are") lost, "
            + "their clips are pending"
    }
}
