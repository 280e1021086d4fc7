import Foundation
import TestSupport
import Testing

/// Many threads open good and bad files at once: each failure tells of its own file.
@Suite struct ThreadTests {
    private final class Found: @unchecked Sendable {
        private let lock = NSLock()
        private var wrong: [String] = []

        func add(_ text: String) { lock.withLock { wrong.append(text) } }
        var all: [String] { lock.withLock { wrong } }
    }

    @Test func reasonsAreTheirOwn() throws {
        let folder = try TemporaryFolder()
        var malformed = WAVBytes(data: [1, 2, 3, 4])
        malformed.tag = 0x9999
        let files = [
            try folder.put("good.wav", WAVBytes.shorts([1, 2, 3])),
            try folder.put("text.wav", Array("nothing that anybody would take for audio".utf8)),
            try folder.put("tag.wav", malformed.bytes),
            try folder.put("short.wav", Array(WAVBytes.shorts([1, 2, 3]).prefix(20))),
            try folder.put("rate.aiff", Array("FORM".utf8) + [0, 0, 0, 4] + Array("AIFF".utf8)),
            try folder.put("flac.flac", Array("fLaC".utf8) + [UInt8](repeating: 7, count: 100)),
            try folder.put("ogg.ogg", Array("OggS".utf8) + [UInt8](repeating: 7, count: 100)),
        ]
        let alone = files.map { DecodedAudio.fault($0)?.reason }
        #expect(Set(alone.map { $0 ?? "" }).count >= 5, "the reasons are too much alike to be told apart: \(alone)")
        let found = Found()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<1500 {
                let index = (turn * (thread % 3 + 1) + thread) % files.count
                let reason = DecodedAudio.fault(files[index])?.reason
                if reason != alone[index] {
                    found.add("\(files[index]): \(reason ?? "none"), not \(alone[index] ?? "none")")
                }
            }
        }
        #expect(found.all.isEmpty, "\(found.all.count) wrong: \(found.all.prefix(3))")
    }
}
