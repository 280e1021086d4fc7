/// One run of a pipeline.
package struct RunRecord: Sendable, Equatable {
    /// How a run ended.
    package enum Ending: Sendable, Equatable {
        case complete
        case interrupted
        /// The disk was full; with the error's message.
        case outOfSpace(String)
        /// Another error ended the run; with its message.
        case fault(String)

        private static let (space, fault) = ("out of space", "stopped by a fault")

        /// The ending as the ledger stores it and `status` shows it: `complete`, or `stopped by a fault: WORDS`.
        package var text: String {
            switch self {
            case .complete: "complete"
            case .interrupted: "interrupted"
            case .outOfSpace(let words): "\(Self.space): \(words)"
            case .fault(let words): words.isEmpty ? Self.fault : "\(Self.fault): \(words)"
            }
        }

        /// Reads the ledger's text; a text in no known form becomes a fault with that text as its message.
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
    /// When the run began, in seconds since 1970.
    package let started: Double
    /// When the run ended, in seconds since 1970; nil while it is running, or if it was killed.
    package let finished: Double?
    /// Number of worker threads that it was started with.
    package let workers: Int64
    /// An `Ending` as text; nil while the run is going on, or if it was killed.
    package let outcome: String?
    /// Clips done and clips failed in this run; 0 until it ends.
    package let done: Int64
    package let failed: Int64
    /// Seconds of audio processed; nil if unknown, as for a run that was killed.
    package let audio: Double?
    /// Fingerprint of what was done with the clips: the speeds of runs with the same fingerprint can be compared. nil
    /// if not all clips were processed in the same way.
    package let work: String?

    /// What stands as `work` for a merge of parts, before the number of parts and the plan's tag. Nothing else begins like
    /// this: fingerprints are hexadecimal.
    private static let merge = "merge of "

    /// The `work` of a merge.
    static func work(ofMerge parts: Int, plan: String) -> String { "\(merge)\(parts) \(plan)" }

    /// From how many parts the results come, if this stands for all their runs together; nil for a run of its own.
    package var mergedParts: Int? {
        guard let work, work.hasPrefix(Self.merge) else { return nil }
        return work.dropFirst(Self.merge.count).split(separator: " ").first.flatMap { Int($0) }
    }

    /// How it ended; nil while it is running, or if it was killed.
    package var ending: Ending? { outcome.map(Ending.init(text:)) }
}
