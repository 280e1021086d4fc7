import Foundation
import Pipeline
import Stages

/// Shows how a run goes: a bar on a terminal, a line now and then elsewhere, or events as JSON lines.
final class ProgressDisplay: @unchecked Sendable {
    enum Style { case bar, lines, json, quiet }

    private static let barInterval = 0.2
    private static let lineInterval = 10.0

    private let style: Style
    private let total: Int
    private let start = Date()
    private let lock = NSLock()
    private var done = 0
    private var failed = 0
    private var seconds = 0.0
    private var lastShown = Date.distantPast

    /// - Parameter total: clips with work to do.
    init(style: Style, total: Int) {
        self.style = style
        self.total = total
    }

    static func style(quiet: Bool, json: Bool) -> Style {
        if json { return .json }
        if quiet { return .quiet }
        return isatty(STDERR_FILENO) != 0 ? .bar : .lines
    }

    /// Called after each commit, on the committer's thread.
    func add(_ outcomes: [Outcome]) {
        lock.lock()
        defer { lock.unlock() }
        for outcome in outcomes {
            if outcome.failure == nil { done += 1 } else { failed += 1 }
            seconds += outcome.seconds
        }
        let interval = style == .bar ? Self.barInterval : Self.lineInterval
        guard -lastShown.timeIntervalSinceNow >= interval else { return }
        lastShown = Date()
        show()
    }

    /// The last word, whatever the interval.
    func finish() {
        lock.lock()
        defer { lock.unlock() }
        show()
        if style == .bar { write("\n") }
    }

    var audioSeconds: Double {
        lock.lock()
        defer { lock.unlock() }
        return seconds
    }

    private func show() {
        let elapsed = max(-start.timeIntervalSinceNow, 1e-6)
        let ended = done + failed
        let remaining = ended > 0 ? elapsed / Double(ended) * Double(total - ended) : 0
        let speed = seconds / elapsed
        switch style {
        case .quiet: return
        case .json:
            print(
                #"{"event":"progress","clips":\#(total),"done":\#(done),"failed":\#(failed),"#
                    + #""audio_s":\#(Figures.fixed(seconds, 1)),"elapsed_s":\#(Figures.fixed(elapsed, 2)),"#
                    + #""x_realtime":\#(Figures.fixed(speed, 1)),"eta_s":\#(Figures.fixed(remaining, 0))}"#)
            fflush(nil)
        case .lines: write(line(ended, speed, remaining) + "\n")
        case .bar:
            let width = 24
            let filled = total > 0 ? ended * width / total : width
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
            write("\r[\(bar)] " + line(ended, speed, remaining) + "\u{1B}[K")
        }
    }

    private func line(_ ended: Int, _ speed: Double, _ remaining: Double) -> String {
        var text =
            "\(ended)/\(total) clips, \(Figures.fixed(seconds / 3600, 2)) h, \(Figures.fixed(speed, 0)) x real time"
        if ended < total { text += ", ETA \(Figures.duration(remaining))" }
        if failed > 0 { text += ", \(failed) failed" }
        return text
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
