import Evaluation
import Wording

/// Precision over recall for all classes together.
struct CurvesSection {
    private let content: ReportContent

    init(_ content: ReportContent) { self.content = content }

    /// nil without a truth or its labels.
    var section: ReportPage.Section? {
        guard let curve = content.details?.microCurve, let truth = content.summary.truth else { return nil }
        let picture = CurvePicture(name: "All classes", curve: curve, point: nil).picture()
        let caption =
            "Precision over recall of all clips and classes as one ranking; \(counted(curve.positives, "label")), micro AP "
            + "\(HTMLText.number(truth.microAveragePrecision)). Curves of single classes stand with the classes."
        return ReportPage.Section(
            id: "curves", title: "Precision and recall",
            body: "<div class=\"pair\">\n" + ReportText.figure(picture, HTMLText.escaped(caption)) + "</div>\n",
            figures: [ReportFigure("precision-recall", picture)])
    }
}
