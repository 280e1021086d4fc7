import ArgumentParser
import Cache
import Evaluation
import Foundation
import Ledger
import Results
import Wording

struct SearchCommand: ParsableCommand {
    /// The formats that are written as bytes.
    struct Format: ExpressibleByArgument {
        let format: EventFormat

        static let allValueStrings = EventFormat.all.map(\.name)

        init(_ format: EventFormat) { self.format = format }

        init?(argument: String) {
            guard let format = EventFormat.named(argument) else { return nil }
            self.format = format
        }

        var defaultValueDescription: String { format.name }
    }

    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find what sounds alike: clip, path, start, end, label, score, peak.",
        discussion: """
            Every chunk whose embedding the cache keeps is compared with that of the query, and those with the highest \
            cosine are written as events, the best first; the label is the query's name. The query is a clip of the \
            cache, or any recording: that is decoded and run through the pipeline's own stages, in memory. @SECONDS \
            behind either means the one chunk that begins then, or last before then; without it, each chunk of the \
            cache counts by the chunk of the query that it is most like. Chunks that overlap the query's own are left \
            out. The pipeline must keep embeddings, with a stage like 'embeddings: {uses: cache, from: \
            infer.embeddings}'. 'export clips --events' cuts out what was found. Docs/Search.md tells more.

            EXAMPLE  earmark search --cache c --like rec-17@63.5 --top 20
            EXAMPLE  earmark search --cache c --like bark.wav --least 0.8 --gap 0.5 --out alike.csv
            """)

    @OptionGroup var cache: CacheOption
    @Option(
        help: ArgumentHelp(
            "What to find the like of: a clip's name or a path, and @SECONDS for one moment.", valueName: "sound"),
        completion: .file())
    var like: String
    @OptionGroup var choice: EmbeddingOptions
    @Option(help: ArgumentHelp("At most this many chunks, at least 1.", valueName: "count")) var top = 50
    @Option(help: ArgumentHelp("Only chunks with this cosine or a higher one, 0 to 1.", valueName: "cosine"))
    var least = 0.0
    @OptionGroup var clips: ClipPatterns
    @Flag(help: "Leave out the clips of the query's recording.") var notSameClip = false
    @Option(
        help: ArgumentHelp(
            """
            Make one result of found chunks of a clip that overlap, touch, or are closer together than this (default: \
            each is a result).
            """, valueName: "seconds"))
    var gap: Double?
    @Option(help: ArgumentHelp("What the results are called (default: the query's name).", valueName: "name"))
    var label: String?
    @Option(help: ArgumentHelp("\(SearchCommand.formats).", valueName: "format"))
    var format = Format(EventFormat.all[0])
    @Option(help: ArgumentHelp("File to write; - for standard output.", valueName: "path"), completion: .file())
    var out = "-"
    @Option(help: "Threads that compare (default: one per processor).") var workers: Int = ProcessInfo.processInfo
        .activeProcessorCount

    private static var formats: String {
        let names = Format.allValueStrings
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }

    func validate() throws {
        if like.isEmpty { throw ValidationError("--like is empty, expected a clip's name or a path") }
        guard (1...1_000_000).contains(top) else { throw ValidationError("--top is \(top), expected 1 to 1000000") }
        try SelectionOptions.check("--least", least)
        if let gap, !(gap >= 0 && gap.isFinite) {
            throw ValidationError("--gap is \(gap), expected 0 seconds or more")
        }
        if label?.isEmpty == true { throw ValidationError("--label is empty, expected a name") }
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers), expected 1 to 1024") }
    }

    private var request: SearchRequest {
        var request = SearchRequest(like: like)
        (request.top, request.least, request.gap) = (top, least, gap)
        (request.clips, request.isOfOtherClips) = (clips.clips, notSameClip)
        (request.label, request.threads) = (label, workers)
        return request
    }

    func run() throws {
        let output = ExportOutput(out: out)
        try output.check()
        try SystemLimits.require()
        let cache = cache.value
        let ledger = try cache.reading()
        let (search, outcome, columns) = try ledger.consistently {
            let search = try SimilaritySearch(
                cache: cache, ledger: ledger, pipeline: choice.pipeline, stage: choice.stage, request: request)
            if let notice = search.source.notice { say(TerminalText.plain(notice)) }
            let outcome = try search.run()
            let columns = try SearchExport(search, version: Earmark.version).write(outcome, format.format, to: out)
            return (search, outcome, columns)
        }
        let chunks = outcome.hits == outcome.found.count ? "" : " of \(counted(outcome.hits, "chunk"))"
        let recordings = Set(outcome.found.map(\.position)).count
        try output.conclude(
            "\(counted(outcome.found.count, "result"))\(chunks) in \(counted(recordings, "clip")), like "
                + "'\(TerminalText.plain(search.label))'", what: "the search is",
            pipeline: search.source.pipeline, coverage: outcome.coverage, settings: search.settings, columns: columns
        ) { tell(outcome) }
    }

    private func tell(_ outcome: SimilaritySearch.Outcome) {
        let tally = outcome.tally
        var left: [String] = []
        if tally.excluded > 0 { left.append("\(counted(tally.excluded, "chunk")) overlapping the query") }
        if outcome.ownClips > 0 { left.append("\(counted(outcome.ownClips, "clip")) of the query's recording") }
        if tally.unheard > 0 { left.append("\(counted(tally.unheard, "chunk")) that no model heard") }
        if tally.zero > 0 { left.append("\(counted(tally.zero, "chunk")) whose embedding is all zeros") }
        sayWrapped(
            "compared: \(grouped(tally.compared)) \(tally.compared == 1 ? "chunk" : "chunks")"
                + (left.isEmpty ? "" : "; left out: " + left.joined(separator: ", ")))
        let (unheard, zero) = (outcome.queryUnheard, outcome.queryZero)
        guard unheard + zero > 0 else { return }
        sayWrapped(
            "searched for \(counted(outcome.queryChunks, "chunk")) of the query, and not for "
                + [
                    unheard > 0 ? "\(unheard) that no model heard" : nil,
                    zero > 0 ? "\(zero) whose embedding is all zeros" : nil,
                ].compactMap(\.self).joined(separator: " and "))
    }
}
