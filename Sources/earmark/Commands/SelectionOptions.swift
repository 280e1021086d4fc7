import ArgumentParser
import Results

/// The options that choose classes, clips and thresholds for labels and events.
struct SelectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Score at or above which a class counts, 0 to 1 (default: the model's own, else 0.5).",
            valueName: "score"))
    var threshold: Double?
    @Option(
        help: ArgumentHelp(
            "A CSV table class,threshold[,release]; other classes keep the default.", valueName: "csv"),
        completion: .csv)
    var thresholds: String?
    @Option(
        help: ArgumentHelp("Only this many of the best of each clip, at least 1 (default: all).", valueName: "count"))
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
            "Only clips whose name or path matches: * any characters, ? one, [a-z] one of these. May be repeated.",
            valueName: "glob"))
    var clips: [String] = []

    func validate() throws {
        if let threshold { try Self.check("--threshold", threshold) }
        if let top, top < 1 { throw ValidationError("--top is \(top), expected 1 or more") }
    }

    /// Checks that a value is a score.
    ///
    /// - Throws: `ValidationError` if it is not between 0 and 1.
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
