/// One run of a pipeline.
package struct RunRecord: Sendable, Equatable {
    /// How a run ended.
    package enum Ending: Sendable, Equatable {
        case complete
        case interrupted
        /// With what the system said.
        case outOfSpace(String)
        /// With the fault's own words.
        case fault(String)

        private static let (space, fault) = ("out of space", "stopped by a fault")

        /// As the ledger keeps it, and as `status` names it: `complete`, or `stopped by a fault: WORDS`.
        package var text: String {
            switch self {
            case .complete: "complete"
            case .interrupted: "interrupted"
            case .outOfSpace(let words): "\(Self.space): \(words)"
            case .fault(let words): words.isEmpty ? Self.fault : "\(Self.fault): \(words)"
            }
        }

        /// What the ledger has; a text of no known form is a fault in its own words.
        package init(text: String) {
            func words(after name: String) -> String? {
                text.hasPrefix(name) ? String(text.dropFirst(name.count).drop { $0 == ":" || $0 == " " }) : nil
            }
            switch text {
            case "complete": self = .complete
            case "interrupted": self = .interrupted
            default:
                self = words(after: Self.space).map(Ending.outOfSpace) ?? .fault(words(after: Self.fault) ?? text)
            }
        }
    }

    package let id: Int64
    package let pipeline: String
    /// Seconds since 1970.
    package let started: Double
    /// nil while it runs, or where it was killed.
    package let finished: Double?
    /// Worker threads that it was started with.
    package let workers: Int64
    /// An `Ending` as text; nil while it runs, or where it was killed.
    package let outcome: String?
    /// Clips done and failed in this run; 0 while it runs.
    package let done: Int64
    package let failed: Int64
    /// Seconds of audio that went through; nil where it is not known, as of a run that was killed.
    package let audio: Double?
    /// What was done with the clips, as a fingerprint: runs of one work can be held against one another. nil where not all
    /// clips had the same done.
    package let work: String?

    /// How it ended; nil while it runs, and where the process was killed.
    package var ending: Ending? { outcome.map(Ending.init(text:)) }
}
