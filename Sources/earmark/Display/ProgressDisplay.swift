import Foundation
import Pipeline
import Wording

/// Shows the progress of a run: a bar on a terminal, an occasional line elsewhere, or events as JSON lines.
///
/// A separate thread updates the display. Audio, speed and time left advance with every decoded block, even within a
/// long clip; clips count once they are durable.
final class ProgressDisplay: @unchecked Sendable {
    enum Style { case bar, lines, json, quiet }

    private static let barInterval = 0.2
    private static let lineInterval = 10.0

    private let style: Style
    private let total: Int
    private let progress: RunProgress
    private let watch = Stopwatch()
    private let condition = MonotonicCondition()
    private var done = 0
    private var failed = 0
    /// Seconds of audio in durable clips: done, and failed.
    private var seconds = (done: 0.0, failed: 0.0)
    private var isOver = false

    /// - Parameters:
    ///   - total: the number of clips with work to do.
    ///   - progress: the progress of the run that is shown.
    init(style: Style, total: Int, progress: RunProgress) {
        self.style = style
        self.total = total
        self.progress = progress
    }

    static func style(quiet: Bool, json: Bool) -> Style {
        if json { return .json }
        if quiet { return .quiet }
        return isatty(STDERR_FILENO) != 0 ? .bar : .lines
    }

    /// Starts the display's thread.
    func start() {
        guard style != .quiet, total > 0 else { return }
        let thread = Thread { [self] in
            condition.lock()
            while !isOver {
                if condition.wait(seconds: style == .bar ? Self.barInterval : Self.lineInterval) { continue }
                if !isOver { show(current()) }
            }
            condition.unlock()
        }
        thread.name = "progress"
        thread.start()
    }

    /// Counts the clips of a commit; called after each commit, on the committer's thread.
    func add(_ outcomes: [Outcome]) {
        condition.lock()
        defer { condition.unlock() }
        for outcome in outcomes {
            if outcome.failure == nil {
                done += 1
                seconds.done += outcome.seconds
            } else {
                failed += 1
                seconds.failed += outcome.seconds
            }
        }
    }

    /// Shows the final figures: the audio of durable clips or, if the run ended early, all that was processed.
    func finish() {
        condition.lock()
        defer { condition.unlock() }
        isOver = true
        condition.broadcast()
        guard total > 0 else { return }
        var figures = current()
        if done + failed == total {
            figures.heard = seconds.done + seconds.failed
            figures.total = figures.heard
        }
        figures.isLast = true
        show(figures)
        if style == .bar { StandardStream.errors.write("\n") }
    }

    /// Seconds of audio in the clips that are done.
    var audioSeconds: Double {
        condition.lock()
        defer { condition.unlock() }
        return seconds.done
    }

    private func current() -> ProgressFigures {
        let reading = progress.reading
        return ProgressFigures(
            clips: total, done: done, failed: failed, heard: reading.heard, total: reading.total,
            elapsed: watch.seconds)
    }

    private func show(_ figures: ProgressFigures) {
        switch style {
        case .quiet: return
        case .json:
            print(figures.json)
            StandardStream.output.flush()
        case .lines: say(figures.text)
        case .bar:
            StandardStream.errors.write("\r" + figures.bar(columns: Terminal.columns(STDERR_FILENO)) + "\u{1B}[K")
        }
    }
}

/// The figures of a run at one moment, and their texts.
struct ProgressFigures {
    /// Clips with work to do.
    var clips: Int
    /// Clips whose results are durable.
    var done: Int
    var failed: Int
    /// Seconds of audio processed so far.
    var heard: Double
    /// Estimated seconds of audio in all; nil if nothing is known yet.
    var total: Double?
    /// Seconds since the run began.
    var elapsed: Double
    var isLast = false

    /// Seconds of audio per second.
    var speed: Double { heard / max(elapsed, 1e-6) }

    /// Seconds left at the mean speed so far, which is steadier than the speed of the last few seconds and right in the
    /// long run; nil if it is not known.
    var remaining: Double? {
        if isLast { return nil }
        guard let total, heard > 0, elapsed > 0 else { return nil }
        return max(0, total - heard) / speed
    }

    /// The share that is done, 0 to 1: by audio; by clips at the end, and when no audio is processed, as when only
    /// scores are computed again.
    var share: Double {
        let ended = clips > 0 ? Double(done + failed) / Double(clips) : 1
        guard !isLast, let total, total > 0 else { return ended }
        return min(1, heard / total)
    }

    private var counts: String { "\(done + failed)/\(counted(clips, "clip"))" }
    private var failures: String? { failed > 0 ? "\(failed) failed" : nil }
    private var eta: String? { remaining.map { "ETA \(Figures.duration($0))" } }

    private var audio: String {
        guard !isLast, let total else { return Figures.audio(heard) }
        return "\(Figures.audio(heard)) of about \(Figures.audio(total))"
    }

    /// One line of text.
    var text: String {
        [counts, audio, "\(Figures.fixed(speed, 0)) x real time", eta, failures].compactMap { $0 }.joined(
            separator: ", ")
    }

    /// One line, shorter than the terminal is wide: a bar, and as many figures beside it as fit.
    func bar(columns: Int) -> String {
        let room = max(1, columns - 1)
        let speed = "\(Figures.fixed(speed, 0)) x"
        // The least important figures are dropped first; progress and failures stay longest.
        let choices: [[String?]] = [
            [counts, audio, "\(Figures.fixed(self.speed, 0)) x real time", eta, failures],
            [counts, audio, speed, eta, failures], [counts, speed, eta, failures], [counts, eta, failures],
            [counts, failures], ["\(Int(share * 100)) %", failures], ["\(Int(share * 100)) %"],
        ]
        for choice in choices {
            let words = choice.compactMap { $0 }.joined(separator: ", ")
            let left = room - words.count
            if left >= 13 { return "[\(Self.bar(share, min(24, left - 3)))] " + words }
            if left >= 0, choice.count <= 3 { return words }
        }
        return ""
    }

    private static func bar(_ share: Double, _ width: Int) -> String {
        let filled = min(width, max(0, Int(share * Double(width))))
        return String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    }

    /// One event as a JSON object.
    var json: String {
        #"{"event":"progress","clips":\#(clips),"done":\#(done),"failed":\#(failed),"#
            + #""audio_s":\#(Figures.fixed(heard, 1)),"audio_total_s":\#(total.map { Figures.fixed($0, 1) } ?? "null"),"#
            + #""elapsed_s":\#(Figures.fixed(elapsed, 2)),"x_realtime":\#(Figures.fixed(speed, 1)),"#
            + #""eta_s":\#(isLast && done + failed == clips ? "0" : remaining.map { Figures.fixed($0, 0) } ?? "null")}"#
    }
}
