import Files
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct PerFileCacheTests {
    private struct Failed: Error {}

    private func identity(_ path: String) throws -> FileIdentity { try #require(FileIdentity(of: path)) }

    @Test func oneOfManyThreadsMakesAResult() throws {
        let folder = try TemporaryFolder()
        let identities = try (0..<4).map { try identity(folder.put("\($0)", "text \($0)")) }
        let cache = PerFileCache<Int>(limit: 8)
        let made = Mutex([Int: Int]())
        let wrong = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 64) { turn in
            let file = turn % 4
            let found = cache.value(of: "\(file)", identities[file]) {
                made.withLock { $0[file, default: 0] += 1 }
                return file * 10
            }
            if found != file * 10 { wrong.withLock { $0 += 1 } }
        }
        #expect(made.withLock { $0 } == [0: 1, 1: 1, 2: 1, 3: 1])
        #expect(wrong.withLock { $0 } == 0)
    }

    @Test func anotherVersionOfAFileIsAnotherFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("a", "one")
        let before = try identity(path)
        let cache = PerFileCache<Int>(limit: 8)
        #expect(cache.value(of: path, before) { 1 } == 1)
        #expect(cache.value(of: path, before) { 2 } == 1)
        #expect(cache.value(of: path + "/", before) { 3 } == 3)
        try folder.put("a", "four")
        #expect(try cache.value(of: path, identity(path)) { 4 } == 4)
    }

    @Test func whatFailsOrIsNoLongerSoIsMadeAgain() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("a", "one")
        let identity = try identity(path)
        let cache = PerFileCache<Int>(limit: 8)
        #expect(throws: Failed.self) {
            try cache.value(of: path, identity) { () throws(Failed) -> Int in throw Failed() }
        }
        #expect(cache.value(of: path, identity, isCurrent: { false }) { 1 } == 1)
        #expect(cache.value(of: path, identity) { 2 } == 2)
    }

    @Test func theResultsAskedForLastAreKept() throws {
        let folder = try TemporaryFolder()
        let identity = try identity(folder.put("a", "one"))
        let cache = PerFileCache<Int>(limit: 2)
        for name in ["a", "b", "a", "c"] { _ = cache.value(of: name, identity) { 1 } }
        #expect(cache.value(of: "a", identity) { 2 } == 1)
        #expect(cache.value(of: "b", identity) { 2 } == 2)
    }
}
