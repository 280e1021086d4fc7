import Errors
import Files
import Foundation
import TestSupport
import Testing

/// Regular files read block by block, whatever happens to them meanwhile, and what is refused at once.
@Suite struct FileBlocksTests {
    @Test("The blocks are the file's bytes, and their digest is its SHA-256", arguments: [0, 1, 262_144, 700_001])
    func blocks(size: Int) throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = try folder.put("a", bytes)
        var hash = SHA256()
        try FileSystem.readBlocks(path) { hash.update($0) }
        #expect(hash.finish() == SHA256.of(bytes))
        #expect(try FileSystem.readFile(path) == bytes)
    }

    @Test("A file that is cut short while it is read ends early")
    func shrinks() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("a", [UInt8](repeating: 7, count: 3_000_000))
        var count = 0
        try FileSystem.readBlocks(path) { block in
            if count == 0 { #expect(truncate(path, 100) == 0) }
            count += block.count
        }
        #expect(count > 0 && count < 3_000_000)
    }

    @Test("A pipe, a device and a folder are refused at once", .timeLimit(.minutes(1)))
    func others() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, "/dev/zero", folder.path] {
            for text in [
                message { _ = try MappedFile(path: path) }, message { try FileSystem.readBlocks(path) { _ in } },
            ] {
                #expect(text?.hasPrefix("\(path): found a ") == true && text?.hasSuffix("expected a file") == true)
            }
        }
        let missing = #expect(throws: FileError.self) { try FileSystem.readFile(folder.path + "/none") }
        #expect(missing?.code == ENOENT && missing?.category == .badInput)
    }
}
