import Errors
import Foundation
import TestSupport
import Testing

import Archives

/// Members of zip archives: byte for byte what was put in, or an error that says why not.
@Suite struct ZipTests {
    @Test("Stored and deflated, with and without descriptors, 64-bit fields, foreign bytes before and a comment behind")
    func everyForm() throws {
        let folder = try TemporaryFolder()
        var turn = 0
        for deflated in [false, true] {
            for hasDescriptor in [false, true] {
                for isLarge in [false, true] {
                    for count in [0, 1, 5000, 300_000] {
                        let content = ReadMember.content(UInt64(turn), count)
                        var member = MadeZip.Member("in/a b.wav", content, deflated: deflated)
                        (member.hasDescriptor, member.isLarge) = (hasDescriptor, isLarge)
                        var zip = MadeZip([MadeZip.Member("first", [1, 2, 3]), member, MadeZip.Member("last", [4])])
                        zip.isLarge = isLarge
                        if turn % 3 == 1 { zip.prefix = ReadMember.content(9, 777) }
                        if turn % 3 == 2 { zip.comment = Array("PK\u{5}\u{6} a comment that looks like an end".utf8) }
                        let path = try folder.put("\(turn).zip", zip.data)
                        #expect(try ReadMember.bytes(path + "!/in/a b.wav") == content, "\(turn)")
                        #expect(try ReadMember.digest(path + "!/in/a b.wav") == ReadMember.digest(content), "\(turn)")
                        #expect(try ReadMember.bytes(path + "!/last") == [4])
                        turn += 1
                    }
                }
            }
        }
    }

    @Test("What was inflated for a digest is given to the next that opens the member, once")
    func handedOver() throws {
        let folder = try TemporaryFolder()
        let content = ReadMember.content(5, 50_000)
        let path = try folder.put("a.zip", MadeZip([MadeZip.Member("m", content, deflated: true)]).data) + "!/m"
        #expect(try ReadMember.digest(path, keeping: true) == ReadMember.digest(content))
        let place = try MemberPlace(try #require(ArchivePath(path)))
        let kept = try #require(InflatedMembers.shared.take(place.identity))
        #expect(kept.size == content.count)
        #expect(InflatedMembers.shared.take(place.identity) == nil)
        #expect(try ReadMember.bytes(path) == content)
    }

    @Test("A member too large for memory goes through a file without a name, to the same bytes")
    func throughAFile() throws {
        let folder = try TemporaryFolder()
        let content = ReadMember.content(6, 400_000)
        let path = try folder.put("a.zip", MadeZip([MadeZip.Member("m", content, deflated: true)]).data) + "!/m"
        let place = try MemberPlace(try #require(ArchivePath(path)))
        let member = try InflatedMember(place, memoryLimit: 1000)
        var out = [UInt8](repeating: 0, count: content.count)
        let got = out.withUnsafeMutableBytes { member.read(into: $0.baseAddress!, at: 0, content.count + 5) }
        #expect(got.count == content.count && got.fault == nil && out == content)
        let middle = out.withUnsafeMutableBytes { member.read(into: $0.baseAddress!, at: 399_990, 100) }
        #expect(middle.count == 10 && Array(out[..<10]) == Array(content[399_990...]))
    }

    @Test("Sizes and checksums that are not so, and data that grow too much, are found before or while inflating")
    func lies() throws {
        let folder = try TemporaryFolder()
        let content = ReadMember.content(7, 20_000)
        func fault(_ change: (inout MadeZip.Member) -> Void, deflated: Bool = true) throws -> ArchiveError? {
            var member = MadeZip.Member("m.wav", content, deflated: deflated)
            change(&member)
            let path = try folder.put(UUID().uuidString + ".zip", MadeZip([member]).data)
            if case .failure(let error) = ReadMember.outcome(path + "!/m.wav") { return error }
            return nil
        }
        #expect(try fault { _ in } == nil)
        let longer = try #require(try fault { $0.statedSize = 30_000 })
        #expect(longer.failureClass == .unreadable && longer.message.contains("end before the 30000 bytes"))
        let shorter = try #require(try fault { $0.statedSize = 10_000 })
        #expect(shorter.message.contains("go on after the 10000 bytes"))
        let bomb = try #require(
            try fault {
                $0.statedSize = 1 << 40; $0.isLarge = true
            })
        #expect(bomb.message.contains("cannot be inflated to the \(1 << 40)"))
        let sum = try #require(try fault { $0.statedChecksum = 0x1234 })
        #expect(sum.message.contains("the archive says 00001234"))
        let storedSum = try #require(try fault({ $0.statedChecksum = 0x1234 }, deflated: false))
        #expect(storedSum.message.contains("CRC-32"))
        let stored = try #require(try fault({ $0.statedSize = 19_999 }, deflated: false))
        #expect(stored.message.contains("a stored member of 19999 bytes has 20000"))
        let zeros = [UInt8](repeating: 0, count: 200_000)
        let path = try folder.put("zeros.zip", MadeZip([MadeZip.Member("z", zeros, deflated: true)]).data)
        let place = try MemberPlace(try #require(ArchivePath(path + "!/z")))
        #expect(try InflatedMember(place).size == zeros.count)
        let refused = #expect(throws: ArchiveError.self) { try InflatedMember(place, memoryLimit: 1000) }
        #expect(refused?.failureClass == .unsupported && refused?.message.contains("factor of 100") == true)
    }

    @Test("Encrypted members, other methods, links, names that lead out: listed with the reason, and not read")
    func refusals() throws {
        let folder = try TemporaryFolder()
        var members = (0..<9).map { MadeZip.Member("\($0).wav", [1, 2, 3]) }
        members[0].flags = 1
        members[1].method = 14
        members[2].name = Array("../out.wav".utf8)
        members[3].name = Array("/abs.wav".utf8)
        members[4].name = Array("a/../b.wav".utf8)
        members[5].mode = 0o120_777
        members[6].mode = 0o010_644
        members[7].mode = 0o100_644
        let path = try folder.put("a.zip", MadeZip(members).data)
        let index = try Archive(path).index
        let found = (0..<index.count).compactMap(index.entry).map(\.content)
        let expected: [ArchiveEntry.Content] = [
            .refused(.encrypted), .refused(.method(14)), .refused(.escapes), .refused(.escapes), .refused(.escapes),
            .refused(.link), .refused(.special), .stored, .stored,
        ]
        #expect(found == expected)
        for name in ["0.wav", "1.wav", "5.wav", "6.wav"] {
            let error = #expect(throws: ArchiveError.self) { try ReadMember.bytes(path + "!/" + name) }
            #expect(error?.failureClass == .unsupported, "\(name)")
        }
        #expect(try ReadMember.bytes(path + "!/7.wav") == [1, 2, 3])
    }

    @Test("Of two members of one name the later counts, as when they are unpacked")
    func duplicates() throws {
        let folder = try TemporaryFolder()
        let zip = MadeZip([
            MadeZip.Member("a", [1]), MadeZip.Member("b", [2]), MadeZip.Member("./a", [3]), MadeZip.Member("b", [4]),
        ])
        let path = try folder.put("a.zip", zip.data)
        let index = try Archive(path).index
        #expect(index.replaced == 2 && (0..<index.count).compactMap(index.entry).count == 2)
        #expect(try ReadMember.bytes(path + "!/a") == [3] && ReadMember.bytes(path + "!/b") == [4])
    }

    /// A small archive with what a reader meets: folders, both methods, a descriptor, a comment.
    private func small() -> (data: [UInt8], contents: [String: [UInt8]]) {
        let contents = ["d/one.wav": ReadMember.content(1, 300), "two.wav": ReadMember.content(2, 90)]
        var two = MadeZip.Member("two.wav", contents["two.wav"] ?? [])
        two.hasDescriptor = true
        var zip = MadeZip([
            MadeZip.Member("d/", []), MadeZip.Member("d/one.wav", contents["d/one.wav"] ?? [], deflated: true), two,
        ])
        zip.comment = Array("hello".utf8)
        return (zip.data, contents)
    }

    @Test("Every byte of a small archive changed in four ways: the right bytes, or an error")
    func flips() throws {
        let folder = try TemporaryFolder()
        let (data, contents) = small()
        var failures = 0
        for place in data.indices {
            for change: UInt8 in [1, 0x80, 0xFF, data[place]] {
                var bytes = data
                bytes[place] ^= change
                // Another name each time, because a file written anew within a tick of the clock could pass for the old.
                let path = try folder.put("f-\(place)-\(change).zip", bytes)
                for (name, content) in contents {
                    switch ReadMember.outcome(path + "!/" + name) {
                    case .success(let read): #expect(read == content, "byte \(place) ^ \(change): \(name)")
                    case .failure(let error):
                        failures += 1
                        #expect(error.failureClass != .internal && !error.reason.isEmpty, "\(error)")
                    }
                }
                unlink(path)
            }
        }
        #expect(failures > data.count)
    }

    @Test("Cut anywhere, an archive is refused with a reason")
    func cuts() throws {
        let folder = try TemporaryFolder()
        let (data, contents) = small()
        for length in 0..<data.count - 5 {
            let path = try folder.put("c-\(length).zip", Array(data[..<length]))
            for name in contents.keys {
                guard case .failure(let error) = ReadMember.outcome(path + "!/" + name) else {
                    Issue.record("\(length) of \(data.count) bytes gave \(name)")
                    continue
                }
                #expect(error.failureClass == .unreadable, "\(length): \(error)")
            }
        }
    }
}
