import EarmarkKit
import Foundation
import Ledger
import Testing

/// Errors say what kind they are, where, and what was expected.
struct ErrorTests {
    private func error(_ work: () throws -> Void) -> EarmarkKitError? {
        do {
            try work()
            return nil
        } catch {
            return error as? EarmarkKitError
        }
    }

    @Test("A pipeline: no such file, a wrong line, an unknown setting, a model that is none")
    func pipelines() throws {
        let corpus = try MadeCorpus(clips: 1)
        let gone = error { _ = try AudioPipeline(path: "/no/such.yaml") }
        #expect(gone?.category == .badInput && gone?.file == "/no/such.yaml", "\(gone as Any)")
        let path = try corpus.put("odd.yaml", "name: odd\nstages:\n  decode:\n    uses: decoed\n")
        let odd = error { _ = try AudioPipeline(path: path) }
        #expect(odd?.category == .badInput && odd?.line == 4 && odd?.file == path, "\(odd as Any)")
        #expect(odd?.message.hasPrefix("\(path):4: ") == true && odd?.localizedDescription == odd?.message)
        let setting = error { _ = try AudioPipeline(path: MadeCorpus.label, settings: ["infer.modle": "x"]) }
        #expect(setting?.category == .badInput && setting?.message.contains("no parameter 'modle'") == true)
        #expect(setting?.file == MadeCorpus.label && setting?.line != nil, "\(setting as Any)")
        let model = error { _ = try AudioPipeline(path: MadeCorpus.label, settings: ["infer.model": path]) }
        #expect(model?.category == .badInput && model?.message.contains(path) == true, "\(model as Any)")
        let alone = error { _ = try TaggingModel(path: path) }
        #expect(alone?.category == .badInput && alone?.file == path, "\(alone as Any)")
    }

    @Test("Clips: a manifest's wrong line, a name twice, an empty path; names that differ in bytes are two")
    func clips() throws {
        let corpus = try MadeCorpus(clips: 1)
        let path = try corpus.put("m.csv", "clip,path\na,a.wav\nb\n")
        let short = error { _ = try ClipList(manifest: path) }
        #expect(short?.category == .badInput && short?.line == 3 && short?.file == path, "\(short as Any)")
        let twice = error { _ = try ClipList(files: ["a.wav", "b.wav", "a.wav"]) }
        #expect(twice?.category == .usage && twice?.message.contains("'a.wav' again (first at 0)") == true)
        let empty = error { _ = try ClipList([(name: "a", path: "a"), (name: "b", path: "")]) }
        #expect(empty?.category == .usage && empty?.message == "clip 1: its path is empty")
        let two = try ClipList([(name: "\u{E9}", path: "/a\nb,\"c"), (name: "e\u{301}", path: "b.wav")])
        #expect(two.count == 2 && two[0].path == "/a\nb,\"c" && two[0].name.utf8.count == 2)
        #expect(two[1].path == FileManager.default.currentDirectoryPath + "/b.wav" && two.map(\.split) == ["", ""])
    }

    @Test("A cache: none there, an unknown pipeline, clip or kind of rows, and one that another has")
    func caches() async throws {
        let corpus = try MadeCorpus(clips: 2)
        let cache = corpus.cache()
        let none = error { _ = try cache.counts() }
        #expect(none?.category == .badInput && none?.message.contains(cache.folder) == true, "\(none as Any)")
        let features = try AudioPipeline(path: MadeCorpus.root + "/Pipelines/features.yaml")
        _ = try await features.run(try corpus.list(), into: cache)
        let unknown = error { _ = try cache.results(of: "lable") }
        #expect(unknown?.category == .usage && unknown?.message.contains("features") == true, "\(unknown as Any)")
        let results = try cache.results()
        #expect(results.classes.isEmpty)
        let kind = error { _ = try results.scores(of: corpus.clips[0].name) }
        #expect(kind?.category == .usage && kind?.message.contains("mel, raw") == true, "\(kind as Any)")
        let name = corpus.clips[1].name
        let clip = error { _ = try results.melFrames(of: name + "x") }
        #expect(clip?.category == .usage && clip?.message.contains("did you mean '\(name)'") == true)

        let lock = try CacheLock(folder: cache.folder)
        var busy: EarmarkKitError?
        let list = try corpus.list()
        do throws(EarmarkKitError) { _ = try await features.run(list, into: cache) } catch { busy = error }
        #expect(busy?.category == .tryAgain && busy?.message.contains("another run") == true, "\(busy as Any)")
        // Reading goes on beside whoever has it.
        #expect(try withExtendedLifetime(lock) { try cache.counts().done } == 2)
    }

    @Test("What the caller throws while it reads comes back as it is")
    func callers() async throws {
        struct Enough: Error {}
        let corpus = try MadeCorpus(clips: 3)
        _ = try await AudioPipeline(path: MadeCorpus.label).run(try corpus.list(), into: corpus.cache())
        var seen = 0
        #expect(throws: Enough.self) {
            try corpus.cache().results().forEachClip { _, _ in
                seen += 1
                if seen == 2 { throw Enough() }
            }
        }
        #expect(seen == 2)
    }

    @Test("Rows that are not what was written are refused")
    func damage() async throws {
        let corpus = try MadeCorpus(clips: 1)
        let cache = corpus.cache()
        _ = try await AudioPipeline(path: MadeCorpus.label).run(try corpus.list(), into: cache)
        let shards = cache.folder + "/shards"
        let name = try #require(
            FileManager.default.subpathsOfDirectory(atPath: shards).first { $0.contains("mel") && $0.hasSuffix(".npy") }
        )
        let file = try #require(FileHandle(forUpdatingAtPath: shards + "/" + name))
        try file.seek(toOffset: 1000)
        try file.write(contentsOf: [1, 2, 3, 4])
        try file.close()
        let found = error { _ = try cache.results().melFrames(of: corpus.clips[0].name) }
        #expect(found?.category == .badInput && found?.message.contains("not what was written") == true)
    }
}
