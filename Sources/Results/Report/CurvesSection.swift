import Evaluation
import Wording

/// The section with precision over recall for all classes together.
struct CurvesSection {
    private let content: ReportContent

    init(_ content: ReportContent) { self.content = content }

    /// The section; nil without a truth, or if the truth has no labels.
    var section: ReportPage.Section? {
        guard let curve = content.details?.microCurve, let truth = content.summary.truth else { return nil }
        let picture = CurvePicture(name: "All classes", curve: curve, point: nil).picture()
        let caption =
            "Precision over recall of all clips and classes as one ranking; \(counted(curve.positives, "label")), micro AP "
            + "\(HTMLText.number(truth.microAveragePrecision)). The curve of each class is in its own section."
        return ReportPage.Section(
            id: "curves", title: "Precision and recall",
            body: "<div class=\"pair\">\n" + ReportText.figure(picture, HTMLText.escaped(caption)) + "</div>\n",
            figures: [ReportFigure("precision-recall", picture)])
    }
}
