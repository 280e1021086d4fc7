import ArgumentParser
import Results

/// Which classes and clips labels and events are asked of, and from which score on.
struct SelectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Score from which on a class counts, 0 to 1 (default: what the model recommends, else 0.5).",
            valueName: "score"))
    var threshold: Double?
    @Option(
        help: ArgumentHelp(
            "A table class,threshold[,release]; other classes keep the default.", valueName: "csv"), completion: .csv)
    var thresholds: String?
    @Option(help: ArgumentHelp("The best so many of each clip, at least 1 (default: all).", valueName: "count"))
    var top: Int?
    @Option(
        name: .customLong("class"), parsing: .singleValue,
        help: ArgumentHelp("Only this class. May be repeated.", valueName: "name"))
    var classes: [String] = []
    @Option(
        name: .customLong("not-class"), parsing: .singleValue,
        help: ArgumentHelp("Not this class. May be repeated.", valueName: "name"))
    var notClasses: [String] = []
    @Option(
        name: .customLong("clip"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only clips whose name or path fits the pattern: * any characters, ? one, [a-z] one of these. May be repeated.",
            valueName: "glob"))
    var clips: [String] = []

    func validate() throws {
        if let threshold { try Self.check("--threshold", threshold) }
        if let top, top < 1 { throw ValidationError("--top is \(top), expected 1 or more") }
    }

    /// - Throws: `ValidationError` for what is no score.
    static func check(_ option: String, _ value: Double) throws {
        guard (0...1).contains(value) else { throw ValidationError("\(option) is \(value), expected 0 to 1") }
    }

    var request: SelectionRequest {
        var request = SelectionRequest()
        request.threshold = threshold
        request.thresholds = thresholds
        request.top = top
        request.only = classes
        request.not = notClasses
        request.clips = clips
        return request
    }
}
