import Errors
import Foundation
import TestSupport
import Testing

import Archives

/// Members of tar archives in all their forms.
@Suite struct TarTests {
    private static let long = "folder-with-a-long-name/".utf8 + Array(repeating: UInt8(ascii: "n"), count: 90)

    @Test(
        "Short and long names, also those that are not UTF-8, and sizes in octal and in binary",
        arguments: MadeTar.Form.allCases)
    func names(form: MadeTar.Form) throws {
        let folder = try TemporaryFolder()
        var tar = MadeTar(form)
        var contents: [[UInt8]: [UInt8]] = [:]
        var names = [Array("a.wav".utf8), Array("./b/c.wav".utf8), Array("caf".utf8) + [0xE9], Array("last".utf8)]
        if form != .old { names.insert(Array(Self.long), at: 2) }
        for (number, name) in names.enumerated() {
            let content = ReadMember.content(UInt64(number), [0, 1, 511, 512, 513][number % 5])
            tar.add(name, content, isBinary: number % 2 == 1)
            contents[MemberName.plain(name[...])] = content
        }
        tar.add("dir/", [], type: "5")
        let path = try folder.put("a.tar", tar.data)
        let index = try Archive(path).index
        #expect(index.form == .tar && index.damage == nil && index.count == names.count)
        for (name, content) in contents {
            let place = Array((path + "!/").utf8) + name
            #expect(try ReadMember.bytes(place) == content)
        }
        // Without an end mark, and with the last member's padding gone.
        let unended = try folder.put("b.tar", tar.unended)
        #expect(try Archive(unended).index.count == names.count)
    }

    @Test("Links, sparse files, devices, parts of volumes, names that lead out: each with its reason")
    func kinds() throws {
        let folder = try TemporaryFolder()
        var tar = MadeTar(.pax)
        let content = ReadMember.content(3, 700)
        tar.add("a.wav", content)
        tar.add("hard.wav", [], type: "1", link: "./a.wav")
        tar.add("soft.wav", [], type: "2", link: "a.wav")
        tar.add("nowhere.wav", [], type: "1", link: "no.wav")
        tar.add("old-sparse.wav", content, type: "S")
        tar.add(
            Array("sparse.wav".utf8), content, records: [("GNU.sparse.major", [0x31]), ("GNU.sparse.minor", [0x30])])
        tar.add("fifo.wav", [], type: "6")
        tar.add("part.wav", content, type: "M")
        tar.add("../up.wav", content)
        tar.add("/abs.wav", content)
        tar.add(Array("x".utf8), content, records: [("path", Array("from records.wav".utf8))])
        tar.add("a.wav", [1])
        let path = try folder.put("a.tar", tar.data)
        let index = try Archive(path).index
        let found = (0..<index.count).compactMap(index.entry).map(\.content)
        let expected: [ArchiveEntry.Content] = [
            .stored, .refused(.link), .refused(.link), .refused(.sparse), .refused(.sparse), .refused(.special),
            .refused(.split), .refused(.escapes), .refused(.escapes), .stored, .stored,
        ]
        #expect(found == expected && index.replaced == 1 && index.damage == nil)
        #expect(try ReadMember.bytes(path + "!/hard.wav") == content)
        #expect(try ReadMember.bytes(path + "!/from records.wav") == content)
        #expect(try ReadMember.bytes(path + "!/a.wav") == [1])
        let error = #expect(throws: ArchiveError.self) { try ReadMember.bytes(path + "!/soft.wav") }
        #expect(error?.failureClass == .unsupported && error?.message.contains("a link") == true)
    }

    /// Three members, the second with a long name.
    private func small(_ form: MadeTar.Form) -> (data: [UInt8], contents: [String: [UInt8]]) {
        let long = String(decoding: Self.long, as: UTF8.self)
        let contents = [
            "one.wav": ReadMember.content(1, 60), long: ReadMember.content(2, 30),
            "three.wav": ReadMember.content(3, 5),
        ]
        var tar = MadeTar(form)
        for name in ["one.wav", long, "three.wav"] { tar.add(name, contents[name] ?? []) }
        return (tar.data, contents)
    }

    @Test(
        "Every byte changed: an error, or the right bytes but for the one changed, which a tar has no checksum for",
        arguments: [MadeTar.Form.ustar, .gnu, .pax])
    func flips(form: MadeTar.Form) throws {
        let folder = try TemporaryFolder()
        let (data, contents) = small(form)
        let index = try Archive(try folder.put("whole.tar", data)).index
        let ranges = (0..<index.count).compactMap(index.entry).map { $0.offset..<$0.offset + $0.size }
        var failures = 0
        // The headers of the other forms are for the most part the same.
        let step = form == .ustar ? 1 : 5
        for place in stride(from: 0, to: data.count - 1024, by: step) {
            var bytes = data
            bytes[place] ^= place / step % 2 == 0 ? 1 : 0xFF
            let path = try folder.put("f-\(place).tar", bytes)
            let isData = ranges.contains { $0.contains(place) }
            for (name, content) in contents {
                switch ReadMember.outcome(path + "!/" + name) {
                case .success(let read):
                    let wrong = zip(read, content).filter { $0 != $1 }.count
                    #expect(read.count == content.count && wrong <= (isData ? 1 : 0), "byte \(place): \(name)")
                case .failure(let error):
                    failures += 1
                    #expect(!isData && error.failureClass != .internal && !error.reason.isEmpty, "\(place): \(error)")
                }
            }
            unlink(path)
        }
        #expect(failures > 1500 / step)
    }

    @Test("Cut anywhere, the members before the cut are read, and the others fail with a reason")
    func cuts() throws {
        let folder = try TemporaryFolder()
        let (data, contents) = small(.gnu)
        let whole = try Archive(try folder.put("whole.tar", data)).index
        for length in stride(from: 0, to: data.count - 1024, by: 7) {
            let path = try folder.put("c-\(length).tar", Array(data[..<length]))
            for (name, content) in contents {
                let entry = try #require(whole.entry(named: Array(name.utf8)))
                switch ReadMember.outcome(path + "!/" + name) {
                case .success(let read): #expect(read == content && entry.offset + entry.size <= length, "\(length)")
                case .failure(let error):
                    #expect(entry.offset + entry.size > length, "\(length): \(name): \(error)")
                    #expect(error.failureClass == .unreadable, "\(length): \(error)")
                }
            }
        }
    }
}
