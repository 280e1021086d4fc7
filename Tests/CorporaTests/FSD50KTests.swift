import Corpora
import TestSupport
import Testing

@Suite struct FSD50KTests {
    private func layout(_ folder: TemporaryFolder, below: String = "", dev: String, eval: String) throws {
        let truth = below + "FSD50K.ground_truth/"
        try folder.put(
            truth + "dev.csv", "fname,labels,mids,split\n1,\"Bark,Dog\",\"/m/1,/m/2\",train\n2,Dog,/m/2,val\n")
        try folder.put(truth + "eval.csv", "fname,labels,mids\n9,Bark,/m/1\n")
        try folder.put(truth + "vocabulary.csv", "0,Bark,/m/1\n1,Dog,/m/2\n")
        for name in ["1", "2"] { try folder.put(below + dev + "/" + name + ".wav") }
        try folder.put(below + eval + "/9.wav")
        try folder.put(below + "FSD50K.metadata/dev_clips_info_FSD50K.json", "{}")
        try folder.put(below + "FSD50K.metadata/collection/collection_dev.csv", "nonsense")
    }

    @Test(arguments: [
        ("", "FSD50K.dev_audio", "FSD50K.eval_audio"),
        ("", "FSD50K.dev_audio_16k", "FSD50K.eval_audio_16k"),
        ("", "FSD50K.dev_audio/FSD50K.dev_audio", "FSD50K.eval_audio/FSD50K.eval_audio"),
        ("data/FSD50K/", "FSD50K.dev_audio", "FSD50K.eval_audio_16k"),
    ])
    func readsTheLayoutInItsForms(below: String, dev: String, eval: String) throws {
        let folder = try TemporaryFolder()
        try layout(folder, below: below, dev: dev, eval: eval)
        let corpus = try FSD50K(folder: folder.path)
        #expect(corpus.scan.warnings.isEmpty)
        #expect(corpus.scan.entries.map(\.clip) == ["1", "2", "9"])
        #expect(corpus.scan.entries.map(\.split) == ["train", "val", "eval"])
        #expect(corpus.scan.entries[0].labels == ["Bark", "Dog"])
        #expect(corpus.scan.entries[2].path.hasSuffix("/" + below + eval + "/9.wav"))
        #expect(corpus.vocabulary.map(\.name) == ["Bark", "Dog"] && corpus.vocabulary[1].mid == "/m/2")
    }

    @Test func theFolderWithTheClipsWins() throws {
        let folder = try TemporaryFolder()
        try layout(folder, dev: "FSD50K.dev_audio_16k", eval: "FSD50K.eval_audio")
        try folder.put("FSD50K.dev_audio/1.wav")
        let corpus = try FSD50K(folder: folder.path)
        #expect(corpus.scan.entries[0].path.contains("_16k") && corpus.scan.entries[1].path.contains("_16k"))
    }

    @Test func missingFilesAndHalvesAreWarnings() throws {
        let folder = try TemporaryFolder()
        try layout(folder, dev: "FSD50K.dev_audio", eval: "elsewhere")
        let text = try folder.read("FSD50K.ground_truth/dev.csv")
        try folder.put("FSD50K.ground_truth/dev.csv", text + "3,Dog,/m/2,train\n")
        let corpus = try FSD50K(folder: folder.path)
        #expect(corpus.scan.entries.map(\.clip) == ["1", "2", "3"])
        #expect(corpus.scan.warnings.count == 2)
        #expect(corpus.scan.warnings[0].contains("1 of 3 clips has no file, the first '3'"))
        #expect(corpus.scan.warnings[1].contains("no folder FSD50K.eval_audio or FSD50K.eval_audio_16k"))
    }

    @Test func errorsNameWhatWasLookedFor() throws {
        let folder = try TemporaryFolder()
        #expect(message { _ = try FSD50K(folder: folder.path) }?.contains("no folder FSD50K.ground_truth") == true)
        try folder.put("FSD50K.ground_truth/dev.csv", "x")
        #expect(message { _ = try FSD50K(folder: folder.path) }?.contains("found no eval.csv") == true)
        try layout(folder, dev: "here", eval: "there")
        #expect(
            message { _ = try FSD50K(folder: folder.path) }?.contains("FSD50K.dev_audio or FSD50K.eval_audio") == true)
    }

    @Test(arguments: [
        ("dev.csv", "fname,labels\n", "dev.csv:1: found the header 'fname,labels', expected fname,labels,mids,split"),
        (
            "dev.csv", "fname,labels,mids,split\n1,Cat,/m/3,train\n",
            "dev.csv:2: found label 'Cat', expected one of the 2 labels"
        ),
        (
            "dev.csv", "fname,labels,mids,split\n1,Dog,/m/2,test\n",
            "dev.csv:2: found split 'test', expected train or val"
        ),
        ("dev.csv", "fname,labels,mids,split\n../1,Dog,/m/2,val\n", "dev.csv:2: found fname '../1'"),
        ("eval.csv", "fname,labels,mids\n1,Dog,/m/2\n", "eval.csv:2: found fname '1' again (first at "),
        (
            "vocabulary.csv", "index,label,mid\n",
            "vocabulary.csv:1: found 'index,label,mid', expected 0,label,mid (no header)"
        ),
    ])
    func refuses(file: String, text: String, expected: String) throws {
        let folder = try TemporaryFolder()
        try layout(folder, dev: "FSD50K.dev_audio", eval: "FSD50K.eval_audio")
        try folder.put("FSD50K.ground_truth/" + file, text)
        let found = message { _ = try FSD50K(folder: folder.path) }
        #expect(found?.contains(expected) == true, "\(found ?? "no error")")
    }
}
