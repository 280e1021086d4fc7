import Foundation
import Ledger
import Testing

/// One process works on a cache.
@Suite struct LockTests {
    private static let flock = "/usr/bin/flock"

    private func refusal(_ fixture: LedgerFixture) -> LedgerError? {
        do {
            _ = try CacheLock(folder: fixture.folder)
            return nil
        } catch {
            return error
        }
    }

    /// Other tests start programs meanwhile: between fork and exec a child shares the lock's open file.
    private func becomesFree(_ fixture: LedgerFixture) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        while refusal(fixture) != nil, Date() < deadline { usleep(1000) }
        return refusal(fixture) == nil
    }

    @Test("A second holder is refused, with the first one's process named; letting go is enough")
    func second() throws {
        let fixture = try LedgerFixture()
        do {
            let lock = try CacheLock(folder: fixture.folder)
            let error = try #require(refusal(fixture))
            #expect(error.kind == .busy && error.path == fixture.folder)
            #expect(error.description.contains("process \(getpid()) on "))
            withExtendedLifetime(lock) {}
        }
        #expect(becomesFree(fixture))
    }

    @Test("What an earlier holder wrote does not stay, however long it was")
    func leftovers() throws {
        let fixture = try LedgerFixture()
        let path = fixture.folder + "/lock"
        try Data(repeating: UInt8(ascii: "x"), count: 100_000).write(to: URL(fileURLWithPath: path))
        let lock = try CacheLock(folder: fixture.folder)
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        #expect(text.hasPrefix("process \(getpid()) on ") && text.split(separator: "\n").count == 1)
        withExtendedLifetime(lock) {}
    }

    @Test(
        "The lock of a process that is killed is free, though its file stays",
        .enabled(if: FileManager.default.isExecutableFile(atPath: flock), "needs flock of util-linux as \(flock)"))
    func death() throws {
        let fixture = try LedgerFixture()
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: Self.flock)
        holder.arguments = ["--no-fork", fixture.folder + "/lock", "sleep", "600"]
        try holder.run()
        let deadline = Date(timeIntervalSinceNow: 30)
        while refusal(fixture) == nil, Date() < deadline { usleep(1000) }
        #expect(refusal(fixture)?.kind == .busy)
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
        #expect(becomesFree(fixture))
        #expect(FileManager.default.fileExists(atPath: fixture.folder + "/lock"))
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
        let fixture = try LedgerFixture()
        #expect(CacheLock.state(folder: fixture.folder) == .free)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder + "/lock"))
        let begun = Date().timeIntervalSince1970
        do {
            let lock = try CacheLock(folder: fixture.folder)
            guard case .held(let holder?) = CacheLock.state(folder: fixture.folder) else {
                Issue.record("nobody has the lock")
                return
            }
            #expect(holder.process == getpid() && holder.host == ProcessInfo.processInfo.hostName)
            #expect(holder.started.map { $0 > begun - 2 && $0 <= Date().timeIntervalSince1970 } == true)
            withExtendedLifetime(lock) {}
        }
        #expect(becomesFree(fixture))
        #expect(CacheLock.state(folder: fixture.folder) == .free)
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
