import Evaluation
import Tables

extension Calibration {
    /// `thresholds.csv`: a table of thresholds in the form that `--thresholds` reads, followed by the figures behind each one.
    /// A class
    /// that keeps its default has an empty threshold, and `note` says why.
    ///
    /// `_low` and `_high` are 95 % intervals: Wilson's for precision and recall, bootstrap over clips for the threshold.
    package func csv() -> [UInt8] {
        var out = CSV.row([
            "class", "threshold", "release", "threshold_low", "threshold_high", "precision", "precision_low",
            "precision_high", "recall", "recall_low", "recall_high", "f1", "positives", "negatives", "note",
        ])
        func text(_ value: Double?) -> String { value.map { $0.isFinite ? "\($0)" : "" } ?? "" }
        for row in classes {
            let (found, counts) = (row.threshold, row.threshold?.counts)
            let (p, r) = (counts?.precisionInterval, counts?.recallInterval)
            let numbers: [Double?] = [
                found?.interval?.low, found?.interval?.high, counts?.precision, p?.low, p?.high, counts?.recall, r?.low,
                r?.high, counts?.f1,
            ]
            var fields: [String] = [row.name, text(found?.value), ""]
            fields += numbers.map(text)
            fields += ["\(row.positives)", "\(row.negatives)", row.reason(in: self) ?? ""]
            CSV.append(fields, to: &out)
        }
        return out
    }
}
