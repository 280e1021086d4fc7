import Wording

extension SummaryReport {
    /// `report.html`: one self-contained page; names are escaped, and it follows the reader's light or dark setting. `title` is
    /// the page's heading.
    package func html(title: String = "Earmark statistics") -> String {
        var body = "<h1>\(HTMLText.escaped(title))</h1>\n<dl class=\"cards\">\n"
        for card in cards {
            body += "<div><dt>\(card.name)</dt><dd>\(card.value)</dd><dd class=\"note\">\(card.note)</dd></div>\n"
        }
        body += "</dl>\n"
        let notes = [
            coverage?.text, truthCoverage?.text, "thresholds: \(thresholdText)", withoutChunkScores, withoutLength,
            silencedEnd,
        ]
        for line in notes.compactMap(\.self) {
            body += "<p class=\"note\">\(HTMLText.escaped(line))</p>\n"
        }
        let hits = classes.enumerated().sorted {
            ($1.element.clipsAbove, $0.offset) < ($0.element.clipsAbove, $1.offset)
        }
        body += BarChart(
            title: "Clips at or above the threshold",
            note: "clips scored as high as their class's threshold, or higher",
            bars: hits.filter { $0.element.clipsAbove > 0 }.map {
                .init(name: $0.element.name, value: Double($0.element.clipsAbove), text: "\($0.element.clipsAbove)")
            }, full: nil
        ).svg()
        if truth != nil {
            let found = classes.compactMap { row in row.truth.map { (row.name, $0) } }
            let known = found.filter { !$0.1.metrics.averagePrecision.isNaN }
            let best = known.sorted { $0.1.metrics.averagePrecision > $1.1.metrics.averagePrecision }
            body += BarChart(
                title: "Average precision", note: "best class first; the line is the 95 % interval",
                bars: best.map { name, row in
                    .init(
                        name: name, value: row.metrics.averagePrecision,
                        text: HTMLText.number(row.metrics.averagePrecision), interval: row.averagePrecisionInterval)
                }, full: 1
            ).svg()
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(HTMLText.escaped(title))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            \(body)\(table())
            \(originTable())
            </main>
            </body>
            </html>

            """
    }

    private var cards: [(name: String, value: String, note: String)] {
        var cards = [
            ("Clips", "\(clips)", "\(HTMLText.number(hours)) hours"),
            ("Classes", "\(classes.count)", "\(classes.filter { $0.clipsAbove > 0 }.count) reach the threshold"),
        ]
        guard let truth else { return cards }
        cards += [
            (
                "mAP", HTMLText.number(truth.meanAveragePrecision),
                truth.scoredClasses == 0 ? Truth.undefinedMeans : note(truth.meanAveragePrecisionInterval)
            ),
            ("Mean AUC", HTMLText.number(truth.meanAUC), note(truth.meanAUCInterval)),
            ("d′", HTMLText.number(truth.dPrime), note(truth.dPrimeInterval)),
            ("Micro AP", HTMLText.number(truth.microAveragePrecision), "all clips and classes as one ranking"),
            ("lwlrap", HTMLText.number(truth.lwlrap), note(truth.lwlrapInterval)),
        ]
        if truth.singleLabelClips > 0 {
            cards.append(
                (
                    "Top-1", HTMLText.number(truth.topOneAccuracy),
                    "\(truth.singleLabelClips) clips with one label, \(note(truth.topOneAccuracyInterval))"
                ))
        }
        return cards
    }

    /// A note on the clips without chunk scores, which the hours above the thresholds leave out; nil if there are none.
    package var withoutChunkScores: String? {
        clipsWithoutChunkScores == 0
            ? nil
            : "the hours above the thresholds leave out \(counted(clipsWithoutChunkScores, "clip")): the pipeline keeps no "
                + "chunk scores of them, as a cache stage behind 'infer' would"
    }

    /// A note on the clips without a length, which the hours leave out; nil if there are none.
    package var withoutLength: String? {
        clipsWithoutLength == 0
            ? nil
            : "the hours leave out \(counted(clipsWithoutLength, "clip")): the version of Earmark that read them kept no lengths, "
                + "run the pipeline again"
    }

    /// A note on what was assumed about the ends of clips; nil if nothing was.
    package var silencedEnd: String? {
        clipsWithSilencedEnd == 0
            ? nil
            : "the last 20 ms of \(counted(clipsWithSilencedEnd, "clip")) are taken for silence: the cache was made with another "
                + "overlap, and keeps no samples to make those frames of"
    }

    private func note(_ interval: Interval?) -> String {
        interval.map { "95 %: \(HTMLText.number($0.low)) to \(HTMLText.number($0.high))" } ?? "no interval"
    }

    private func table() -> String {
        var heads = ["Class", "Clips", "Hours", "Mean", "Deviation", "5 %", "25 %", "50 %", "75 %", "95 %", "Maximum"]
        if truth != nil { heads += ["Positives", "AP", "AUC", "d′", "Best F1", "at"] }
        heads.append("Threshold")
        if truth != nil { heads += ["Precision", "Recall", "F1"] }
        var text = "<h2>All classes</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
        text += heads.map { "<th scope=\"col\">\($0)</th>" }.joined() + "</tr></thead>\n<tbody>\n"
        for row in classes {
            var values = ([row.hoursAbove, row.mean, row.deviation] + row.quantiles + [row.maximum]).map(
                HTMLText.number)
            if let metrics = row.truth?.metrics {
                values.append("\(metrics.positives)")
                values += [
                    metrics.averagePrecision, metrics.auc, metrics.dPrime, metrics.bestF1,
                    Double(metrics.bestThreshold),
                ].map(HTMLText.number)
            }
            values.append(HTMLText.number(row.threshold))
            if let counts = row.truth?.counts {
                values += [counts.precision, counts.recall, counts.f1].map(HTMLText.number)
            }
            text += "<tr><th scope=\"row\">\(HTMLText.escaped(row.name))</th><td>\(row.clipsAbove)</td>"
            text += values.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
        }
        return text + "</tbody>\n</table></div>"
    }

    private static let style = """

        :root { color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --page: #f6f7f9; --card: #fff;
          --line: #dfe4ea; --bar: #2f7f8f; --mark: #b4532a; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7ecf1; --soft: #9aa8b6; --page: #12171d; --card: #1b222a;
          --line: #2f3943; --bar: #4fb0c0; --mark: #f0a072; } }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.7rem; margin: 0 0 1.2rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .2rem; }
        .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; margin: 0; }
        .cards div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
        .cards dt { color: var(--soft); font-size: .85rem; } .cards dd { margin: 0; font-size: 1.6rem; font-weight: 600; }
        dd.note, p.note { color: var(--soft); font-size: .82rem; font-weight: 400; margin: 0 0 .6rem; }
        svg { display: block; width: 100%; height: auto; background: var(--card); border: 1px solid var(--line);
          border-radius: .6rem; } svg text { fill: var(--ink); font-size: 12px; } svg .value { fill: var(--soft); }
        svg rect { fill: var(--bar); } svg line { stroke: var(--mark); stroke-width: 2; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; width: 100%; }
        th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th:first-child { text-align: left; } thead th { color: var(--soft); font-weight: 600; }
        .made td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
        tbody th { font-weight: 500; } tbody tr:hover { background: var(--card); } td { font-variant-numeric: tabular-nums; }

        """
}
