import Evaluation
import Wording

/// The section on the course of a model's training.
enum LearningSection {
    /// The section; nil if there is no known training history.
    static func section(_ history: TrainingHistory?) -> ReportPage.Section? {
        guard let history else { return nil }
        guard let last = history.epochs.last else {
            return ReportPage.Section(
                id: "training", title: "Training", body: ReportText.note("\(history.file) has no epochs yet."))
        }
        func points(_ value: (TrainingHistory.Epoch) -> Double) -> [(epoch: Int, value: Double)] {
            history.epochs.map { (epoch: $0.number, value: value($0)) }.filter { $0.value.isFinite }
        }
        let best = history.best
        let losses = [("training", points(\.loss)), ("validation", points(\.validationLoss))]
            .filter { !$0.1.isEmpty }.map { LinePicture.Line(name: $0.0, points: $0.1) }
        let precisions = [LinePicture.Line(name: "validation mAP", points: points(\.validationMAP))]
            .filter { !$0.points.isEmpty }
        var body = "<div class=\"pair\">\n"
        var figures: [ReportFigure] = []
        func add(_ lines: [LinePicture.Line], _ name: String, _ label: String, full: Double?, _ caption: String) {
            if lines.isEmpty { return }
            let picture = LinePicture(label: label, lines: lines, full: full, marked: best?.number).picture()
            body += ReportText.figure(picture, caption)
            figures.append(ReportFigure(name, picture))
        }
        add(
            losses, "training-loss", "Loss by epoch", full: nil,
            "Binary cross-entropy of the training chunks"
                + (losses.count > 1 ? ", and in orange of the validation chunks" : ""))
        add(
            precisions, "training-map", "Validation mAP by epoch", full: 1,
            "Mean average precision over the validation clips")
        body += "</div>\n"
        if precisions.isEmpty {
            body += ReportText.note("No validation split: there is no mAP, and the model is the last epoch.")
        }
        var words = "\(counted(history.epochs.count, "epoch")), the last with loss \(HTMLText.number(last.loss))"
        if let best {
            words += "; the model is epoch \(best.number), the dashed line, with validation mAP "
            words += HTMLText.number(best.validationMAP)
        }
        body += ReportText.note(words + "; from \(history.file)")
        return ReportPage.Section(id: "training", title: "Training", body: body, figures: figures)
    }
}

/// The page that training writes next to its model: the learning curves, and what the model was made from.
package enum TrainingPage {
    private static let kind = "training"

    /// The page.
    package static func html(_ history: TrainingHistory, origin: SummaryReport.Origin, title: String) -> String {
        ReportPage.document(
            title: title,
            lead: ["'earmark evaluate' with --out writes a report with the scores of a split beside these curves."],
            sections: [LearningSection.section(history), OriginSection.section(origin)].compactMap(\.self), kind: kind,
            script: nil)
    }

    /// Returns whether a page was written by training, rather than by another command or by hand.
    ///
    /// - Parameter start: the first bytes of the file.
    package static func isOne(_ start: [UInt8]) -> Bool {
        let mark = Array(", \(kind)\"/>".utf8)
        let head = Array("<meta name=\"generator\" content=\"Earmark ".utf8)
        guard let place = start.firstRange(of: head) else { return false }
        let line = start[place.upperBound...].prefix { $0 != UInt8(ascii: "\n") }
        return line.suffix(mark.count).elementsEqual(mark)
    }
}
