import ArgumentParser

/// What does not go together with a table of events.
enum EventTableOptions {
    /// Checks that no option is given that finds events.
    ///
    /// - Throws: `ValidationError` naming one that is.
    static func check(_ selection: SelectionOptions, _ rule: EventRuleOptions) throws {
        let given: [(String, Bool)] = [
            ("--threshold", selection.threshold != nil), ("--thresholds", selection.thresholds != nil),
            ("--top", selection.top != nil), ("--release", rule.release != nil), ("--gap", rule.gap != 0),
            ("--least", rule.least != 0),
        ]
        if let (option, _) = given.first(where: \.1) {
            throw ValidationError("\(option) finds events, which --events has already: give one of the two")
        }
    }
}
