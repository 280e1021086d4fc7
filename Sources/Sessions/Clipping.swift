import Pipeline
import Synchronization
import Wording

/// What storing samples as int16 cost in one run: how many of them were beyond full scale and were clipped.
///
/// Where the recording itself was limited, a resampler overshoots, by up to a sixteenth of full scale on ESC-10.
package struct Clipping: Sendable, Equatable {
    /// Samples that were stored as int16.
    package var stored = 0
    /// Samples that were clipped.
    package var samples = 0
    /// Clips with at least one clipped sample.
    package var clips = 0
    /// Name of the stage that stored them, whose setting the message suggests changing.
    package var stage = ""

    /// - Parameters:
    ///   - stored: samples that were stored.
    ///   - samples: how many of these were clipped.
    ///   - clips: clips with at least one clipped sample.
    package init(stored: Int = 0, samples: Int = 0, clips: Int = 0) {
        self.stored = stored
        self.samples = samples
        self.clips = clips
    }

    /// One line for the end of a run.
    ///
    /// - Parameter pipeline: the file of the pipeline, if the command that ran it takes no settings: a copy of it can
    ///   have the other setting.
    package func text(pipeline: String? = nil) -> String {
        let advice =
            pipeline.map { "a copy of \($0) with 'dtype: float32' in stage '\(stage)', used as the pipeline," }
            ?? "--set \(stage).dtype=float32"
        return "int16 raw: \(grouped(samples)) of \(grouped(stored)) samples, in \(counted(clips, "clip")), were "
            + "beyond full scale and were clipped (\(advice) keeps them)"
    }

    /// Adds up what was clipped in committed clips, on any thread.
    final class Counter: Sendable {
        private let sum = Mutex(Clipping())
        /// Indexes of the nodes that store int16.
        private let nodes: Set<Int>

        init(graph: Graph) {
            let found = graph.nodes.filter { $0.parameters["dtype"] == "int16" }
            nodes = Set(found.map(\.index))
            sum.withLock { $0.stage = found.first?.name ?? "" }
        }

        func add(_ outcomes: [Outcome]) {
            sum.withLock { sum in
                for outcome in outcomes {
                    let products = outcome.products.filter { nodes.contains($0.node) }
                    let clipped = products.reduce(0) { $0 + $1.clipped }
                    sum.stored += products.reduce(0) { $0 + $1.rowCount }
                    sum.samples += clipped
                    if clipped > 0 { sum.clips += 1 }
                }
            }
        }

        var total: Clipping { sum.withLock { $0 } }
    }
}
