import ArgumentParser
import Results

/// The options for finding events in the scores of chunks.
struct EventRuleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Value below which an event ends, at most the threshold (default: half the threshold).", valueName: "score")
    )
    var release: Double?
    @Option(
        help: ArgumentHelp("Events of a class that are closer together than this become one.", valueName: "seconds"))
    var gap = 0.0
    @Option(help: ArgumentHelp("Events shorter than this are left out.", valueName: "seconds")) var least = 0.0

    func validate() throws {
        if let release { try SelectionOptions.check("--release", release) }
        for (option, value) in [("--gap", gap), ("--least", least)] where !(value >= 0 && value.isFinite) {
            throw ValidationError("\(option) is \(value), expected 0 seconds or more")
        }
    }
}
