import Errors
import Files
import Foundation
import TestSupport
import Testing

/// Copies, removals and writes, and what is said where they fail.
@Suite struct FileSystemTests {
    private func thrown(_ body: () throws -> Void) -> FileError? {
        do {
            try body()
            return nil
        } catch {
            #expect(error is FileError, "\(error)")
            return error as? FileError
        }
    }

    @Test("A copy has the same bytes and is its owner's alone", arguments: [0, 1, 262_144, 262_145, 700_001])
    func copies(size: Int) throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try folder.put("a", bytes)
        try FileSystem.copy(folder.path + "/a", to: folder.path + "/b")
        #expect(try folder.bytes(folder.path + "/b") == bytes)
        var status = stat()
        #expect(stat(folder.path + "/b", &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(thrown { try FileSystem.copy(folder.path + "/a", to: folder.path + "/b") }?.code == EEXIST)
        let missing = try #require(thrown { try FileSystem.copy(folder.path + "/none", to: folder.path + "/c") })
        #expect(missing.path == folder.path + "/none" && missing.code == ENOENT && missing.category == .inputOutput)
        #expect(thrown { try FileSystem.copy(folder.path, to: folder.path + "/d") }?.code == EISDIR)
    }

    @Test("A folder goes with all in it, a link without what it leads to, and nothing is no fault")
    func removes() throws {
        let folder = try TemporaryFolder()
        for name in ["kept/file", "a/b/c/file", "a/other"] { try folder.put(name, "x") }
        try folder.link("a/out", to: folder.path + "/kept")
        try folder.link("link", to: "kept")
        try FileSystem.remove(folder.path + "/a")
        try FileSystem.remove(folder.path + "/link")
        try FileSystem.remove(folder.path + "/none")
        #expect(try FileSystem.list(folder.path).map(\.name) == ["kept"])
        #expect(try folder.read("kept/file") == "x")
        let fault = try #require(thrown { try FileSystem.remove("/proc/self/maps") })
        #expect(fault.path == "/proc/self/maps" && fault.code != nil && fault.category == .inputOutput)
    }

    @Test(
        "A write that fails names the path as it was given, though a link leads elsewhere, and keeps the system's reason"
    )
    func writes() throws {
        let folder = try TemporaryFolder()
        try folder.put("file", "x")
        try folder.link("link", to: "file/below")
        try folder.link("round", to: "round")
        for (name, code) in [("link", ENOTDIR), ("round", ELOOP), ("none/file", ENOENT), ("file/x", ENOTDIR)] {
            let path = folder.path + "/" + name
            let fault = try #require(thrown { try FileSystem.write(path) { try $0([1, 2][...]) } }, "\(name)")
            #expect(fault.path == path && fault.code == code && fault.category == .inputOutput, "\(fault)")
            #expect("\(fault)" == "\(path): cannot write: " + String(cString: strerror(code)))
        }
        let inTheWay = try #require(thrown { try FileSystem.write(folder.path) { try $0([1][...]) } })
        #expect(inTheWay.code == nil && inTheWay.category == .inputOutput && "\(inTheWay)".contains("it is a folder"))
        // A device that takes no more is at fault itself: another run finds it as it is.
        let full = try #require(thrown { try FileSystem.write("/dev/full") { try $0([1][...]) } })
        #expect(full.code == ENOSPC && full.category == .inputOutput && full.path == "/dev/full")
    }

    @Test("A fault of what is written passes through, and the file of before stands")
    func passesThrough() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("file", "before")
        let own = SettingError(name: "a", found: "b", expected: "c")
        #expect(throws: own) {
            try FileSystem.write(path) { put in
                try put([1, 2, 3][...])
                throw own
            }
        }
        #expect(try folder.read("file") == "before")
        #expect(try FileSystem.list(folder.path).map(\.name) == ["file"])
    }
}
