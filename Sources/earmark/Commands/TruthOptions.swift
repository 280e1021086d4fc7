import ArgumentParser
import Corpora
import Evaluation
import Results

/// The option that maps a truth's labels to the model's classes.
struct LabelMapOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Labels of the truth that the model calls something else: one label,class[,class...] per line.",
            valueName: "csv"), completion: .csv)
    var labelMap: String?

    /// Reads the label map; nil if none is given.
    ///
    /// - Parameters:
    ///   - names: the model's classes.
    ///   - quiet: whether to leave out what was assumed about the map.
    /// - Throws: `FileError` if the map cannot be read, `TableError` or `SettingError` for a fault in it.
    func read(_ names: ClassNames, quiet: Bool = false) throws -> LabelMap? {
        guard let labelMap else { return nil }
        let map = try LabelMap(contentsOf: labelMap, names: names)
        if !quiet { for notice in map.notices { say("earmark: \(TerminalText.plain(notice))") } }
        return map
    }
}

/// The options for the scores at which a clip or a chunk counts as having a class.
struct ThresholdOptions: ParsableArguments {
    @Option(
        help:
            "Score at or above which a clip or a chunk has a class, 0 to 1 (default: the model's own, else 0.5)."
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

    /// Returns the thresholds of all classes.
    ///
    /// - Parameter model: the model whose classes they are for; its recommended thresholds hold where no others are
    ///   given.
    /// - Throws: `FileError` if the table cannot be read, `TableError` for a fault in it.
    func read(_ model: ScoredModel) throws -> ClassThresholds {
        let layer = try thresholds.map { try ThresholdTable(contentsOf: $0, classes: model.names).layer }
        return model.thresholds(given: threshold, table: layer)
    }
}
