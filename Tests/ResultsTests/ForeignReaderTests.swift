import Foundation
import Results
import TestSupport
import Testing

/// Each format of another program, read back by a reader that is not ours.
@Suite(.enabled(if: Readers.python != nil, Readers.notice))
struct ForeignReaderTests {
    @Test(arguments: ["audacity", "raven", "kaleidoscope", "dcase", "webvtt", "jams"]) func readBack(name: String)
        throws
    {
        let format = try #require(EventFormat.named(name))
        let folder = try TemporaryFolder()
        let files =
            format.isOfOneRecording ? MadeEvents.events.filter { !$0.events.isEmpty }.map { [$0] } : [MadeEvents.events]
        for (place, clips) in files.enumerated() {
            let path = try folder.put("\(place).\(format.ending)", try MadeEvents.text(format, clips))
            let expected = folder.path + "/\(place).json"
            try MadeEvents.expected(clips).write(to: URL(fileURLWithPath: expected))
            let read = try Readers.run("read_events.py", name, path, expected)
            let count = clips.reduce(0) { $0 + $1.events.count }
            #expect(read.status == 0 && read.text.hasSuffix("\(count) events\n"), "\(read.text)")
        }
    }
}
