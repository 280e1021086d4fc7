import Tables

extension SummaryReport {
    /// `classes.csv`: a header and one row per class. A value that is not defined is an empty field.
    ///
    /// `clips_above` counts clips at or above `threshold`, and `hours_above` is the time that such chunks cover; `deviation` is
    /// that of the population; the columns `positives` to `best_threshold` and those after `threshold` are there only with the
    /// truth, `_low` and `_high` being 95 % intervals; `precision`, `recall` and `f1` are those at `threshold`. A class name
    /// that a spreadsheet would take for a formula gets a leading apostrophe.
    package func csv() -> String {
        var header = [
            "class", "clips_above", "hours_above", "mean", "deviation", "q05", "q25", "q50", "q75", "q95", "maximum",
        ]
        if truth != nil {
            header += [
                "positives", "ap", "ap_low", "ap_high", "auc", "auc_low", "auc_high", "d_prime", "best_f1",
                "best_threshold", "threshold", "precision", "recall", "f1",
            ]
        } else {
            header.append("threshold")
        }
        var text = header.joined(separator: ",") + "\n"
        for row in classes {
            var fields = [Self.csvName(row.name), "\(row.clipsAbove)"]
            fields += ([row.hoursAbove, row.mean, row.deviation] + row.quantiles + [row.maximum]).map(Self.csvNumber)
            if let found = row.truth {
                let metrics = found.metrics
                let (ap, auc) = (found.averagePrecisionInterval, found.aucInterval)
                fields.append("\(metrics.positives)")
                fields += [
                    metrics.averagePrecision, ap?.low ?? .nan, ap?.high ?? .nan, metrics.auc, auc?.low ?? .nan,
                    auc?.high ?? .nan, metrics.dPrime, metrics.bestF1,
                ].map(Self.csvNumber)
                fields.append(metrics.bestThreshold.isNaN ? "" : "\(metrics.bestThreshold)")
            }
            fields.append("\(row.threshold)")
            if let counts = row.truth?.counts {
                fields += [counts.precision, counts.recall, counts.f1].map(Self.csvNumber)
            }
            text += fields.joined(separator: ",") + "\n"
        }
        return text
    }

    private static func csvNumber(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }

    private static func csvName(_ name: String) -> String {
        let name = CSV.safeField(name)
        let special = name.unicodeScalars.contains { "\",\n\r".unicodeScalars.contains($0) }
        if !special { return name }
        return "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
