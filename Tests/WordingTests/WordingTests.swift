import Testing
import Wording

@Suite struct WordingTests {
    @Test(
        "One is singular, all else is plural",
        arguments: [(0, "0 clips"), (1, "1 clip"), (2, "2 clips"), (-1, "-1 clips")])
    func plural(count: Int, text: String) {
        #expect(counted(count, "clip") == text)
        #expect(
            counted(1, "process", "processes") == "1 process" && counted(2, "process", "processes") == "2 processes")
    }

    @Test("Distances: symmetric, zero only for the same word, a swap of neighbours is one edit")
    func edits() {
        let words = ["", "a", "run", "rnu", "runs", "train", "status", "stats", "état"]
        for a in words {
            for b in words {
                #expect(NearestName.edits(a, b) == NearestName.edits(b, a))
                #expect((NearestName.edits(a, b) == 0) == (a == b))
            }
        }
        #expect(NearestName.edits("manifset", "manifest") == 1)
        #expect(NearestName.edits("kitten", "sitting") == 3)
    }

    @Test("Every single edit of a name leads back to it; a word that is like none leads nowhere")
    func nearest() {
        let names = ["manifest", "pipeline", "workers", "cache", "out"]
        for name in names where name.count > 3 {
            for place in name.indices {
                var typed = name
                typed.remove(at: place)
                #expect(NearestName.find(typed, in: names) == name, "\(typed)")
                typed.insert("x", at: typed.startIndex)
                #expect(NearestName.find(typed, in: names) == name, "\(typed)")
            }
        }
        #expect(NearestName.find("fly", in: names) == nil && NearestName.find("", in: names) == nil)
    }
}
