import Cache
import Features
import Foundation
import Ledger
import Results
import TestSupport
import Testing

/// A table with verdicts is cut as the reviewers left it.
struct ReviewedEventFileTests {
    @Test("Rejected rows and rows without a score are left out and counted; accepted ones are taken as corrected")
    func verdicts() throws {
        let folder = try TemporaryFolder()
        let cache = ScoreCache(
            cache: CacheFolder(folder: folder.path + "/cache"), classes: ["Dog"],
            timing: ChunkTiming(rate: 16_000, hop: 16_000, length: 16_000))
        try cache.make(clips: 1) { _ in
            ScoreCache.Clip(name: "a", path: "/a.wav", samples: 160_000, scores: [Float](repeating: 0.9, count: 10))
        }
        let columns = "clip,path,start,end,label,score,peak,verdict,corrected_label,corrected_start,corrected_end"
        let rows = [
            "a,/a.wav,0,1,Dog,0.9,0.9,,,,", "a,/a.wav,1,2,Dog,0.9,0.9,reject,Cat,,", "a,/a.wav,2,3,Dog,,,accept,,,",
            "a,/a.wav,3,4,Dog,0.9,0.9,accept,Wolf,3.25,5", "a,/a.wav,6,7,Dog,0.9,0.9,unsure,Wolf,,",
            "a,/a.wav,7,8,Dog,,,reject,,,",
        ]
        try folder.put("e.csv", ([columns] + rows).joined(separator: "\n") + "\n")
        let read = try EventFile(contentsOf: folder.path + "/e.csv", ledger: cache.cache.reading())
        let events = read.events.flatMap(\.events)
        #expect(events.map(\.label) == ["Dog", "Wolf", "Dog"])
        #expect(events.map(\.start) == [0, 3.25, 6] && events.map(\.end) == [1, 5, 7])
        let notices = read.notices.joined(separator: "\n")
        #expect(
            notices.contains("rejected, left out: 2")
                && notices.contains("without a score, which are no events, left out: 1"))
        #expect(notices.contains("corrected them: 1"))
    }
}
