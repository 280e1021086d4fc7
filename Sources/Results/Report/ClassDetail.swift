import Evaluation
import Wording

/// The section of one class: its score distribution, curve, places, co-occurring classes and examples.
struct ClassDetail {
    private let content: ReportContent
    private let details: ReportDetails
    private let index: Int
    private var row: ClassReport { content.summary.classes[index] }
    private var found: ReportDetails.ClassDetails { details.classes[index] }
    /// The maximum number of groups listed.
    private static let mostGroups = 8

    init(_ content: ReportContent, _ details: ReportDetails, _ index: Int) {
        self.content = content
        self.details = details
        self.index = index
    }

    /// The common prefix of the class's picture names. It contains the class's index in the model, zero-padded to the
    /// width of the last index.
    private var stem: String {
        let width = "\(max(0, content.summary.classes.count - 1))".count
        let number = "\(index)"
        return "class-" + String(repeating: "0", count: width - number.count) + number + "-"
            + SafeName.component(row.name, limit: 60)
    }

    /// A collapsible HTML section; its pictures are added to `figures`.
    func html(_ figures: inout [ReportFigure]) -> String {
        var facts = [counted(row.clipsAbove, "clip")]
        if row.hoursAbove.isFinite { facts.append("\(HTMLText.number(row.hoursAbove)) h") }
        if let metrics = row.truth?.metrics, !metrics.averagePrecision.isNaN {
            facts.append("AP \(HTMLText.number(metrics.averagePrecision))")
        }
        // The anchor is inside the section: browsers open the section around a link's target, even without a script.
        var text = "<details class=\"class\"><summary><h3>\(HTMLText.name(row.name))</h3> "
        text += "<span class=\"note\">\(facts.joined(separator: ", "))</span></summary>\n<div class=\"body\" "
        text += "id=\"class-\(index)\">\n<div class=\"pair\">\n"
        let histogram = HistogramPicture(name: row.name, histogram: found.histogram, threshold: row.threshold).picture()
        text += ReportText.figure(
            histogram,
            "Scores of \(counted(content.summary.scoredClips, "clip")); threshold \(HTMLText.number(row.threshold))")
        figures.append(ReportFigure("\(stem)-scores", histogram))
        if let curve = found.curve {
            let counts = row.truth?.counts
            let point = counts.flatMap { $0.counted > 0 ? (recall: $0.recall, precision: $0.precision) : nil }
            let picture = CurvePicture(name: row.name, curve: curve, point: point).picture()
            var caption =
                found.judged.map {
                    "Precision and recall of the \(counted($0, "judged clip")), \(curve.positives) of them accepted"
                } ?? "Precision and recall; \(counted(curve.positives, "positive"))"
            if let point {
                caption += ", at the threshold \(HTMLText.number(point.precision)) and \(HTMLText.number(point.recall))"
            }
            text += ReportText.figure(picture, caption)
            figures.append(ReportFigure("\(stem)-precision-recall", picture))
        } else if content.summary.truth != nil {
            text += ReportText.note(
                content.judged == nil
                    ? "No curve: no clip truly has this class."
                    : found.judged ?? 0 == 0
                        ? "No curve: no clip was judged."
                        : "No curve: of \(counted(found.judged ?? 0, "judged clip")), none was accepted.")
        }
        text += "</div>\n"
        let tables = (places + divided(&figures) + [companions]).compactMap(\.self)
        if !tables.isEmpty { text += "<div class=\"pair\">\n\(tables.joined())</div>\n" }
        text += ExampleList(content, details, index, stem: stem).html(&figures)
        return text + "</div></details>\n"
    }

    /// Tables of where the class was found, one for each division that has more than one group.
    private var places: [String?] {
        if row.clipsAbove == 0 { return [] }
        return zip(details.groups, found.clipsByGroup).map { groups, counts in
            guard groups.isDivided else { return nil }
            let rows = counts.prefix(Self.mostGroups).map { count in
                let all = groups.clips[count.group]
                return [
                    HTMLText.name(groups.names[count.group]), "\(count.clips)",
                    "\(HTMLText.percent(Double(count.clips) / Double(all))) of \(all)",
                ]
            }
            let rest = counts.dropFirst(Self.mostGroups)
            let more =
                rest.isEmpty
                ? ""
                : ReportText.note(
                    "and \(rest.reduce(0) { $0 + $1.clips }) in \(counted(rest.count, "more \(groups.kind)"))")
            return "<div>" + ReportText.table(["By \(groups.kind)", "Clips", "Share"], Array(rows), style: "small")
                + more
                + "</div>\n"
        }
    }

    /// When or where the class was found, by hour of day and by the other divisions of the clips.
    private func divided(_ figures: inout [ReportFigure]) -> [String?] {
        content.divisions.map { division in
            let part = DivisionDetail(division, index, className: row.name)
            if division.kind == .hour, let picture = part.picture() {
                figures.append(ReportFigure("\(stem)-hours", picture))
                return ReportText.figure(picture, HTMLText.escaped(part.caption))
            }
            return part.table
        }
    }

    private var companions: String? {
        guard !found.companions.isEmpty else { return nil }
        let rows = found.companions.map { other in
            [
                "<a href=\"#class-\(other.index)\">\(HTMLText.name(content.summary.classes[other.index].name))</a>",
                "\(other.clips)", HTMLText.percent(Double(other.clips) / Double(row.clipsAbove)),
            ]
        }
        return "<div>" + ReportText.table(["Together with", "Clips", "Share"], rows, style: "small") + "</div>\n"
    }
}
