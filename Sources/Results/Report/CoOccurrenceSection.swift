import Evaluation
import Wording

/// The section on classes that are found in the same clips.
struct CoOccurrenceSection {
    private let content: ReportContent
    /// The maximum number of classes in the picture.
    private static let mostClasses = 60
    /// The maximum number of pairs in the table.
    private static let mostPairs = 20

    init(_ content: ReportContent) { self.content = content }

    /// The section; nil if the report contains only statistics. If fewer than two classes are found, it is just a note.
    var section: ReportPage.Section? {
        guard let found = content.details?.coOccurrence else { return nil }
        guard found.classes.count > 1 else {
            return ReportPage.Section(
                id: "together", title: "Classes together",
                body: ReportText.note("Fewer than two classes have clips at their thresholds."))
        }
        let names = content.summary.classes.map(\.name)
        let shown = Array(found.classes.indices.prefix(Self.mostClasses))
        // Colours are relative to the largest share: if classes rarely occur together, absolute ones would be too
        // faint.
        var largest = 0.0
        for row in shown {
            for column in shown where row != column { largest = max(largest, found.share(row, column)) }
        }
        var cells: [HeatMap.Cell] = []
        for row in shown {
            for column in shown where row != column && found.clips(row, column) > 0 {
                cells.append(
                    .init(
                        row: row, column: column, share: found.share(row, column) / largest,
                        number: found.clips(row, column)))
            }
        }
        let rows = shown.map { names[found.classes[$0]] }
        let picture = HeatMap(
            label: "Clips in which two classes reach their thresholds", rows: rows, columns: rows, cells: cells
        ).picture()
        var caption =
            "Clips in which both classes reach their thresholds. Colours are their share of the clips with either; the "
            + "darkest is \(HTMLText.percent(largest))"
        if rows.count <= HeatMap.mostNumbers { caption += "; numbers are clips" }
        let all = found.classes.count + found.uncounted
        if all > shown.count {
            caption +=
                ". Shown are the \(shown.count) classes with the most clips, of \(all) with clips at their thresholds"
        }
        let pairs = found.pairs(limit: Self.mostPairs)
        var body = ReportText.figure(picture, caption)
        if found.uncounted > 0 {
            body += ReportText.note(
                "Pairs are counted among the \(found.classes.count) classes with the most clips; "
                    + "\(counted(found.uncounted, "class", "classes")) with clips at the threshold are left out.")
        }
        if pairs.isEmpty {
            body += ReportText.note("No clip reaches the thresholds of two classes.")
        } else {
            body += ReportText.table(
                ["Class", "Together with", "Clips", "Of either"],
                pairs.map { pair in
                    [
                        link(found.classes[pair.first], names), link(found.classes[pair.second], names),
                        "\(pair.clips)", HTMLText.percent(found.share(pair.first, pair.second)),
                    ]
                }, style: "small named")
            if pairs.count == Self.mostPairs { body += ReportText.note("The \(pairs.count) most frequent pairs.") }
        }
        return ReportPage.Section(
            id: "together", title: "Classes together", body: body, figures: [ReportFigure("co-occurrence", picture)])
    }

    private func link(_ index: Int, _ names: [String]) -> String {
        "<a href=\"#class-\(index)\">\(HTMLText.name(names[index]))</a>"
    }
}
