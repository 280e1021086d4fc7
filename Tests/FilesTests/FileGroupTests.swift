import Files
import Foundation
import TestSupport
import Testing

/// Files that belong together.
struct FileGroupTests {
    @Test("All are written, or none, and nothing else is left")
    func allOrNone() throws {
        let folder = try TemporaryFolder()
        func files(_ last: String) -> [(path: String, bytes: [UInt8])] {
            [("a", "1"), ("b", "2"), (last, "3")].map { (folder.path + "/" + $0.0, Array($0.1.utf8)) }
        }
        func texts() throws -> [String: String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path).reduce(into: [:]) {
                $0[$1] = try String(contentsOfFile: folder.path + "/" + $1, encoding: .utf8)
            }
        }
        // The last one's folder is missing: the others, which could be written, are not there either.
        #expect(throws: FileError.self) { try FileSystem.write(together: files("none/c")) }
        #expect(try texts().isEmpty)
        try FileSystem.write(together: files("c"))
        #expect(try texts() == ["a": "1", "b": "2", "c": "3"])
        try Data("old".utf8).write(to: URL(fileURLWithPath: folder.path + "/a"))
        #expect(throws: FileError.self) { try FileSystem.write(together: files("none/c")) }
        #expect(try texts() == ["a": "old", "b": "2", "c": "3"])
        // A link stays, and its target is written.
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link", withDestinationPath: folder.path + "/a")
        try FileSystem.write(together: [(folder.path + "/link", Array("4".utf8))])
        #expect(try texts()["a"] == "4")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/link") == folder.path + "/a")
    }
}
