import Evaluation
import Wording

/// The section on confused classes: for clips with one label, the class with the highest score.
struct ConfusionSection {
    private let content: ReportContent
    /// The maximum number of labels in the picture.
    private static let mostLabels = 30
    /// The maximum number of columns for classes that are not labels.
    private static let mostOthers = 10
    /// The maximum number of pairs in the table.
    private static let mostPairs = 30

    init(_ content: ReportContent) { self.content = content }

    /// The section; nil without a truth, or if no clip has exactly one label.
    var section: ReportPage.Section? {
        guard let found = content.details?.confusion, found.clips > 0 else { return nil }
        let names = content.summary.classes.map(\.name)
        var body = ReportText.note(
            "Of \(counted(found.clips, "clip")) with exactly one label: the class with the highest score.")
        var figures: [ReportFigure] = []
        let labels = found.labels
        if labels.count <= Self.mostLabels {
            let picture = map(found, labels, names).picture()
            body += ReportText.figure(
                picture,
                "Numbers are clips; colours their share of the clips with the label. In orange: mistakes.")
            figures.append(ReportFigure("confusion", picture))
        } else {
            body += ReportText.note(
                "\(labels.count) labels are too many for a picture, which has at most \(Self.mostLabels): the pairs are below."
            )
        }
        body += table(found, labels, names)
        return ReportPage.Section(id: "confusion", title: "Confusion", body: body, figures: figures)
    }

    /// A heat map whose rows are labels. Its columns are the same classes, then other classes that often score highest,
    /// then one column for all remaining classes.
    private func map(_ found: TopOneConfusion, _ labels: [(place: Int, clips: Int)], _ names: [String]) -> HeatMap {
        let rows = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1.place, $0) })
        var others: [Int: Int] = [:]
        for (pair, count) in found.counts where rows[pair.top] == nil { others[pair.top, default: 0] += count }
        let room = min(Self.mostOthers, HeatMap.mostNumbers - 1 - labels.count)
        let shown = others.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(max(0, room)).map(\.key)
        let columns = labels.map(\.place) + shown
        let columnOf = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
        let width = columns.count + 1
        var sums: [Int: Int] = [:]
        for (pair, count) in found.counts {
            sums[(rows[pair.label] ?? 0) * width + (columnOf[pair.top] ?? columns.count), default: 0] += count
        }
        let cells = sums.sorted { $0.key < $1.key }.map { key, count in
            let (row, column) = (key / width, key % width)
            return HeatMap.Cell(
                row: row, column: column, share: Double(count) / Double(labels[row].clips), number: count,
                isMistake: row != column)
        }
        return HeatMap(
            label: "Confusion of \(found.clips) clips with one label", rows: labels.map { names[$0.place] },
            columns: columns.map { names[$0] } + (others.count > shown.count ? ["(another class)"] : []),
            rowTitle: "label", columnTitle: "highest score", cells: cells)
    }

    private func table(_ found: TopOneConfusion, _ labels: [(place: Int, clips: Int)], _ names: [String]) -> String {
        let mistakes = found.mistakes
        if mistakes.isEmpty { return ReportText.note("No clip was taken for another class.") }
        let clipsOf = Dictionary(uniqueKeysWithValues: labels.map { ($0.place, $0.clips) })
        let rows = mistakes.prefix(Self.mostPairs).map { mistake in
            let all = clipsOf[mistake.pair.label] ?? 0
            return [
                link(mistake.pair.label, names), link(mistake.pair.top, names), "\(mistake.clips)",
                "\(HTMLText.percent(Double(mistake.clips) / Double(all))) of \(all)",
            ]
        }
        let cut =
            mistakes.count > rows.count
            ? ReportText.note("The \(rows.count) most frequent of \(mistakes.count) pairs.") : ""
        return ReportText.table(["Label", "Taken for", "Clips", "Share"], rows, style: "small named") + cut
    }

    private func link(_ index: Int, _ names: [String]) -> String {
        "<a href=\"#class-\(index)\">\(HTMLText.name(names[index]))</a>"
    }
}
