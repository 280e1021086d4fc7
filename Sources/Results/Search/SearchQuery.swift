import Audio
import Cache
import Corpora
import Engines
import Errors
import Files
import Ledger

/// What a search is for: some chunks of a clip of the cache or of another recording.
struct SearchQuery {
    /// The most chunks of one search: each is compared with every chunk of the cache.
    static let mostChunks = 1000

    /// The embeddings, (chunks, size).
    let rows: [Float]
    let size: Int
    /// The number in its clip or recording of the first of these chunks, and how many there are.
    let firstChunk: Int
    let count: Int
    /// The clip that the chunks are of; nil for another recording.
    let clip: ClipRecord?
    /// Absolute path of the recording.
    let path: String
    /// What results are called, such as `dog.wav@1.5`.
    let name: String

    /// - Parameters:
    ///   - text: the name of a clip, or else the path of a recording; `@SECONDS` behind either names the one chunk that begins
    ///     then, or last before then.
    ///   - engines: open the model's file if the recording is none of the cache's clips.
    /// - Throws: `SettingError` if the text names nothing, or a moment out of range, or a clip without embeddings;
    ///   `FileError` if the recording cannot be decoded; `CacheError` if the pipeline cannot be run on it; `LedgerError`.
    init(_ text: String, of source: CachedEmbeddings, engines: EngineRegistry = .standard) throws {
        let moment = Self.moment(in: text)
        // A whole name comes first: a clip may well be called 'a@1'.
        var readings: [(name: String, seconds: Double?)] = [(text, nil)]
        if let moment { readings.append((moment.name, moment.seconds)) }
        for (name, seconds) in readings {
            if let found = try source.ledger.clip(named: name) {
                self = try Self(clip: found.clip, found.source, name, at: seconds, text, source)
                return
            }
            if FileSystem.exists(name) || name.utf8.contains(UInt8(ascii: "!")) {
                self = try Self(file: name, at: seconds, text, source, engines)
                return
            }
        }
        throw SettingError(
            name: "--like", found: "'\(text)', which is neither a clip of the cache nor a file",
            expected: "the name of a clip or a path, and @SECONDS behind it for one moment")
    }

    private init(
        rows: [Float], size: Int, firstChunk: Int, clip: ClipRecord?, path: String, name: String
    ) {
        (self.rows, self.size, self.firstChunk, self.clip) = (rows, size, firstChunk, clip)
        (self.path, self.name) = (path, name)
        count = rows.count / size
    }

    private init(
        clip: ClipRecord, _ file: SourceRecord?, _ name: String, at seconds: Double?, _ text: String,
        _ source: CachedEmbeddings
    ) throws {
        guard let result = try source.ledger.currentResult(clip: name, stage: source.stage.id) else {
            throw SettingError(
                name: "--like",
                found: "clip '\(name)', which has no embeddings from pipeline '\(source.pipeline.name)'",
                expected: "a clip that is done; 'earmark status' names those that failed")
        }
        let own = try EventClip(clip, seconds: file?.seconds)
        var chunks = 0..<Int(result.rowCount)
        if let seconds {
            let end = own.end ?? source.timing.span(of: chunks.count - 1, in: own).end
            let chunk = try Self.chunk(
                at: seconds, from: own.start, to: end, of: "clip '\(name)'", source.timing, count: chunks.count)
            chunks = chunk..<chunk + 1
        } else {
            try Self.check(chunks.count, "clip '\(name)'")
        }
        let (rows, size, _) = try source.reader.floats(result, rows: chunks)
        self.init(
            rows: rows, size: size, firstChunk: chunks.lowerBound, clip: clip, path: clip.path,
            name: Self.name(name, text, seconds))
    }

    private init(
        file: String, at seconds: Double?, _ text: String, _ source: CachedEmbeddings, _ engines: EngineRegistry
    ) throws {
        let path = FileSystem.absolute(file)
        let timing = source.timing
        let wanted = seconds.map { Self.place(of: $0, timing) } ?? Self.mostChunks
        guard wanted >= 0, wanted < Int.max / 2 else {
            throw SettingError(name: "--like", found: "\(seconds ?? 0) s", expected: "a moment of the recording")
        }
        let made = try QueryPipeline(source, engines: engines).rows(of: path, most: wanted)
        let last = FileSystem.relative(path, to: FileSystem.folder(of: path))
        guard let seconds else {
            try Self.check(made.chunks, file, isMore: made.samples == nil)
            self.init(rows: made.values, size: made.size, firstChunk: 0, clip: nil, path: path, name: last)
            return
        }
        // Decoding stops early only when the chunk is there.
        let end = made.samples.map { Double($0) / Double(timing.rate) } ?? .infinity
        let chunk = try Self.chunk(at: seconds, from: 0, to: end, of: file, timing, count: made.chunks)
        self.init(
            rows: Array(made.values[chunk * made.size..<(chunk + 1) * made.size]), size: made.size, firstChunk: chunk,
            clip: nil, path: path, name: Self.name(last, text, seconds))
    }

    /// The chunk that begins at a moment, or last before it; behind the start of the last chunk, the last one.
    private static func chunk(
        at seconds: Double, from start: Double, to end: Double, of what: String, _ timing: ChunkTiming, count: Int
    ) throws -> Int {
        guard seconds >= start, seconds < end, count > 0 else {
            let shown = { (number: Double) in number == number.rounded() ? "\(Int(number))" : "\(number)" }
            throw SettingError(
                name: "--like", found: "\(shown(seconds)) s of \(what)",
                expected: "\(shown(start)) s or more and less than \(shown(end)) s")
        }
        return min(count - 1, place(of: seconds - start, timing))
    }

    /// The number of the last chunk that begins at or before a moment.
    private static func place(of seconds: Double, _ timing: ChunkTiming) -> Int {
        let sample = timing.samples(seconds)
        guard sample >= 0, sample < 1e15 else { return sample < 0 ? -1 : Int.max }
        // Starts are written to the microsecond, which may be less than a sample too early.
        return Int((sample + 0.5) / Double(timing.hop))
    }

    private static func check(_ count: Int, _ what: String, isMore: Bool = false) throws {
        guard count > mostChunks || isMore else { return }
        throw SettingError(
            name: "--like", found: isMore ? "more than \(mostChunks) chunks in \(what)" : "\(count) chunks in \(what)",
            expected: "at most \(mostChunks): give one moment of it as @SECONDS")
    }

    /// `NAME@SECONDS` in its two parts; nil if the text does not end in such a moment.
    private static func moment(in text: String) -> (name: String, seconds: Double)? {
        guard let at = text.lastIndex(of: "@"), at != text.startIndex else { return nil }
        let tail = text[text.index(after: at)...]
        guard let seconds = Double(tail), seconds.isFinite, seconds >= 0 else { return nil }
        return (String(text[..<at]), seconds)
    }

    /// What results are called: the clip or file, with the moment as it was written.
    private static func name(_ name: String, _ text: String, _ seconds: Double?) -> String {
        guard seconds != nil, let at = text.lastIndex(of: "@") else { return name }
        return name + text[at...]
    }
}
