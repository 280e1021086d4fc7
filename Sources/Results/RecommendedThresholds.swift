import Corpora
import Evaluation
import Tables

extension ScoredModel {
    /// The thresholds that the model's file recommends, as a table; nil where it recommends none.
    package var recommended: ThresholdTable? {
        thresholds.isEmpty
            ? nil
            : ThresholdTable(
                file: ClassThresholds.modelsOwn,
                entries: names.names.compactMap { name in
                    thresholds[name].map { ThresholdTable.Entry(label: name, threshold: $0) }
                })
    }
}

extension ThresholdTable {
    /// Its thresholds by class, with the table's name.
    package var layer: ClassThresholds.Layer {
        let pairs = entries.compactMap { entry in entry.threshold.map { (entry.label, $0) } }
        return ClassThresholds.Layer(origin: file, values: Dictionary(pairs) { first, _ in first })
    }

    /// The table as CSV, `class,threshold` with a row for each entry.
    var text: [UInt8] {
        entries.reduce(into: CSV.row(["class", "threshold"])) { text, entry in
            text += CSV.row([entry.label, entry.threshold.map { "\($0)" } ?? ""])
        }
    }
}
