import Pipeline
import Synchronization
import Wording

/// What one run left out of inference because of `chunk.skip-below`.
package struct SkippedCount: Sendable, Equatable {
    /// The levels of the pipeline's chunk stages, in dBFS; empty if none leaves anything out.
    package let levels: [Double]
    package var audio = SkippedAudio()
    /// Clips with at least one chunk that was left out.
    package var clips = 0

    init(graph: Graph) {
        levels = graph.nodes.filter(\.hasCompanion).compactMap { node in
            node.definition.companionKey.flatMap { node.parameters[$0] }.flatMap(Double.init)
        }
    }

    /// A line for the end of a run; nil if the pipeline leaves nothing out.
    ///
    /// - Parameter seconds: writes a duration.
    package func text(_ seconds: (Double) -> String) -> String? {
        if levels.isEmpty { return nil }
        let below = Set(levels).sorted().map { "\($0)" }.joined(separator: " and ")
        return "skipped: \(grouped(audio.chunks)) \(audio.chunks == 1 ? "chunk" : "chunks") below \(below) dBFS, in "
            + "\(counted(clips, "clip")) of this run; \(seconds(audio.seconds)) that no model heard"
    }

    /// Adds up what was left out of committed clips, on any thread.
    final class Counter: Sendable {
        private let sum: Mutex<SkippedCount>

        init(graph: Graph) { sum = Mutex(SkippedCount(graph: graph)) }

        func add(_ outcomes: [Outcome]) {
            sum.withLock { sum in
                for outcome in outcomes {
                    sum.audio += outcome.skipped
                    if outcome.skipped.chunks > 0 { sum.clips += 1 }
                }
            }
        }

        var total: SkippedCount { sum.withLock { $0 } }
    }
}
