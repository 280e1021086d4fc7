import ArgumentParser
import Corpora
import Evaluation
import Results

/// How the labels of a truth become the model's classes.
struct LabelMapOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Labels of the truth that are called otherwise by the model: label,class[,class...] a line.",
            valueName: "csv"), completion: .csv)
    var labelMap: String?

    /// - Parameters:
    ///   - names: the model's classes.
    ///   - quiet: says nothing of what was assumed of the map.
    func read(_ names: ClassNames, quiet: Bool = false) throws -> LabelMap? {
        guard let labelMap else { return nil }
        let map = try LabelMap(contentsOf: labelMap, names: names)
        if !quiet { for notice in map.notices { say("earmark: \(TerminalText.plain(notice))") } }
        return map
    }
}

/// From which scores on a clip or a chunk counts as having a class.
struct ThresholdOptions: ParsableArguments {
    @Option(
        help:
            "Score from which on a clip or a chunk counts as having a class, 0 to 1 (default: the model's own, else 0.5)."
    )
    var threshold: Double?
    @Option(
        help: ArgumentHelp(
            "Thresholds by class, as 'earmark calibrate' writes them; other classes keep the default.",
            valueName: "csv"), completion: .csv)
    var thresholds: String?

    func validate() throws {
        if let threshold, !(0...1).contains(threshold) {
            throw ValidationError("--threshold is \(threshold), expected 0 to 1")
        }
    }

    /// - Parameter model: whose classes they are of, and whose recommendations hold where nothing else is said.
    func read(_ model: ScoredModel) throws -> ClassThresholds {
        let layer = try thresholds.map { try ThresholdTable(contentsOf: $0, classes: model.names).layer }
        return model.thresholds(given: threshold, table: layer)
    }
}
