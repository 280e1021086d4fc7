import Foundation
import Results
import Shards
import Testing
import TestSupport

/// `export embeddings` against the rows that were put into the cache.
struct EmbeddingExportTests {
    private static let clips: [(name: String, rows: [[Float]])] = [
        ("one", [[0.1, -2, 3], [.nan, .nan, .nan], [0.25, 0, 1e-3]]), ("failed", []), ("pending", []),
        ("quiet", [[.nan, .nan, .nan]]), ("=two", [[1, 2, 65_504]]),
    ]

    private func export(_ made: EmbeddingFolder, clips: [String] = []) throws -> EmbeddingExport {
        try EmbeddingExport(
            cache: made.cache, ledger: made.cache.reading(), pipeline: nil, stage: nil, clips: clips)
    }

    @Test(
        "An array has each row that a chunk has, as it is stored, and the table beside it says whose",
        arguments: [ShardDType.float32, .float16])
    func array(dtype: ShardDType) throws {
        let made = try EmbeddingFolder(
            Self.clips, size: 3, dtype: dtype, metadata: [#"{"began":"2024-05-01T06:00:00Z","site":"a"}"#])
        let summary = try export(made).writeArray(to: made.path("e.npy"))
        #expect(summary.chunks == 3 && summary.unheard == 2 && summary.size == 3)
        #expect(summary.coverage.clips == 5 && summary.coverage.done == 3 && summary.coverage.failed == 1)
        let array = try MappedShard(path: made.path("e.npy"))
        #expect(array.header == NumpyHeader(dtype: dtype, rows: 3, columns: 3))
        var values = [Float](repeating: 0, count: 9)
        try array.floats(0, 3, to: &values)
        #expect(values == made.stored([0.1, -2, 3, 0.25, 0, 1e-3, 1, 2, 65_504]))
        #expect(
            try made.text("e.npy.chunks.csv") == """
                clip,path,start,end,row,began,site
                one,/audio/one.wav,0,1,0,2024-05-01T06:00:00.000Z,a
                one,/audio/one.wav,1,1.9,1,2024-05-01T06:00:01.000Z,a
                '=two,/audio/=two.wav,0,0.9,2,,

                """)
    }

    @Test("A table has the same, number by number", arguments: [ShardDType.float32, .float16])
    func table(dtype: ShardDType) throws {
        let made = try EmbeddingFolder(Self.clips, size: 3, dtype: dtype)
        let summary = try export(made).writeTable(to: made.path("e.csv"))
        #expect(summary.chunks == 3 && summary.unheard == 2)
        let lines = try made.text("e.csv").split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(lines[0] == ["clip", "path", "start", "end", "e0", "e1", "e2"] && lines.count == 4)
        #expect(lines[2][..<4] == ["one", "/audio/one.wav", "1", "1.9"])
        let values = lines.dropFirst().flatMap { $0[4...].compactMap { Float($0) } }
        #expect(values == made.stored([0.1, -2, 3, 0.25, 0, 1e-3, 1, 2, 65_504]))
    }

    @Test("Only chosen clips are written, and a long one comes in pieces without a seam")
    func selection() throws {
        var rows = (0..<1000).map { [Float($0), 1] }
        for chunk in [0, 255, 256, 257, 600, 999] { rows[chunk] = [.nan, .nan] }
        let made = try EmbeddingFolder([("long", rows), ("other", [[7, 7]])], size: 2)
        let chosen = try export(made, clips: ["l*"])
        let summary = try chosen.writeArray(to: made.path("e.npy"))
        #expect(summary.chunks == 994 && summary.unheard == 6 && summary.coverage.clips == 1)
        let array = try MappedShard(path: made.path("e.npy"))
        var values = [Float](repeating: 0, count: 2 * 994)
        try array.floats(0, 994, to: &values)
        #expect(values == rows.filter { !$0[0].isNaN }.flatMap { $0 })
        let lines = try made.text("e.npy.chunks.csv").split(separator: "\n").dropFirst()
        let places = lines.map { $0.split(separator: ",") }
        #expect(places.map { Int($0[4]) } == (0..<994).map { $0 })
        #expect(places.map { Double($0[2]) } == rows.indices.filter { !rows[$0][0].isNaN }.map { Double($0) / 2 })
        #expect(message { _ = try export(made, clips: ["x"]) }?.contains("--clip: found 'x'") == true)
    }

    @Test("A cache without a single embedding is told so, and nothing is written")
    func none() throws {
        let made = try EmbeddingFolder([("failed", []), ("pending", [])], size: 2)
        for write in [EmbeddingExport.writeArray, EmbeddingExport.writeTable] {
            let text = message { _ = try write(export(made))(made.path("e")) }
            #expect(text?.contains("no clip has embeddings yet") == true, "\(text ?? "")")
        }
        #expect(!FileManager.default.fileExists(atPath: made.path("e")))
    }
}
