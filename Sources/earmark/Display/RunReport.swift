import Foundation
import Ledger
import Wording

/// The state of the last run on a cache: the ledger's record of it, and whether a process holds the cache now.
struct RunReport {
    enum State: Equatable {
        case never
        case running(CacheLock.Holder?)
        case killed
        case ended(RunRecord.Ending)
    }

    let run: RunRecord?
    let state: State
    /// A process that holds the cache although the last run is over: it is planning a run, repairing, pruning or
    /// retrying.
    let other: CacheLock.Holder?
    private let now: Double

    init(run: RunRecord?, lock: CacheLock.State, now: Double = Date().timeIntervalSince1970) {
        self.run = run
        self.now = now
        var holder: CacheLock.Holder?
        if case .held(let found) = lock { holder = found }
        guard let run else {
            (state, other) = (.never, holder)
            return
        }
        if let ending = run.ending {
            (state, other) = (.ended(ending), holder)
        } else if lock == .free {
            (state, other) = (.killed, nil)
        } else if let started = holder?.started, started > run.started {
            // The process that holds the cache now started later, so the unfinished run is not its own.
            (state, other) = (.killed, holder)
        } else {
            (state, other) = (.running(holder), nil)
        }
    }

    /// The state in a few words.
    var word: String {
        switch state {
        case .never: "none"
        case .running: "running"
        case .killed: "killed"
        case .ended(.complete): "complete"
        case .ended(.interrupted): "interrupted"
        case .ended(.outOfSpace): "out of space"
        case .ended(.fault): "stopped by a fault"
        }
    }

    private var fault: String? {
        switch state {
        case .ended(.outOfSpace(let words)), .ended(.fault(let words)): words.isEmpty ? nil : words
        default: nil
        }
    }

    /// Seconds that the run took or has taken so far; nil if it was killed, or if the clock was set back meanwhile.
    private var seconds: Double? {
        guard let run else { return nil }
        if case .running = state { return now >= run.started ? now - run.started : nil }
        return run.finished.flatMap { $0 >= run.started ? $0 - run.started : nil }
    }

    /// Lines for people, each at most 80 characters long, except the error's own words.
    ///
    /// - Parameter pipeline: the pipeline that the command is about; if another one ran last, the lines name it.
    func lines(pipeline: String) -> [String] {
        guard let run else { return ["last run: none"] }
        let whose = run.pipeline == pipeline ? "" : " (pipeline \(TerminalText.plain(run.pipeline)))"
        let took = seconds.map { ", " + ($0 < 10 ? "\(Figures.fixed($0, 1)) s" : Figures.duration($0)) } ?? ""
        var lines: [String]
        switch state {
        case .never: lines = []
        case .running(let holder):
            lines = [
                "last run: running\(whose) since \(Self.time(run.started))\(took)",
                "  " + (holder.map { "process \($0.process) on \($0.host), " } ?? "")
                    + counted(run.workers, "worker"),
            ]
        case .killed:
            lines = [
                "last run: killed\(whose), started \(Self.time(run.started)), \(counted(run.workers, "worker"))",
                "  what it had finished is kept; the same command goes on from there",
            ]
        case .ended where run.mergedParts != nil:
            lines = ["last run: \(counted(run.mergedParts ?? 0, "part")), merged\(whose)"]
            lines.append(
                "  \(Self.time(run.started))\(run.finished.map { " to \(Self.time($0))" } ?? "")\(took); "
                    + "\(run.done) done, \(run.failed) failed")
        case .ended:
            lines = ["last run: \(word)\(whose), \(counted(run.workers, "worker"))"]
            lines.append(
                "  \(Self.time(run.started))\(run.finished.map { " to \(Self.time($0))" } ?? "")\(took); "
                    + "\(run.done) done, \(run.failed) failed")
        }
        if let fault { lines.append("  " + TerminalText.plain(fault)) }
        if let other { lines.append("in use now: process \(other.process) on \(other.host), since \(other.since)") }
        return lines
    }

    /// A JSON object; null if there was no run.
    var json: String {
        guard let run else { return "null" }
        var holder: CacheLock.Holder?
        if case .running(let found) = state { holder = found }
        let fields: [(String, String?)] = [
            ("state", JSON.text(word)), ("pipeline", JSON.text(run.pipeline)),
            ("started", JSON.text(Self.time(run.started))),
            ("ended", run.finished.map { JSON.text(Self.time($0)) }), ("seconds", seconds.map { Figures.fixed($0, 1) }),
            ("audio_seconds", run.audio.map { Figures.fixed($0, 1) }), ("workers", "\(run.workers)"),
            ("merged_parts", run.mergedParts.map(String.init)),
            ("done", run.finished == nil ? nil : "\(run.done)"),
            ("failed", run.finished == nil ? nil : "\(run.failed)"), ("fault", fault.map(JSON.text)),
            ("process", holder.map { "\($0.process)" }), ("host", holder.map { JSON.text($0.host) }),
        ]
        return "{" + fields.map { "\"\($0)\":\($1 ?? "null")" }.joined(separator: ",") + "}"
    }

    private static func time(_ seconds: Double) -> String { Date(timeIntervalSince1970: seconds).formatted(.iso8601) }
}
