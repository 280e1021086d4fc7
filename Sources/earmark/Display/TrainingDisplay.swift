import Foundation
import Pipeline
import Training

/// Shows the progress of training: a line that is rewritten on a terminal, and one line per epoch everywhere.
final class TrainingDisplay {
    private static let interval = 0.3
    private let epochs: Int
    private let quiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) != 0
    private var lastShown: Stopwatch?
    private var epochSeconds: [Double] = []

    init(epochs: Int, quiet: Bool) {
        self.epochs = epochs
        self.quiet = quiet
    }

    func show(_ event: Trainer.Event) {
        if quiet { return }
        switch event {
        case .step(let epoch, let step, let steps, let loss, let speed):
            guard isTerminal, lastShown.map({ $0.seconds >= Self.interval }) ?? true else { return }
            lastShown = Stopwatch()
            let line =
                "training: epoch \(epoch)/\(epochs), step \(step)/\(steps), loss \(Figures.fixed(loss, 4)), "
                + "\(Figures.fixed(speed, 0)) chunks/s"
            write("\r\(line.prefix(max(1, Terminal.columns(STDERR_FILENO) - 1)))\u{1B}[K")
        case .epoch(let record, let isBest):
            epochSeconds.append(record.seconds)
            let mean = epochSeconds.reduce(0, +) / Double(epochSeconds.count)
            var line = "epoch \(record.epoch)/\(epochs): loss \(Figures.fixed(record.loss, 4))"
            if !record.validationMAP.isNaN {
                line +=
                    ", validation loss \(Figures.fixed(record.validationLoss, 4)), "
                    + "mAP \(Figures.fixed(record.validationMAP, 4))\(isBest ? " (best)" : "")"
            }
            line += ", \(Figures.fixed(record.chunksPerSecond, 0)) chunks/s"
            if record.epoch < epochs { line += ", ETA \(Figures.duration(mean * Double(epochs - record.epoch)))" }
            write((isTerminal ? "\r" : "") + line + (isTerminal ? "\u{1B}[K\n" : "\n"))
        }
    }

    private func write(_ text: String) { StandardStream.errors.write(text) }
}
