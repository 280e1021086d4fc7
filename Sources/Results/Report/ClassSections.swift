import Evaluation
import Wording

/// The sections about classes: bar charts, a table, and details of each class.
struct ClassSections {
    let content: ReportContent
    var summary: SummaryReport { content.summary }
    /// Class indices, sorted by descending number of clips at or above the threshold.
    private let order: [Int]
    /// The maximum number of bars in a picture; the page's table has all classes.
    private static let mostBars = 40

    init(_ content: ReportContent) {
        self.content = content
        let classes = content.summary.classes
        order = classes.indices.sorted { (classes[$1].clipsAbove, $0) < (classes[$0].clipsAbove, $1) }
    }

    /// Whether a class has neither clips at the threshold nor, as far as is known, any in the truth. The table shows
    /// such classes only when asked.
    private func isEmpty(_ row: ClassReport) -> Bool { row.clipsAbove == 0 && row.truth?.metrics.positives ?? 0 == 0 }

    // MARK: Bars

    /// Bar charts of clips at or above the threshold and of average precision.
    var charts: ReportPage.Section {
        var body = ""
        var figures: [ReportFigure] = []
        let hits = order.filter { summary.classes[$0].clipsAbove > 0 }
        add(
            BarPicture(
                label: "Clips at or above the threshold, by class",
                bars: hits.prefix(Self.mostBars).map {
                    let row = summary.classes[$0]
                    return .init(
                        name: row.name, value: Double(row.clipsAbove), text: "\(row.clipsAbove)", interval: nil)
                }, full: nil),
            name: "clips-above",
            caption: "Clips at or above the class's threshold" + cut(hits.count, "with the most clips"),
            none: "No clip reaches the threshold of a class.", &body, &figures)
        if summary.truth != nil {
            let known = summary.classes.compactMap { row in
                row.truth.flatMap { $0.metrics.averagePrecision.isNaN ? nil : (row: row, truth: $0) }
            }
            let best = known.enumerated().sorted {
                ($1.element.truth.metrics.averagePrecision, $0.offset)
                    < ($0.element.truth.metrics.averagePrecision, $1.offset)
            }.map(\.element)
            // Both ends of the ranking are of interest.
            let half = Self.mostBars / 2
            let shown = best.count > Self.mostBars ? best.prefix(half) + best.suffix(half) : best[...]
            let left =
                best.count > shown.count
                ? "; shown are the \(half) best and the \(half) worst of \(best.count) classes" : ""
            add(
                BarPicture(
                    label: "Average precision, by class",
                    bars: shown.map {
                        let value = $0.truth.metrics.averagePrecision
                        return .init(
                            name: $0.row.name, value: value, text: HTMLText.number(value),
                            interval: $0.truth.averagePrecisionInterval)
                    }, full: 1, gap: best.count > shown.count ? half : nil),
                name: "average-precision",
                caption: "Average precision with its 95 % interval, from 0 to 1" + left,
                none: "No class has an average precision: \(SummaryReport.Truth.undefinedMeans).", &body, &figures)
        }
        return ReportPage.Section(
            id: "overview", title: "Overview", body: "<div class=\"pair\">\n\(body)</div>\n", figures: figures)
    }

    private func cut(_ count: Int, _ which: String) -> String {
        count > Self.mostBars ? "; shown are the \(Self.mostBars) \(which), of \(count) classes" : ""
    }

    private func add(
        _ bars: BarPicture, name: String, caption: String, none: String, _ body: inout String,
        _ figures: inout [ReportFigure]
    ) {
        guard !bars.bars.isEmpty else {
            body += ReportText.note(none)
            return
        }
        let picture = bars.picture()
        body += ReportText.figure(picture, HTMLText.escaped(caption))
        figures.append(ReportFigure(name, picture))
    }

    // MARK: Table

    /// A table of all classes.
    var table: ReportPage.Section {
        let hasTruth = summary.truth != nil
        var heads = ["Class", "Clips", "Hours", "Mean", "Deviation", "5 %", "25 %", "50 %", "75 %", "95 %", "Maximum"]
        if hasTruth { heads += ["Positives", "AP", "AUC", "d′", "Best F1", "at"] }
        heads.append("Threshold")
        if hasTruth { heads += ["Precision", "Recall", "F1"] }
        let empty = summary.classes.count(where: isEmpty)
        var body = ReportText.note(
            "Clips at or above the class's threshold; hours that chunks at or above it cover; mean, deviation, quantiles and "
                + "maximum of the clip scores" + (hasTruth ? "; then how they agree with the truth" : "")
                + ". A dash is a value that is not defined. Classes are sorted by clips.")
        body += "<div class=\"tools\" id=\"class-tools\" hidden=\"\">\n"
        body += "<label>Search <input type=\"search\" id=\"class-search\" autocomplete=\"off\"/></label>\n"
        if empty > 0 {
            body += "<label><input type=\"checkbox\" id=\"class-empty\"/> show "
            body += "\(counted(empty, "class", "classes")) without clips at the threshold"
            body += (hasTruth ? " or in the truth" : "") + "</label>\n"
        }
        body += "<output id=\"class-count\" aria-live=\"polite\"></output>\n</div>\n"
        body += "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"All classes, scrolls sideways\">"
        body += "<table id=\"classes-table\"><thead><tr>"
        body += heads.map { "<th scope=\"col\">\($0)</th>" }.joined() + "</tr></thead>\n<tbody>\n"
        for index in order { body += tableRow(index) }
        return ReportPage.Section(id: "classes", title: "All classes", body: body + "</tbody></table></div>\n")
    }

    private func tableRow(_ index: Int) -> String {
        let row = summary.classes[index]
        var values = ([row.hoursAbove, row.mean, row.deviation] + row.quantiles + [row.maximum]).map(HTMLText.number)
        if let metrics = row.truth?.metrics {
            values.append("\(metrics.positives)")
            values += [
                metrics.averagePrecision, metrics.auc, metrics.dPrime, metrics.bestF1, Double(metrics.bestThreshold),
            ].map(HTMLText.number)
        }
        values.append(HTMLText.number(row.threshold))
        if let counts = row.truth?.counts {
            values += [counts.precision, counts.recall, counts.f1].map(HTMLText.number)
        }
        let name = HTMLText.name(row.name)
        let head = content.details == nil ? name : "<a href=\"#class-\(index)\">\(name)</a>"
        return "<tr\(isEmpty(row) ? " data-empty=\"\"" : "")><th scope=\"row\">\(head)</th><td>\(row.clipsAbove)</td>"
            + values.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
    }

    // MARK: One by one

    /// The details of each class; nil if the report contains only statistics.
    var details: ReportPage.Section? {
        guard let details = content.details else { return nil }
        var figures: [ReportFigure] = []
        var body = ReportText.note(legend(details))
        if summary.classes.isEmpty { body += ReportText.note("The model has no classes.") }
        for index in order {
            let part = ClassDetail(content, details, index)
            body += part.html(&figures)
        }
        return ReportPage.Section(id: "each", title: "Class by class", body: body, figures: figures)
    }

    private func legend(_ details: ReportDetails) -> String {
        var text =
            "Histograms show clip scores in \(ScoreHistogram.bins) bins; a bar's height is the logarithm of 1 + clips, as most "
            + "scores are near 0. The dashed line is the threshold."
        if summary.truth != nil {
            text +=
                " In orange: clips "
                + (content.judged == nil ? "that truly have the class." : "in which reviewers accepted the class.")
                + " The area under a curve is the average precision; the dot is the threshold."
        }
        return text
    }
}
