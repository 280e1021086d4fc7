import ArgumentParser
import Cache
import Dispatch
import Files
import Foundation
import Ledger
import Random
import Results
import Shards
import Wording

/// Times a search by similarity in a cache of made-up embeddings.
struct SearchBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Time a search by similarity: the median of several, in seconds.",
        discussion: """
            A cache of made-up embeddings is written first, which takes much longer, and removed afterwards: 4.1 GB with \
            the defaults. A search reads the ledger, compares every row with its clip's digest and with the query, and \
            keeps the best 50. The embeddings are then in memory, as the system has just written them.

            EXAMPLE  earmark bench search --rows 1000000 --size 1024 --half
            """)

    @Option(help: "Chunks.") var rows = 1_000_000
    @Option(help: "Values in an embedding.") var size = 1024
    @Option(help: "Chunks per clip.") var chunks = 100
    @Flag(help: "Keep the embeddings in half precision.") var half = false
    @Option(help: "Chunks of the query.") var queries = 1
    @Option(help: "Threads that compare (default: one per processor).") var threads = ProcessInfo.processInfo
        .activeProcessorCount
    @Option(help: "Searches to time.") var repeats = 5
    @Option(
        help: ArgumentHelp("Folder for the cache (default: the temporary folder).", valueName: "dir"),
        completion: .directory)
    var scratch: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        let given = [
            ("rows", rows), ("size", size), ("chunks", chunks), ("queries", queries), ("threads", threads),
            ("repeats", repeats),
        ]
        for (name, value) in given where value < 1 {
            throw ValidationError("--\(name) is \(value), expected 1 or more")
        }
        if queries > chunks { throw ValidationError("--queries is \(queries), expected at most --chunks, \(chunks)") }
    }

    func run() throws {
        let folder = (scratch ?? NSTemporaryDirectory()) + "/earmark-bench-" + UUID().uuidString
        try FileSystem.makeFolder(FileSystem.absolute(folder))
        defer { try? FileSystem.remove(folder) }
        let cache = CacheFolder(folder: folder + "/cache")
        let clips = (rows + chunks - 1) / chunks
        try make(cache, clips: clips)
        // A query of several chunks is a clip of its own length.
        var request = SearchRequest(like: queries == chunks ? "clip-0" : queries == 1 ? "clip-0@0" : "query")
        request.threads = threads
        var (times, compared): ([Double], Int) = ([], 0)
        for _ in 0..<repeats {
            let start = DispatchTime.now().uptimeNanoseconds
            let ledger = try cache.reading()
            let outcome = try ledger.consistently {
                try SimilaritySearch(cache: cache, ledger: ledger, pipeline: nil, stage: nil, request: request).run()
            }
            times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)
            compared = outcome.tally.compared
        }
        let seconds = times.sorted()[times.count / 2]
        let bytes = Double(compared * size * (half ? 2 : 4))
        let kernels = SimilarityKernels.best.instructionSet.rawValue
        let format = half ? "float16" : "float32"
        if json {
            print(
                #"{"bench":"search","rows":\#(compared),"size":\#(size),"format":"\#(format)","queries":\#(queries),"#
                    + #""threads":\#(threads),"kernels":"\#(kernels)","s":\#(Figures.fixed(seconds, 4)),"#
                    + #""gb_per_s":\#(Figures.fixed(bytes / seconds / 1e9, 2))}"#)
        } else {
            print(
                "search: \(Figures.fixed(seconds, 3)) s for \(grouped(compared)) x \(grouped(size)) in \(format) and "
                    + "\(counted(queries, "chunk")) of query, \(counted(threads, "thread")), \(kernels): "
                    + "\(Figures.fixed(bytes / seconds / 1e9, 1)) GB/s")
        }
    }

    private func make(_ cache: CacheFolder, clips: Int) throws {
        let timing = ChunkTiming(rate: 16_000, hop: 8_000, length: 16_000)
        let made = ScoreCache(
            cache: cache, classes: ["none"], timing: timing, dtype: half ? .float16 : .float32, embeddingSize: size)
        let hasQuery = queries > 1 && queries < chunks
        try made.make(clips: clips + (hasQuery ? 1 : 0)) { place in
            let count = place == clips ? queries : min(chunks, rows - place * chunks)
            return ScoreCache.Clip(
                name: place == clips ? "query" : "clip-\(place)", path: "/audio/clip-\(place).wav",
                samples: timing.length + (count - 1) * timing.hop, scores: [Float](repeating: 0, count: count),
                embeddings: embeddings(of: place, count: count))
        }
    }

    /// Numbers of -0.5 to 0.5, made fast: four 16-bit ones from each draw.
    private func embeddings(of clip: Int, count: Int) -> [Float] {
        var random = SplitMix64(seed: UInt64(clip))
        return [Float](unsafeUninitializedCapacity: count * size) { values, made in
            var bits: UInt64 = 0
            for place in 0..<count * size {
                if place % 4 == 0 { bits = random.next() }
                values[place] = Float(UInt16(truncatingIfNeeded: bits)) / 65_536 - 0.5
                bits >>= 16
            }
            made = count * size
        }
    }
}
