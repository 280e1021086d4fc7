import Errors
import Foundation
import TestSupport
import Testing

import Archives

/// What a path with `!/` means, and what is said where it leads nowhere.
@Suite struct ArchivePathTests {
    @Test("A file or a folder of the whole name comes first; else the first archive that is a file")
    func precedence() throws {
        let folder = try TemporaryFolder()
        let zip = MadeZip([MadeZip.Member("m.wav", [1]), MadeZip.Member("x!/y.wav", [2])]).data
        try folder.put("a.zip", zip)
        try folder.put("odd!/m.wav", [9])
        try folder.put("in!/b.zip", zip)
        try folder.put("no-ending", zip)
        func parts(_ name: String) -> [String]? {
            ArchivePath(folder.path + "/" + name).map {
                [String($0.archiveText.dropFirst(folder.path.count + 1)), String(decoding: $0.member, as: UTF8.self)]
            }
        }
        #expect(parts("odd!/m.wav") == nil && parts("odd!") == nil && parts("a.zip") == nil && parts("a.zip!/") == nil)
        #expect(parts("odd!/gone.wav") == nil)
        #expect(parts("a.zip!/m.wav") == ["a.zip", "m.wav"])
        #expect(parts("a.zip!/./m.wav") == ["a.zip", "m.wav"])
        #expect(parts("a.zip!/x!/y.wav") == ["a.zip", "x!/y.wav"])
        #expect(parts("in!/b.zip!/m.wav") == ["in!/b.zip", "m.wav"])
        #expect(parts("no-ending!/m.wav") == ["no-ending", "m.wav"])
        // An archive that is gone is still meant.
        #expect(parts("gone.zip!/m.wav") == ["gone.zip", "m.wav"] && parts("gone!/m.wav") == nil)
        #expect(try ReadMember.bytes(folder.path + "/a.zip!/x!/y.wav") == [2])
        try folder.put("a.zip!/m.wav", [7])
        #expect(parts("a.zip!/m.wav") == nil)
    }

    @Test("What is missing, what is no archive and what can only be unpacked whole are told apart")
    func missing() throws {
        let folder = try TemporaryFolder()
        let zip = try folder.put("a.zip", MadeZip([MadeZip.Member("m", [1])]).data)
        func fault(_ path: String) -> ArchiveError? {
            if case .failure(let error) = ReadMember.outcome(path) { return error }
            return nil
        }
        let gone = try #require(fault(folder.path + "/gone.zip!/m"))
        #expect(gone.isMissing && gone.reason == "no such archive: \(folder.path)/gone.zip")
        let member = try #require(fault(zip + "!/n"))
        #expect(member.isMissing && member.reason == "the archive has no member of this name")
        let text = try #require(fault(try folder.put("text.zip", "no archive") + "!/m"))
        #expect(!text.isMissing && text.failureClass == .unreadable && text.reason.contains("neither a zip nor a tar"))
        let empty = try #require(fault(try folder.put("empty.tar", "") + "!/m"))
        #expect(empty.reason.contains("neither a zip nor a tar"))
        let gzip = try #require(fault(try folder.put("a.tar", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0]) + "!/m"))
        #expect(gzip.failureClass == .unsupported && gzip.reason.contains("gzip") && gzip.reason.contains("unpack it"))
        try FileManager.default.createDirectory(atPath: folder.path + "/d.zip", withIntermediateDirectories: true)
        #expect(fault(folder.path + "/d.zip!/m") != nil)
    }

    @Test("A member's status is its own size and the archive's time; of a damaged archive the size is unknown")
    func status() throws {
        let folder = try TemporaryFolder()
        let content = ReadMember.content(1, 4000)
        let path = try folder.put("a.zip", MadeZip([MadeZip.Member("m", content, deflated: true)]).data)
        var status = stat()
        try #require(stat(path, &status) == 0)
        let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        let place = try #require(ArchivePath(path + "!/m"))
        #expect(try ArchiveMember.status(place) == .init(size: 4000, modified: modified))
        let missing = #expect(throws: ArchiveError.self) {
            try ArchiveMember.status(try #require(ArchivePath(path + "!/n")))
        }
        #expect(missing?.isMissing == true)
        let damaged = try folder.put("b.zip", "PK\u{3}\u{4} and no more of it")
        #expect(try ArchiveMember.status(try #require(ArchivePath(damaged + "!/m"))).size == 0)
    }

    @Test("An archive that changes is listed anew, whoever asked before; many threads get the same")
    func changes() throws {
        let folder = try TemporaryFolder()
        func content(_ turn: Int) -> [UInt8] { ReadMember.content(UInt64(turn), 1000 + turn) }
        let path = folder.path + "/a.zip"
        for turn in 0..<20 {
            // Each state has another size, so it is told from the last whatever the clock says.
            var members = (0...turn).map { MadeZip.Member("\($0)", content($0)) }
            members.append(MadeZip.Member("always", content(turn), deflated: true))
            try folder.put("a.zip", MadeZip(members).data)
            #expect(try ReadMember.bytes(path + "!/always") == content(turn), "\(turn)")
            #expect(try ReadMember.bytes(path + "!/\(turn)") == content(turn))
        }
        let wrong = UnsafeMutablePointer<Int>.allocate(capacity: 8)
        wrong.initialize(repeating: 0, count: 8)
        defer { wrong.deallocate() }
        nonisolated(unsafe) let counts = wrong
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<20 where (try? ReadMember.bytes(path + "!/\((turn + thread) % 20)"))?.count ?? 0 < 1000 {
                counts[thread] += 1
            }
        }
        #expect((0..<8).allSatisfy { wrong[$0] == 0 })
    }
}
