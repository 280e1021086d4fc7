import Files
import Foundation
import Shards
import TestSupport
import Testing

/// Reading shards: what is no file, what the system refuses, and what stays in memory.
@Suite struct MappedShardTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    private func shard(_ path: String, rows: Int, columns: Int = 64) throws {
        let writer = try ShardWriter(path: path, dtype: .float32, columns: columns)
        try writer.beginClip()
        let block = [Float](repeating: 0.25, count: 1000 * columns)
        for start in stride(from: 0, to: rows, by: 1000) {
            try block.withUnsafeBufferPointer {
                try writer.append(UnsafeBufferPointer(rebasing: $0[..<(min(1000, rows - start) * columns)]))
            }
        }
        _ = try writer.endClip()
        _ = try writer.seal()
    }

    @Test("A pipe, a folder and a device in a shard's place are refused at once")
    func noFile() throws {
        let header = NumpyHeader(dtype: .float32, rows: 1, columns: 1)
        #expect(mkfifo(folder + "/pipe.npy", 0o644) == 0)
        try FileManager.default.createDirectory(atPath: folder + "/folder.npy", withIntermediateDirectories: true)
        for path in [folder + "/pipe.npy", folder + "/folder.npy", "/dev/null", "/dev/zero"] {
            for read in [
                { _ = try MappedShard(path: path) }, { _ = try MappedShard(path: path, salvagedBy: header) },
                { _ = try Checksum.ofFile(path) }, { _ = try ShardMender.mend(path: path, header: header) },
            ] as [() throws -> Void] {
                let error = #expect(throws: FileError.self) { try read() }
                #expect(error.map { "\($0)".contains(path) } == true)
            }
        }
        // The writer's own name for it, as a run takes it over.
        #expect(mkfifo(folder + "/b.npy.partial", 0o644) == 0)
        #expect(throws: FileError.self) {
            try ShardWriter(path: folder + "/b.npy", dtype: .float32, columns: 1, keepingRows: 1)
        }
    }

    @Test("A mapping that fails for lack of memory is the system's fault, one of a short file is the shard's")
    func shortage() throws {
        try shard(folder + "/a.npy", rows: 10)
        for (code, isShortage) in [(ENOMEM, true), (EAGAIN, true), (EACCES, false), (ENODEV, false)] {
            var files = FileOperations.system
            files.map = { _, _ in
                errno = code
                return nil
            }
            let error = #expect(throws: FileError.self) { try MappedShard(path: folder + "/a.npy", files: files) }
            #expect(error?.code == code && error?.isShortage == isShortage)
        }
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/short.npy"))
        let error = #expect(throws: FileError.self) { try MappedShard(path: folder + "/short.npy") }
        #expect(error?.isShortage == false)
    }

    /// Bytes of a file that this process has in memory by its mappings.
    private func resident(_ path: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
        var isFile = false
        var bytes = 0
        for line in text.split(separator: "\n") {
            if line.contains("-"), !line.hasPrefix("VmFlags"), line.split(separator: " ").count >= 5 {
                isFile = line.hasSuffix(path)
            } else if isFile, line.hasPrefix("Rss:") {
                bytes += (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
            }
        }
        return bytes
    }

    @Test("Rows that were read do not stay in memory, read in steps or digested at once")
    func resident() throws {
        let path = (realpath(folder, nil).map { String(cString: $0) } ?? folder) + "/long.npy"
        let rows = 220_000
        try shard(path, rows: rows)
        let mapped = try MappedShard(path: path)
        #expect(mapped.fileSize > 50 << 20)
        let whole = try mapped.digest(0, rows)
        #expect(try resident(path) < 8 << 20)
        var values = [Float](repeating: 0, count: 1000 * 64)
        var most = 0
        for first in stride(from: 0, to: rows, by: 1000) {
            try mapped.floats(first, 1000, to: &values)
            if first % 20_000 == 0 { most = max(most, try resident(path)) }
        }
        #expect(most < 8 << 20 && values.allSatisfy { $0 == 0.25 })
        #expect(try mapped.digest(0, rows) == whole && Checksum.ofFile(path, from: NumpyHeader.size) == whole)
        withExtendedLifetime(mapped) {}
    }
}
