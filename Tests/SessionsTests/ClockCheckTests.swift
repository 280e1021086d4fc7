import Files
import Foundation
import Sessions
import TestSupport
import Testing

/// Clocks of machines and of the file system that differ.
struct ClockCheckTests {
    @Test("A clock more than a minute from that of the file system is refused, and no file is left behind")
    func fileSystem() throws {
        let folder = try TemporaryFolder()
        try ClockCheck.require(in: folder.path)
        for (shift, words) in [
            (3600.0, "seconds ahead of that of the file system"),
            (-900, "seconds behind that of the file system"),
        ] {
            let said = message { try ClockCheck.require(in: folder.path) { ClockCheck.now + shift } }
            #expect(
                said?.contains(words) == true && said?.contains("expected at most 60 seconds") == true, "\(said ?? "")")
        }
        for shift in [40.0, -40] { try ClockCheck.require(in: folder.path) { ClockCheck.now + shift } }
        #expect(FileSystem.names(in: folder.path).isEmpty)
        #expect(throws: (any Error).self) { try ClockCheck.require(in: folder.path + "/none") }
    }

    @Test("A file from the future is refused")
    func future() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("plan.json", "{}")
        try ClockCheck.requirePast(path)
        try ClockCheck.requirePast(path, now: ClockCheck.now + 1e6)
        let said = message { try ClockCheck.requirePast(path, now: ClockCheck.now - 600) }
        #expect(said?.contains("seconds behind that by which the file was written") == true, "\(said ?? "")")
    }
}
