import Files
import Foundation
import Shards
import TestSupport
import Testing

@Suite struct SealTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    private func append(_ values: [Float], to writer: ShardWriter) throws -> Extent {
        try writer.beginClip()
        try values.withUnsafeBufferPointer { try writer.append($0) }
        return try writer.endClip()
    }

    @Test func aSealedShardMayBeSyncedAgain() throws {
        let writer = try ShardWriter(path: folder + "/a.npy", dtype: .float32, columns: 2)
        _ = try append([1, 2, 3, 4], to: writer)
        _ = try writer.seal()
        try writer.sync()
    }

    @Test func clipsComeBackAndAbandonedOnesLeaveNothing() throws {
        let path = folder + "/a.npy"
        let writer = try ShardWriter(path: path, dtype: .float32, columns: 2)
        let first = try append([1, 2, 3, 4], to: writer)
        // Longer than the writer's buffer, so that part of it is in the file already.
        try writer.beginClip()
        try [Float](repeating: 9, count: 600_000).withUnsafeBufferPointer { try writer.append($0) }
        try writer.abandonClip()
        let second = try append([5, 6], to: writer)
        let sealed = try writer.seal()
        #expect(sealed.rows == 3 && sealed.bytes == NumpyHeader.size + 24)
        #expect(try Checksum.ofFile(path, from: NumpyHeader.size) == sealed.digest)
        let shard = try MappedShard(path: path)
        var values = [Float](repeating: 0, count: 6)
        try shard.floats(0, 3, to: &values)
        #expect(values == [1, 2, 3, 4, 5, 6])
        #expect(try shard.digest(first.firstRow, first.rowCount) == first.digest)
        #expect(try shard.digest(second.firstRow, second.rowCount) == second.digest)
        #expect(throws: FileError.self) { try shard.rows(2, 2) }
    }

    @Test func whatTheLedgerDoesNotKnowIsCutOff() throws {
        let path = folder + "/a.npy"
        do {
            let writer = try ShardWriter(path: path, dtype: .int16, columns: 1)
            _ = try append([0.5, -0.5, 1], to: writer)
            _ = try append([0.25], to: writer)
            try writer.sync()
        }
        let again = try ShardWriter(path: path, dtype: .int16, columns: 1, keepingRows: 3)
        _ = try append([-1], to: again)
        _ = try again.seal()
        var values = [Float](repeating: 0, count: 4)
        try MappedShard(path: path).floats(0, 4, to: &values)
        #expect(values == [0.5, -0.5, 32767.0 / 32768, -1])
        #expect(throws: FileError.self) {
            try ShardWriter(path: folder + "/none.npy", dtype: .int16, columns: 1, keepingRows: 3)
        }
    }

    @Test func theFoldersNameIsSyncedBeforeAnyRow() throws {
        var files = FileOperations.system
        files.fsync = { file in
            if !isFolder(file) { return fsync(file) }
            errno = EIO
            return -1
        }
        let error = #expect(throws: FileError.self) {
            _ = try ShardWriter(path: folder + "/a.npy", dtype: .float32, columns: 1, files: files)
        }
        #expect(error?.code == EIO && error?.path == folder)
    }

    @Test func aDamagedHeaderIsMendedAndRowsStay() throws {
        let path = folder + "/a.npy"
        let writer = try ShardWriter(path: path, dtype: .float32, columns: 2)
        let extent = try append([1, 2, 3, 4], to: writer)
        let sealed = try writer.seal()
        let header = NumpyHeader(dtype: .float32, rows: 2, columns: 2)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for place in [0, 7, 8, 20, 60, 127] { bytes[place] ^= 0x41 }
        try Data(bytes + [1, 2, 3]).write(to: URL(fileURLWithPath: path))
        #expect(throws: FileError.self) { try MappedShard(path: path) }
        let salvaged = try MappedShard(path: path, salvagedBy: header)
        #expect(try salvaged.digest(extent.firstRow, extent.rowCount) == extent.digest)
        #expect(salvaged.headerBytes != header.bytes && salvaged.fileSize == sealed.bytes + 3)
        #expect(try ShardMender.mend(path: path, header: header) == sealed.digest)
        #expect(try MappedShard(path: path).header == header)
        // A file that lacks rows is not made longer.
        try Data(bytes.prefix(140)).write(to: URL(fileURLWithPath: path))
        #expect(try MappedShard(path: path, salvagedBy: header).header.rows == 1)
        #expect(throws: FileError.self) { try ShardMender.mend(path: path, header: header) }
    }

    /// Each of these calls fails once; the fault is reported with its number and the writer is of no more use.
    @Test(arguments: ["pwrite", "fdatasync", "fsync", "rename"])
    func aFaultOfTheDiskIsReported(call: String) throws {
        var files = FileOperations.system
        switch call {
        case "pwrite":
            files.pwrite = { file, bytes, count, offset in
                if offset == 0 { return pwrite(file, bytes, count, offset) }
                errno = ENOSPC
                return -1
            }
        case "fdatasync":
            files.fdatasync = { _ in
                errno = EIO
                return -1
            }
        case "fsync":
            files.fsync = { file in
                // The folder's, when the file is made, goes well.
                if isFolder(file) { return fsync(file) }
                errno = EIO
                return -1
            }
        default:
            files.rename = { _, _ in
                errno = EIO
                return -1
            }
        }
        let writer = try ShardWriter(path: folder + "/a.npy", dtype: .float32, columns: 1, files: files)
        let error = #expect(throws: FileError.self) {
            _ = try append([1], to: writer)
            try writer.sync()
            _ = try writer.seal()
        }
        #expect(error?.code == (call == "pwrite" ? ENOSPC : EIO))
        #expect(error?.isOutOfSpace == (call == "pwrite"))
        #expect(throws: FileError.self) { try writer.sync() }
        #expect(access(folder + "/a.npy", F_OK) != 0)
    }

    @Test(arguments: [
        "", "\u{93}NUMPY", "hello world, this is no numpy file at all",
    ])
    func whatIsNoNumpyFileIsRefused(text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/a.npy"))
        #expect(throws: FileError.self) { try MappedShard(path: folder + "/a.npy") }
    }

    @Test(arguments: [
        ("(3, 2)", "(3, 3)"), ("(3, 2)", "(-3, 2)"), ("(3, 2)", "(9223372036854775807, 2)"), ("'<f4'", "'<f8'"),
        ("False", "True "), ("(3, 2)", "(3, 2, 1)"),
    ])
    func aHeaderThatDoesNotFitIsRefused(from: String, to: String) throws {
        let path = folder + "/a.npy"
        let writer = try ShardWriter(path: path, dtype: .float32, columns: 2)
        _ = try append([1, 2, 3, 4, 5, 6], to: writer)
        _ = try writer.seal()
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let place = try #require(bytes.firstRange(of: Array(from.utf8)))
        let padding = bytes[..<128].lastIndex { $0 != 0x20 && $0 != 0x0A } ?? 0
        let tail = Array(bytes[place.upperBound...padding])
        let changed = Array(to.utf8) + tail
        bytes.replaceSubrange(place.lowerBound..<min(128, place.lowerBound + changed.count), with: changed)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(throws: FileError.self) { try MappedShard(path: path) }
    }

    static let python: String? = ["python3", "/usr/bin/python3"].first { run($0, ["-c", "import numpy"]) == 0 }

    private static func run(_ program: String, _ arguments: [String]) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(
        .enabled(if: python != nil, "needs Python 3 with NumPy, and found none on the PATH or as /usr/bin/python3"),
        arguments: ShardDType.allCases)
    func numpyReadsIt(dtype: ShardDType) throws {
        let columns = dtype == .int16 ? 1 : 2
        let writer = try ShardWriter(path: folder + "/a.npy", dtype: dtype, columns: columns)
        _ = try append([0.5, -0.25, 0.125, 1, -1, 0], to: writer)
        _ = try writer.seal()
        let script = """
            import sys, numpy as np
            a = np.load(sys.argv[1], mmap_mode="r")
            assert isinstance(a, np.memmap) and a.dtype.str == sys.argv[2], a.dtype
            scale = 1 if sys.argv[2] != "<i2" else 32768
            want = np.array([0.5, -0.25, 0.125, 1, -1, 0]) * scale
            want = np.minimum(want, 32767) if scale != 1 else want.reshape(3, 2)
            assert a.shape == want.shape and (a == want).all(), a
            """
        #expect(Self.run(Self.python ?? "", ["-c", script, folder + "/a.npy", dtype.numpyName]) == 0)
    }

    @Test func samplesRoundAlikeByEightsAndOneByOne() {
        var values: [Float] = [0, 1, -1, 2, -2, .nan, .infinity, -.infinity, 0.5 / 32768, 1.5 / 32768, -0.5 / 32768]
        for index in 0..<1000 { values.append(Float(index) * 0.0021 - 1.05) }
        var rounded: [Float] = []
        values.withUnsafeBufferPointer { ShardDType.int16.round($0, into: &rounded) }
        var encoded = [Int16](repeating: 0, count: values.count)
        values.withUnsafeBufferPointer { source in
            _ = encoded.withUnsafeMutableBytes { ShardDType.int16.encode(source, to: $0.baseAddress!) }
        }
        #expect(encoded.map { Float($0) / 32768 } == rounded)
        // One by one and by eights, wherever the values begin.
        let beyond = { (value: Float) in value * 32768 > 32767.5 || value * 32768 < -32768.5 }
        for start in 0..<16 {
            for count in [0, 1, 7, 8, 9, 500, values.count - start] {
                let part = values[start..<start + count]
                let clipped = Array(part).withUnsafeBufferPointer { source in
                    encoded.withUnsafeMutableBytes { ShardDType.int16.encode(source, to: $0.baseAddress!) }
                }
                #expect(clipped == part.filter(beyond).count)
            }
        }
        values.withUnsafeBufferPointer { source in
            _ = encoded.withUnsafeMutableBytes { ShardDType.int16.encode(source, to: $0.baseAddress!) }
        }
        #expect(encoded[3] == 32767 && encoded[4] == -32768 && encoded[5] == 0 && encoded[8] == 0 && encoded[9] == 2)
    }
}

private func isFolder(_ file: Int32) -> Bool {
    var status = stat()
    return fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
