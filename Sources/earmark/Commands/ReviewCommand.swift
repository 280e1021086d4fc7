import ArgumentParser
import Cache
import Dispatch
import Errors
import Foundation
import Ledger
import Pipeline
import Results
import Review
import Sessions
import Wording

struct ReviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Serve a page on which events are heard and judged.",
        discussion: """
            Prints the page's address, which only this machine answers and which has a token in it, and serves until \
            Ctrl-C. Each event is shown with its log-mel picture, its class's curve and a player; one key accepts it, \
            rejects it, marks it as unsure, corrects label or borders, or takes that back. Judgements are kept in \
            judgements.sqlite in the cache, with who and when; several reviewers, and a run on the same cache, may be at \
            work at the same time. 'export labels|events', 'stats' and 'calibrate' take them by --reviewed. \
            Docs/Review.md tells more.

            EXAMPLE  earmark review --cache c --class Dog --threshold 0.2
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: "A pipeline, or PIPELINE.STAGE for one of its models (default: the last with chunk scores).")
    var pipeline: String?
    @Option(
        help: ArgumentHelp(
            "Events to judge, as 'search' or 'export events --format csv' wrote them (default: those found now).",
            valueName: "csv"), completion: .csv)
    var events: String?
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var rule: EventRuleOptions
    @Option(help: ArgumentHelp("Port on 127.0.0.1 (default: any that is free).", valueName: "number")) var port:
        UInt16 = 0
    @Option(help: ArgumentHelp("Who judges; the page can change it (default: the login name).", valueName: "name"))
    var reviewer: String?

    func validate() throws {
        if let reviewer, !Judgement.isReviewerName(reviewer) {
            throw ValidationError("--reviewer is not a name that can be kept, expected \(Judgement.reviewerNames)")
        }
        if events != nil { try EventTableOptions.check(selection, rule) }
    }

    func run() throws {
        var request = selection.request
        request.release = rule.release
        // What is wrong with cache or options is told before a page is served.
        let ledger = try cache.value.reading()
        if let events {
            _ = try EventTableStage(cache: cache.value, ledger: ledger, pipeline: pipeline)
            _ = try EventFile(contentsOf: events, ledger: ledger).selected(
                only: request.only, not: request.not, clips: request.clips)
        } else {
            _ = try EventSource(
                cache: cache.value, ledger: ledger, pipeline: pipeline, request: request, gap: rule.gap,
                least: rule.least)
        }
        var settings = ReviewSettings(
            cache: cache.value, request: request, reviewer: reviewer ?? Self.loginName)
        (settings.pipeline, settings.gap, settings.least) = (pipeline, rule.gap, rule.least)
        settings.events = events
        // A page or sound that a browser still has from an earlier start must not pass for one of this.
        settings.generationsBefore = .random(in: 0..<1 << 29)
        if events == nil, let found = try? PipelineChoice.chunkScored(cache.value.reading(), name: pipeline),
            let notice = found.notice
        {
            say(TerminalText.plain(notice))
        }
        let session = ReviewSession(settings)
        let server = try ReviewServer(session, port: port)
        let stop = StopSignal()
        let trap = SignalTrap(stop) { server.stop() }
        print(server.address)
        StandardStream.output.flush()
        say("earmark: open this address in a browser; Ctrl-C ends the review")
        session.find { state in
            switch state {
            case .ready: say("earmark: the events are found")
            case .failed(let reason): say("earmark: \(TerminalText.plain(reason))")
            case .finding: break
            }
        }
        try server.wait()
        withExtendedLifetime(trap) {}
    }

    private static var loginName: String {
        let name = NSUserName()
        return Judgement.isReviewerName(name) ? name : "reviewer"
    }
}
