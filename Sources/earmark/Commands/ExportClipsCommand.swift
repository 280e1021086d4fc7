import ArgumentParser
import Audio
import Cache
import Evaluation
import Files
import Ledger
import Results
import Sessions
import Wording

struct ExportClipsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clips", abstract: "Cut sounds out of the recordings, into a folder with an index.",
        discussion: """
            Events are found as 'export events' finds them, or read from a table that it wrote, from which rows may \
            have been removed. Each is cut out with the recording's own sampling rate and channels, and every sample \
            is written as it is decoded; a format with fewer bits than the recording rounds, which is reported. File \
            names have class, score, recording and seconds, and are the same in every export. The folder's index.csv \
            is a manifest of the cuts, for plan, run, train and evaluate, with the events' columns after its own. \
            Recordings that are gone, or have changed since they were analysed, are reported and left out, and so are \
            rows of --events whose clip is not in the cache's manifest; the exit status is then 3.

            EXAMPLE  earmark export clips --cache c --class Dog --per-class 50 --pad 0.5 --out dogs
            EXAMPLE  earmark export clips --cache c --threshold 0.2 --per-class 40 --stratified --out to-judge
            """)

    @OptionGroup var cache: CacheOption
    @Option(
        help: ArgumentHelp("Folder to write into; made if it is missing.", valueName: "dir"), completion: .directory)
    var out: String
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last with chunk scores).")
    var pipeline: String?
    @Option(
        help: ArgumentHelp(
            "Events to cut, as 'export events --format csv' wrote them from this cache (default: those found now).",
            valueName: "csv"), completion: .csv)
    var events: String?
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var rule: EventRuleOptions
    @Option(help: ArgumentHelp("Time to keep before and after an event, within the recording.", valueName: "seconds"))
    var pad = 0.0
    @Option(
        help: ArgumentHelp(
            "At most this many events of each class, those with the highest scores (default: all).", valueName: "count")
    )
    var perClass: Int?
    @Flag(
        help: """
            Spread --per-class over each class's scores: take events in turn from up to ten equal parts of the range \
            between the lowest and the highest. The index then says which part of the range a cut represents, and \
            how many events lie in it.
            """)
    var stratified = false
    @Option(help: "wav or flac.") var format: CutFile.Container = .wav

    func validate() throws {
        guard pad >= 0, pad.isFinite else { throw ValidationError("--pad is \(pad), expected 0 seconds or more") }
        if let perClass, perClass < 1 { throw ValidationError("--per-class is \(perClass), expected 1 or more") }
        if stratified, perClass == nil { throw ValidationError("--stratified spreads --per-class, which is missing") }
        if events != nil { try EventTableOptions.check(selection, rule) }
    }

    /// The events to cut, and where they come from.
    private struct Found {
        let pipeline: PipelineRecord
        let settings: [(name: String, value: String)]
        let events: CutChooser.Events
        /// The coverage of the chosen clips; valid once `events` has been called.
        let coverage: () -> Coverage
        /// Rows of the table of events whose clip this cache does not have.
        var strangers: EventFile.Strangers?
    }

    func run() throws {
        try OutputPath.check(treeBelow: out)
        try SystemLimits.require()
        let cache = cache.value
        let ledger = try cache.reading()
        let choice: CutChoice = perClass.map { stratified ? .spread($0) : .best($0) } ?? .all
        let (found, summary) = try ledger.consistently {
            let found = try events.map { try read($0, ledger) } ?? find(cache, ledger)
            let exporter = ClipExporter(
                ledger: ledger,
                settings: ClipExporter.Settings(
                    pad: pad, container: format, choice: choice,
                    stream: PipelineSettings(text: found.pipeline.settings)?.audioStream))
            let summary = try exporter.export(found.events, to: out) { loss in
                say("\(loss.path): \(loss.reason); \(counted(loss.events, "event")) of clip '\(loss.clip)' not cut out")
            }
            return (found, summary)
        }
        let index = out + "/" + ClipExporter.indexName
        print("\(counted(summary.cuts, "clip")) (\(Figures.audio(summary.seconds))) in \(index)")
        tell(summary)
        let coverage = found.coverage()
        if let skipped = coverage.skipped { sayWrapped(skipped.text) }
        try ExportRecord(
            version: Earmark.version, pipeline: found.pipeline, coverage: coverage,
            settings: found.settings + settings, columns: summary.columns
        ).write(beside: index)
        try CoverageText.conclude(coverage, what: "clips")
        if summary.lostEvents > 0 || found.strangers != nil { throw ExitCode(Status.someFailed) }
    }

    private var settings: [(name: String, value: String)] {
        [("pad", "\(pad)"), ("format", format.rawValue)]
            + (perClass.map { [(stratified ? "per-class.stratified" : "per-class", "\($0)")] } ?? [])
    }

    private func find(_ cache: CacheFolder, _ ledger: Ledger) throws -> Found {
        var request = selection.request
        request.release = rule.release
        let source = try EventSource(
            cache: cache, ledger: ledger, pipeline: pipeline, request: request, gap: rule.gap, least: rule.least)
        if let notice = source.notice { say(TerminalText.plain(notice)) }
        var last: EventSource.Summary?
        return Found(
            pipeline: source.pipeline, settings: source.settings,
            events: { body in last = try source.forEachClip(body) },
            coverage: { last?.coverage ?? Coverage(clips: 0, done: 0, failed: 0) })
    }

    private func read(_ path: String, _ ledger: Ledger) throws -> Found {
        let file = try EventFile(contentsOf: path, ledger: ledger)
        for notice in file.notices { say("earmark: \(TerminalText.plain(notice))") }
        let strangers = file.strangers
        if strangers.rows > 0 {
            sayWrapped(
                "not cut out: \(counted(strangers.rows, "row")) of \(TerminalText.plain(path)) whose clip is not in this "
                    + "cache's manifest, the first on line \(strangers.line): '\(TerminalText.plain(strangers.clip))'")
        }
        let chosen = try file.selected(only: selection.classes, not: selection.notClasses, clips: selection.clips)
        let settings = [
            ("events", FileSystem.absolute(path)), ("events.sha256", SHA256.of(try FileSystem.read(path))),
            ("events.rows-without-clip", "\(strangers.rows)"),
        ]
        return Found(
            pipeline: try PipelineChoice.find(ledger, name: pipeline), settings: settings,
            events: { body in for (clip, events) in chosen { try body(clip, events) } },
            coverage: { Coverage(clips: chosen.count, done: chosen.count, failed: 0) },
            strangers: strangers.rows > 0 ? strangers : nil)
    }

    private func tell(_ summary: ClipExporter.Summary) {
        for note in summary.columns?.notes ?? [] { sayWrapped(TerminalText.plain(note)) }
        if summary.lostEvents > 0 {
            say(
                "not cut out: \(counted(summary.lostEvents, "event")) of "
                    + "\(counted(summary.lostRecordings, "recording")) that \(summary.lostRecordings == 1 ? "is" : "are") gone, "
                    + "changed or unreadable")
        }
        if summary.rounded > 0 {
            let clipped = summary.clipped > 0 ? ", and \(grouped(summary.clipped)) of them cut to full scale" : ""
            say(
                "rounded to 24 bits, the most that flac takes: \(counted(summary.rounded, "clip"))\(clipped) "
                    + "(--format wav keeps every bit)")
        }
        if summary.abandoned > 0 {
            say("removed: \(counted(summary.abandoned, "partial file")) of an export that was killed")
        }
        if summary.stale > 0 {
            say(
                "\(counted(summary.stale, "file")) of an earlier export \(summary.stale == 1 ? "is" : "are") still in \(out), and "
                    + "not in \(ClipExporter.indexName)")
        }
    }
}

extension CutFile.Container: ExpressibleByArgument {}
