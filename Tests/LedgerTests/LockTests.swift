import Foundation
import Ledger
import Testing

/// One process works on a cache.
@Suite struct LockTests {
    private static let flock = "/usr/bin/flock"

    private func refusal(_ desk: Desk) -> LedgerError? {
        do {
            _ = try CacheLock(folder: desk.folder)
            return nil
        } catch {
            return error
        }
    }

    /// Other tests start programs meanwhile: between fork and exec a child shares the lock's open file.
    private func becomesFree(_ desk: Desk) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        while refusal(desk) != nil, Date() < deadline { usleep(1000) }
        return refusal(desk) == nil
    }

    @Test("A second holder is refused, with the first one's process named; letting go is enough")
    func second() throws {
        let desk = try Desk()
        do {
            let lock = try CacheLock(folder: desk.folder)
            let error = try #require(refusal(desk))
            #expect(error.kind == .busy && error.path == desk.folder)
            #expect(error.description.contains("process \(getpid()) on "))
            withExtendedLifetime(lock) {}
        }
        #expect(becomesFree(desk))
    }

    @Test("What an earlier holder wrote does not stay, however long it was")
    func leftovers() throws {
        let desk = try Desk()
        let path = desk.folder + "/lock"
        try Data(repeating: UInt8(ascii: "x"), count: 100_000).write(to: URL(fileURLWithPath: path))
        let lock = try CacheLock(folder: desk.folder)
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        #expect(text.hasPrefix("process \(getpid()) on ") && text.split(separator: "\n").count == 1)
        withExtendedLifetime(lock) {}
    }

    @Test(
        "The lock of a process that is killed is free, though its file stays",
        .enabled(if: FileManager.default.isExecutableFile(atPath: flock), "needs flock of util-linux as \(flock)"))
    func death() throws {
        let desk = try Desk()
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: Self.flock)
        holder.arguments = ["--no-fork", desk.folder + "/lock", "sleep", "600"]
        try holder.run()
        let deadline = Date(timeIntervalSinceNow: 30)
        while refusal(desk) == nil, Date() < deadline { usleep(1000) }
        #expect(refusal(desk)?.kind == .busy)
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
        #expect(becomesFree(desk))
        #expect(FileManager.default.fileExists(atPath: desk.folder + "/lock"))
    }

    @Test("A folder that is not there is an error of reading and writing, not a lock")
    func nowhere() {
        do {
            _ = try CacheLock(folder: "/nonexistent/cache")
            Issue.record("locked nothing")
        } catch {
            #expect(error.kind == .inputOutput && error.path == "/nonexistent/cache/lock")
        }
    }

    @Test("The state names the holder without waiting, and looking leaves no trace")
    func state() throws {
        let desk = try Desk()
        #expect(CacheLock.state(folder: desk.folder) == .free)
        #expect(!FileManager.default.fileExists(atPath: desk.folder + "/lock"))
        let begun = Date().timeIntervalSince1970
        do {
            let lock = try CacheLock(folder: desk.folder)
            guard case .held(let holder?) = CacheLock.state(folder: desk.folder) else {
                Issue.record("nobody has the lock")
                return
            }
            #expect(holder.process == getpid() && holder.host == ProcessInfo.processInfo.hostName)
            #expect(holder.started.map { $0 > begun - 2 && $0 <= Date().timeIntervalSince1970 } == true)
            withExtendedLifetime(lock) {}
        }
        #expect(becomesFree(desk))
        #expect(CacheLock.state(folder: desk.folder) == .free)
    }

    @Test("How a run ended is read back as it was written, whatever its words")
    func endings() {
        for ending in [
            RunRecord.Ending.complete, .interrupted, .outOfSpace("/c: cannot write: No space left"), .fault(""),
            .fault("a: b, c"), .fault("12: x"),
        ] { #expect(RunRecord.Ending(text: ending.text) == ending) }
        #expect(RunRecord.Ending(text: "stopped by a fault") == .fault(""))
    }
}
