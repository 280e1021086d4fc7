import ArgumentParser
import Cache
import Evaluation
import Ledger
import Results
import Wording

struct ExportEventsCommand: ParsableCommand {
    /// The formats that are written as bytes, and the database.
    enum Format: ExpressibleByArgument {
        case bytes(EventFormat)
        case database

        static let allValueStrings = EventFormat.all.map(\.name) + ["sqlite"]

        init?(argument: String) {
            if argument == "sqlite" {
                self = .database
            } else if let format = EventFormat.named(argument) {
                self = .bytes(format)
            } else {
                return nil
            }
        }

        var defaultValueDescription: String {
            switch self {
            case .bytes(let format): format.name
            case .database: "sqlite"
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Write which sounds occur when: clip, path, start, end, label, score, peak.",
        discussion: """
            Events are found in chunk scores; where several chunks cover a moment, their geometric mean counts. An \
            event lasts while this mean is at or above the release, and it must reach the threshold somewhere; its \
            score is the mean over the event, its peak the highest value. Start and end are seconds from the \
            recording's start. Events are sorted by recording, then by start. Docs/Events.md has the rule with \
            worked cases. SQLite files have the tables clips, classes, events and provenance. --reviewed adds what \
            reviewers judged: verdict, reviewer, judged_at, corrected_label, corrected_start, corrected_end.

            Other programs' formats: audacity is a label track, raven a selection table, kaleidoscope its results \
            table, dcase the table that sed_eval reads, webvtt subtitles for players, jams a JAMS file. An audacity, \
            webvtt or jams file is for one recording: for several, give --per-file.

            EXAMPLE  earmark export events --cache c --class Dog --gap 0.5 --out dogs.csv
            EXAMPLE  earmark export events --cache c --format audacity --per-file --out labels
            """)

    @OptionGroup var export: ExportOptions
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last with chunk scores).")
    var pipeline: String?
    @Option(help: ArgumentHelp("\(ExportEventsCommand.formats).", valueName: "format"))
    var format: Format = .bytes(EventFormat.all[0])
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var rule: EventRuleOptions
    @OptionGroup var reviewed: ReviewedOption
    @Flag(
        help: """
            Write one file per recording: --out is a folder in which the recordings' own folders are mirrored. A \
            recording without events gets an empty file.
            """)
    var perFile = false

    /// Whether judgements change the events, as the format has no place for a verdict.
    private var isApplied: Bool { if case .bytes(let format) = format { !format.hasVerdicts } else { false } }

    private static var formats: String {
        let names = Format.allValueStrings
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }

    func validate() throws {
        if reviewed.reviewed, selection.top != nil {
            throw ValidationError(
                "--reviewed with --top: a judged event that is none of the best would look as if it were not found")
        }
        if perFile, case .database = format {
            throw ValidationError("--per-file with --format sqlite: such a file has the events of all recordings")
        }
    }

    func run() throws {
        if perFile { try OutputPath.check(treeBelow: export.out) } else { try export.check() }
        let ledger = try export.cache.value.reading()
        let (events, summary) = try ledger.consistently { () -> (EventExport, EventSource.Summary) in
            var request = selection.request
            request.release = rule.release
            let source = try EventSource(
                cache: export.cache.value, ledger: ledger, pipeline: pipeline, request: request, gap: rule.gap,
                least: rule.least)
            if let notice = source.notice { say(TerminalText.plain(notice)) }
            let events = EventExport(
                source: source, version: Earmark.version,
                reviewed: try reviewed.contents(export.cache.value).map { ($0, ledger) })
            switch format {
            case .bytes(let format) where perFile: return (events, try events.write(format, below: export.out))
            case .bytes(let format): return (events, try events.write(format, to: export.out))
            case .database: return (events, try events.writeDatabase(to: export.out))
            }
        }
        try export.conclude(
            (summary.reviews.map { "\(counted($0.written, "row")) written; found \(counted(summary.events, "event"))" }
                ?? counted(summary.events, "event")) + " in \(counted(summary.coverage.done, "clip"))"
                + events.source.selection.thresholdNote, what: "events",
            pipeline: events.source.pipeline, coverage: summary.coverage, settings: events.settings,
            columns: summary.columns
        ) {
            if summary.unknownLengths > 0 {
                say(
                    "the length of \(counted(summary.unknownLengths, "clip")) is not known, as an earlier version made the "
                        + "rows: events at the end may reach into its padding")
            }
            if let reviews = summary.reviews { ReviewedText.say(reviews, isApplied: isApplied) }
        }
    }
}
