import Pipeline
import Synchronization

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

    package init(stored: Int = 0, samples: Int = 0, clips: Int = 0) {
        self.stored = stored
        self.samples = samples
        self.clips = clips
    }

    /// One line for the end of a run.
    package var text: String {
        "int16 raw: \(Self.grouped(samples)) of \(Self.grouped(stored)) samples, in \(clips) \(clips == 1 ? "clip" : "clips"), were beyond full scale and "
            + "were clipped (raw: dtype: float32 keeps them)"
    }

    /// A number with commas between its thousands.
    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        return text
    }

    /// Adds up what is committed, on whichever thread.
    final class Counter: Sendable {
        private let sum = Mutex(Clipping())
        /// Nodes that store int16, by index.
        private let nodes: Set<Int>

        init(graph: Graph) {
            nodes = Set(graph.nodes.filter { $0.parameters["dtype"] == "int16" }.map(\.index))
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
