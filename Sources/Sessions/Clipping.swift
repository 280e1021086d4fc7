import Pipeline
import Synchronization
import Wording

/// What int16 cost the samples of one run: of those that it stored, how many were beyond full scale and clipped.
///
/// A resampler overshoots where the recording itself was limited: by up to a sixteenth of full scale on ESC-10.
package struct Clipping: Sendable, Equatable {
    /// Samples that were stored as int16.
    package var stored = 0
    /// Those of them that were clipped.
    package var samples = 0
    /// Clips that have one.
    package var clips = 0
    /// The stage that the rows came from, for what to change.
    package var stage = ""

    /// - Parameters:
    ///   - stored: samples that were stored.
    ///   - samples: those of them that were clipped.
    ///   - clips: clips that have such samples.
    package init(stored: Int = 0, samples: Int = 0, clips: Int = 0) {
        self.stored = stored
        self.samples = samples
        self.clips = clips
    }

    /// One line for the end of a run.
    package var text: String {
        "int16 raw: \(grouped(samples)) of \(grouped(stored)) samples, in \(counted(clips, "clip")), were beyond full scale and "
            + "were clipped (--set \(stage).dtype=float32 keeps them)"
    }

    /// Adds up what is committed, on whichever thread.
    final class Counter: Sendable {
        private let sum = Mutex(Clipping())
        /// Nodes that store int16, by index.
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
